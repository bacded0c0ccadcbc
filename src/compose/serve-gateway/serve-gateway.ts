import { type Clock, Fault, type Problem, renderProblem } from '../../base/index.ts'
import {
  type DoorPort,
  type ListenerSpec,
  openAuthorizers,
  type RunningGateway,
  startGateway,
  type Upstream,
  type UpstreamTarget,
} from '../../gateway/index.ts'
import { createVerifier } from '../../identity/index.ts'
import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, type Door, type HeaderList, type ProxyIdentity } from '../../policy/index.ts'
import { identityHeaders } from '../identity-headers.ts'
import { readInputs } from '../read-inputs.ts'
import { soundMesh } from '../up-inputs.ts'
import { decisionLine } from '../up-notes.ts'
import { watchPaths } from '../watch.ts'
import { gatewayPlans, sidecarPlans, TlsServers } from './connections.ts'
import { type FetchedKeys, fetchedKeys } from './keys.ts'
import type { GatewayReadyLine, ServeGatewayOptions } from './options.ts'
import { materialOf, placeOf, principalIn, type Secrets, secretsOf } from './secrets.ts'
import { Upstreams } from './upstreams.ts'
import { type ServedProxy, servedProxy } from './workload.ts'

/** What `serve gateway` needs of the outside. */
export interface ServeGatewayPorts {
  readonly readStdin: () => Promise<string>
  /** One line of talk. */
  readonly say: (line: string) => void
  readonly clock?: Clock
  /** Where a cluster is, before the options are looked at. */
  readonly upstream?: (target: UpstreamTarget) => Upstream | undefined
}

export interface RunningDataPlane {
  readonly ready: GatewayReadyLine
  /** Lets what runs end for so long, then cuts it off. */
  close(drainMs?: number): Promise<void>
}

/** How often keys are asked for again. Milliseconds. */
const refreshMs = 60_000

/**
 * Runs the data plane of one proxy: its listeners, its policies, nothing behind it.
 *
 * @throws Fault for everything a person can mend: unreadable or broken YAML, a workload that is not
 *   there, no Gateway that selects it, a busy port
 */
export async function serveGateway(
  options: ServeGatewayOptions,
  ports: ServeGatewayPorts,
): Promise<RunningDataPlane> {
  const clock = ports.clock ?? Date.now
  const warn = (problem: Problem) => ports.say(`kfdoor: warning: ${renderProblem(problem)}`)
  const read = async () => readInputs(options.files, ports.readStdin, { tls: true, demo: true })
  const mesh = soundMesh(await read(), warn)
  const upstreams = new Upstreams(options)
  const authorizers = openAuthorizers(clock)
  const keys = fetchedKeys(options.jwks, upstreams)
  const servers = new TlsServers(options.ticketKeys)
  await keys.refresh(mesh)
  for (const uri of keys.missing)
    ports.say(`kfdoor: warning: no keys from ${uri}; its issuer's tokens are refused`)

  const context = { options, ports, upstreams, authorizers, keys, servers }
  let current = build(mesh, context)
  for (const lack of current.unserved) ports.say(`kfdoor: warning: ${lack}`)
  const specs = listenersOf(current, options)
  for (const line of specs.unheard) ports.say(`kfdoor: warning: ${line}`)
  const gateway = await startGateway({
    listeners: specs.listeners,
    door: current.port,
    hardening: options.hardening,
    trustedHops: mesh.meshConfig.numTrustedProxies,
    clock,
    ...(options.accessLog && { log: (entry) => options.accessLog?.(decisionLine(entry)) }),
  })

  const renew = () => gateway.replace({ door: build(current.mesh, context).port })
  const timer = setInterval(() => {
    void keys.refresh(current.mesh).then((changed) => changed && renew())
  }, refreshMs)
  timer.unref()

  const reload = async () => {
    try {
      const next = soundMesh(await read(), () => {})
      await keys.refresh(next)
      const built = build(next, context)
      const wanted = listenersOf(built, options)
      current = built
      gateway.replace({ door: built.port })
      await gateway.listen(wanted.listeners)
      for (const line of [...built.unserved, ...wanted.unheard]) ports.say(`kfdoor: warning: ${line}`)
      ports.say('kfdoor: the gateway runs with the changed YAML')
    } catch (error) {
      const said = error instanceof Fault ? `${error.number}: ${error.message}` : String(error)
      ports.say(`kfdoor: the change was not taken, the last good door stays: ${said}`)
    }
  }
  const watched = options.files.filter((path) => path !== '-' && !path.startsWith('profile:'))
  const watcher = watchPaths(watched, () => void reload())

  return {
    get ready() {
      return readyLine(gateway)
    },
    async close(drainMs) {
      clearInterval(timer)
      watcher.close()
      await gateway.close(drainMs)
      await authorizers.close()
    },
  }
}

interface Surroundings {
  readonly options: ServeGatewayOptions
  readonly ports: ServeGatewayPorts
  readonly upstreams: Upstreams
  readonly authorizers: ReturnType<typeof openAuthorizers>
  readonly keys: FetchedKeys
  readonly servers: TlsServers
}

interface Built {
  readonly mesh: Mesh
  readonly door: Door
  readonly served: ServedProxy
  readonly port: DoorPort
  readonly unserved: readonly string[]
}

/** One mesh, ready to be served. */
function build(mesh: Mesh, around: Surroundings): Built {
  const { options, ports, upstreams, authorizers, keys, servers } = around
  const secrets = secretsOf(mesh, options.secrets)
  const own = options.meshIdentity && principalIn(options.meshIdentity.certPem)
  const door = compileDoor(mesh, {
    fetched: keys.text,
    ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion }),
    ...(own !== undefined && { workloadPrincipal: own }),
    certificatePrincipal: (namespace, name) => certificateOf(secrets, namespace, name),
  })
  const served = servedProxy(door, options.workload)
  const { proxy } = served
  const plans =
    proxy.kind === 'gateway'
      ? gatewayPlans(door, proxy, secrets, servers, options)
      : sidecarPlans(door, proxy, servers, options)
  return {
    mesh,
    door,
    served,
    unserved: plans.unserved,
    port: {
      ...verifying(door, proxy),
      decide: (request, context) => door.decide(proxy, request, { ...context, trace: false }),
      ask: (check, signal, body) => {
        const url = options.providers[check.provider] ?? upstreams.url(check.service)
        if (url === undefined) return Promise.resolve({ status: 0, headers: [], failure: 'reset' })
        return authorizers.ask(url, check, signal, body)
      },
      upstream: (target) => ports.upstream?.(target) ?? upstreams.of(target),
      plan: (_listener, arrival) => plans.plan(arrival),
      secure: ({ targetPort }) =>
        proxy.kind === 'gateway' &&
        door
          .listeners(proxy)
          .listeners.some(({ port, chains }) => port === targetPort && chains.some(({ tls }) => tls)),
      identityHeaders: identityHeaders(mesh),
    },
  }
}

function certificateOf(secrets: Secrets, namespace: string, name: string): string | undefined {
  const material = materialOf(secrets.get(...placeOf(name, namespace)))
  return material && principalIn(material.certPem)
}

/** Every signature one proxy may ask about, checked before it asks. */
function verifying(door: Door, proxy: ProxyIdentity): Pick<DoorPort, 'verify'> {
  const verifier = createVerifier(door.keys(proxy).map(({ id, jwk }) => ({ id, jwk: jwk as JsonWebKey })))
  return {
    verify(request, answers) {
      let tokens = door.tokensIn(request, proxy)
      for (const { headers, grpc } of answers) {
        const given = [...headers, ...grpcHeaders(grpc)]
        if (given.length > 0) tokens = [...tokens, ...door.tokensIn({ headers: given, path: '/' }, proxy)]
      }
      if (tokens.every((token) => verifier.knows(token))) return verifier.verified
      return verifier.prepare(tokens).then(() => verifier.verified)
    },
  }
}

/** Headers a CheckResponse sets on the request. */
function grpcHeaders(grpc: unknown): HeaderList {
  const { ok } = (grpc ?? {}) as { ok?: { headers?: HeaderList } }
  return ok?.headers ?? []
}

/** What is opened, and what was asked for in vain. */
function listenersOf(
  { door, served, mesh }: Built,
  { listen, proxyProtocol }: ServeGatewayOptions,
): { readonly listeners: readonly ListenerSpec[]; readonly unheard: readonly string[] } {
  const specOf = (targetPort: number, address: string, port: number): ListenerSpec => ({
    gateway: served.name,
    address,
    port,
    meshPort: meshPort(mesh, served.proxy, targetPort),
    targetPort,
    flag: `--listen ${targetPort}=${address}:`,
    ...(proxyProtocol && { proxyProtocol }),
  })
  if (served.proxy.kind === 'sidecar') {
    if (listen.length === 0) {
      throw new Fault('ERR_USAGE', {
        message: `which ports of ${served.name} shall be served?`,
        next: 'say `--listen PORT=127.0.0.1:0` for each container port',
      })
    }
    return { listeners: listen.map((each) => specOf(each.targetPort, each.address, each.port)), unheard: [] }
  }
  const { listeners } = door.listeners(served.proxy)
  const own = [...new Set(listeners.map(({ port }) => port))]
  if (own.length === 0 && !selectsAny(mesh, door, served.proxy)) {
    throw new Fault('ERR_NO_GATEWAY', { where: `the YAML for ${served.name}` })
  }
  if (listen.length === 0)
    return { listeners: own.map((port) => specOf(port, '127.0.0.1', port)), unheard: [] }
  const has = own.length === 0 ? 'none' : own.join(', ')
  return {
    listeners: listen
      .filter(({ targetPort }) => own.includes(targetPort))
      .map((each) => specOf(each.targetPort, each.address, each.port)),
    unheard: listen
      .filter(({ targetPort }) => !own.includes(targetPort))
      .map(({ targetPort }) => `no Gateway opens port ${targetPort} of ${served.name} (it has ${has})`),
  }
}

/** Whether there is a Gateway for this proxy at all, though none of its servers may be of use. */
function selectsAny(mesh: Mesh, door: Door, proxy: ProxyIdentity): boolean {
  const { skipped } = door.listeners(proxy)
  if (skipped.length > 0) return true
  return mesh.gateways.some(({ selector = {} }) =>
    Object.entries(selector).every(([key, value]) => proxy.labels[key] === value),
  )
}

/** The Service's port in front of a container port: 80 for 8080. */
function meshPort(mesh: Mesh, proxy: ProxyIdentity, targetPort: number): number {
  for (const service of mesh.services) {
    if (service.namespace !== proxy.namespace || service.selector === undefined) continue
    const selector = Object.entries(service.selector)
    if (selector.length === 0 || !selector.every(([key, value]) => proxy.labels[key] === value)) continue
    const port = service.ports.find((each) => (each.targetPort ?? each.port) === targetPort)
    if (port) return port.port
  }
  return targetPort
}

function readyLine(gateway: RunningGateway): GatewayReadyLine {
  return {
    ready: true,
    pid: process.pid,
    listeners: gateway.listeners.map(({ gateway: name, targetPort, address, port, url }) => ({
      gateway: name,
      targetPort,
      address,
      port,
      url,
    })),
  }
}
