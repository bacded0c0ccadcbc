/**
 * Whole doors in one real Envoy: every gateway and every sidecar of a mesh is a listener there, each
 * dialling the next as the mesh has it, over mutual TLS between sidecars. Authorizers answer what they
 * are told beforehand; workloads say their name.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  boundAt,
  type Certificate,
  type Emitted,
  emitProxy,
  type MeshIdentity,
  type TlsMaterial,
  type Upstream,
} from '../../src/envoy-config/index.ts'
import type { Mesh, Workload } from '../../src/mesh/index.ts'
import {
  type CheckAnswer,
  type Door,
  type EngineOptions,
  type HeaderList,
  injectionOf,
  nextHop,
  type ProxyIdentity,
  sidecarOf,
} from '../../src/policy/index.ts'
import { dial, requestText } from '../world/client.ts'
import { startWorld } from '../world/world.ts'
import { type RunningEnvoy, runEnvoy } from './run-envoy.ts'
import { meshAuthority, type SpiffeCertificate } from './spiffe.ts'

export interface Standing {
  readonly mesh: Mesh
  readonly door: Door
  readonly engine: EngineOptions
  /** For a writer that reads the objects themselves. */
  readonly yaml?: string
}

/** A proxy's surroundings, for whoever writes its configuration. */
export interface WholeSite {
  /** Where each of its ports is really opened. */
  readonly at: ReadonlyMap<number, Place>
  readonly upstream: (service: { readonly host: string; readonly port: number }) => Upstream | 'none'
  /** Where its own workload listens; undefined = a gateway. */
  readonly own?: Upstream
  readonly authorizer: Place
  readonly tls: TlsMaterial
  readonly identity: MeshIdentity
  readonly rename: (name: string) => string
}

/** Who writes what the proxies of a door run. */
export interface WholeWriter {
  /** Proxies are redirected to: they open the mesh's own ports, and policies see those. */
  readonly exactPorts: boolean
  write(standing: Standing, proxy: ProxyIdentity, site: WholeSite): Promise<Emitted>
}

export const byOurs: WholeWriter = {
  exactPorts: false,
  write: async ({ mesh, engine }, proxy, { at, upstream, own, authorizer, tls, rename }) =>
    emitProxy(mesh, proxy, {
      engine,
      bindings: boundAt(new Map(at), rename),
      upstream: own === undefined ? upstream : () => own,
      provider: ({ protocol }) => (protocol === 'grpc' ? undefined : authorizer),
      tls,
      rename,
    }),
}

export interface Sent {
  readonly scheme: 'http' | 'https'
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly sni?: string
  readonly sourceIp?: string
}

export type Got =
  | { readonly error: string }
  | {
      readonly status: number
      readonly body: string
      /** What the workload was sent, lower case and sorted; none where nobody was reached. */
      readonly upstreamHeaders?: HeaderList
    }

/** Real programs in the places of those that answer what they are told. */
export interface RealParts {
  /** The port of the auth service every provider means; answers told beforehand are not used then. */
  readonly authorizer?: number
  /** The port of a workload's own server; undefined = it says its name. */
  readonly workload?: (workload: Workload) => number | undefined
}

export interface WholeDoor {
  /** Where a port of a proxy is open. */
  at(proxy: ProxyIdentity, port: number): Place | undefined
  /** Why Envoy has no such listener, where it has none. */
  refusal(proxy: ProxyIdentity, port: number): string | undefined
  /** `answers` are what authorizers say, one after the other. */
  ask(proxy: ProxyIdentity, port: number, sent: Sent, answers: readonly CheckAnswer[]): Promise<Got>
}

type Json = Emitted['listeners'][number]
export interface Place {
  readonly address: string
  readonly port: number
}

const spiffe = (namespace: string, account: string) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`
/** Reached by nobody: a check that was not expected shows as this status. */
const unasked = 418

export interface WholeOptions extends RealParts {
  readonly writer?: WholeWriter
  /** What a Gateway's Secret holds; undefined = a certificate nobody outside knows. */
  readonly certificate?: (namespace: string, name: string) => Certificate | undefined
  /** What authorizers say to whom nothing was told beforehand. */
  readonly answer?: (request: IncomingMessage) => CheckAnswer
}

/** Of all doors of this process: two that stand at once share no address. */
let places = 0

/** @throws where Envoy does not start */
export async function startWholeDoors(
  doors: readonly Standing[],
  { writer = byOurs, answer, certificate, ...parts }: WholeOptions = {},
): Promise<{ readonly doors: readonly WholeDoor[]; close(): Promise<void> }> {
  const authority = await meshAuthority()
  const issued = new Map<string, SpiffeCertificate>()
  const identityOf = async (
    proxy: Pick<ProxyIdentity, 'namespace' | 'serviceAccount'>,
  ): Promise<MeshIdentity> => {
    const uri = spiffe(proxy.namespace, proxy.serviceAccount || 'default')
    const known = issued.get(uri) ?? (await authority.issue(uri))
    issued.set(uri, known)
    return { chain: { text: known.cert }, key: { text: known.key }, authority: { text: authority.cert } }
  }
  const server = await identityOf({ namespace: 'istio-system', serviceAccount: 'server' })
  const world = startWorld()
  const authorizer = await startAuthorizer(answer)
  const listeners: Json[] = []
  const clusters: Json[] = []
  const problems = new Map<string, string>()
  const place = (port: number): Place => {
    places++
    // Of this process alone: another run listens elsewhere. Policies tell a proxy's ports apart.
    const address = `127.${160 + (process.pid & 63)}.${places >> 7}.${(places & 127) + 1}`
    return { address, port: writer.exactPorts ? port : 21_000 + places }
  }
  const built: { readonly gateways: Map<ProxyIdentity, Map<number, Place>>; readonly number: number }[] = []
  for (const [number, standing] of doors.entries()) {
    const { mesh, door } = standing
    const echoes = new Map<Workload, number>()
    for (const workload of mesh.workloads) {
      const own = parts.workload?.(workload)
      echoes.set(workload, own ?? (await world.echo(`${workload.namespace}/${workload.name}`)))
    }
    const sidecars = sidecarPorts(mesh, door, place)
    const gateways = new Map<ProxyIdentity, Map<number, Place>>()
    for (const proxy of door.gateways) {
      const ports = door.listeners(proxy).listeners.map(({ port }) => [port, place(port)] as const)
      gateways.set(proxy, new Map(ports))
    }
    const authorities = new Map<Workload, MeshIdentity>()
    for (const workload of mesh.workloads) authorities.set(workload, await identityOf(workload))
    const upstreamOf =
      (identity: MeshIdentity) =>
      ({ host, port }: { readonly host: string; readonly port: number }): Upstream | 'none' => {
        const next = nextHop(door, { destination: { host, port } }, 1, false)
        switch (next.kind) {
          case 'sidecar': {
            const { workload, port: target } = next.backend
            const to = sidecars.get(workload)?.get(target)
            if (to === undefined) return 'none'
            // istiod has callers speak plain text to a port that takes nothing else.
            if (!door.takesMutual(sidecarOf(workload), target)) return to
            const principals = [spiffe(workload.namespace, workload.serviceAccount || 'default')]
            return { ...to, mutual: { identity, principals } }
          }
          case 'gateway':
            return gateways.get(next.proxy)?.get(next.port) ?? 'none'
          case 'end': {
            const echo = next.workload && echoes.get(next.workload)
            return echo === undefined ? 'none' : { address: '127.0.0.1', port: echo }
          }
          case 'unknown':
            return 'none'
        }
      }
    const tls = (identity: MeshIdentity) => ({
      certificate: (namespace: string, name: string) =>
        certificate?.(namespace, name) ?? { chain: server.chain, key: server.key },
      authority: () => server.authority,
      mesh: identity,
    })
    const emit = async (
      name: string,
      proxy: ProxyIdentity,
      identity: MeshIdentity,
      at: ReadonlyMap<number, Place>,
      echo?: number,
    ) => {
      const emitted = await writer.write(standing, proxy, {
        at,
        upstream: upstreamOf(identity),
        ...(echo !== undefined && { own: { address: '127.0.0.1', port: echo } }),
        authorizer: { address: '127.0.0.1', port: parts.authorizer ?? authorizer.port },
        tls: tls(identity),
        identity,
        rename: (each) => `d${number}|${name}|${each}`,
      })
      const [problem] = emitted.problems.filter(({ severity }) => severity === 'error')
      if (problem !== undefined) {
        problems.set(`d${number}|${name}`, problem.message)
        return
      }
      listeners.push(...emitted.listeners)
      clusters.push(...emitted.clusters)
    }
    for (const [workload, ports] of sidecars) {
      const identity = authorities.get(workload) as MeshIdentity
      await emit(
        `${workload.namespace}/${workload.name}`,
        sidecarOf(workload),
        identity,
        ports,
        echoes.get(workload),
      )
    }
    for (const [index, [proxy, ports]] of [...gateways].entries()) {
      await emit(`gateway-${index}`, proxy, await identityOf(proxy), ports)
    }
    built.push({ gateways, number })
  }
  const running: { close(): Promise<void> }[] = [world, authorizer]
  const close = async () => {
    for (const each of running.reverse()) await each.close()
  }
  let envoy: RunningEnvoy
  try {
    envoy = await runEnvoy(listeners, clusters)
    running.push(envoy)
  } catch (error) {
    await close()
    throw error
  }
  return {
    close,
    doors: built.map(({ gateways, number }): WholeDoor => {
      const placeOf = (proxy: ProxyIdentity, port: number) => gateways.get(proxy)?.get(port)
      return {
        at: placeOf,
        refusal(proxy, port) {
          const index = [...gateways.keys()].indexOf(proxy)
          const problem = problems.get(`d${number}|gateway-${index}`)
          if (problem !== undefined) return problem
          const refused = [...envoy.refused].find(([name]) => name.startsWith(`d${number}|`))
          if (refused !== undefined) return refused.join(': ')
          return placeOf(proxy, port) === undefined ? 'no listener' : undefined
        },
        async ask(proxy, port, sent, answers) {
          authorizer.tell(answers)
          world.take()
          const where = placeOf(proxy, port) as Place
          const { scheme, sni, sourceIp = '127.0.0.5' } = sent
          const connection = await dial({
            ...where,
            sourceIp,
            ...(scheme === 'https' && { tls: { servername: sni ?? '', alpn: ['http/1.1'] } }),
          })
          if ('error' in connection) return connection
          const answer = await connection.ask(requestText({ ...sent, port: 0 }), sent.method)
          connection.close()
          if ('error' in answer) return answer
          const [saw] = world.take().seen
          // HEAD has no body: who was reached is told by who saw it.
          if (saw === undefined) return { status: answer.status, body: answer.body }
          return { status: answer.status, body: `echo ${saw.service}`, upstreamHeaders: saw.headers }
        },
      }
    }),
  }
}

/** Where each sidecar listens, by the port its workload is called at. */
function sidecarPorts(
  mesh: Mesh,
  door: Door,
  place: (port: number) => Place,
): ReadonlyMap<Workload, Map<number, Place>> {
  const found = new Map<Workload, Map<number, Place>>()
  for (const service of mesh.services) {
    for (const { port } of service.ports) {
      const host = `${service.name}.${service.namespace}.svc.cluster.local`
      const next = nextHop(door, { destination: { host, port } }, 1, false)
      if (next.kind !== 'sidecar' || injectionOf(mesh, next.backend.workload) !== 'sidecar') continue
      const ports = found.get(next.backend.workload) ?? new Map<number, Place>()
      found.set(next.backend.workload, ports)
      if (!ports.has(next.backend.port)) ports.set(next.backend.port, place(next.backend.port))
    }
  }
  return found
}

async function startAuthorizer(usual: WholeOptions['answer']) {
  let answers: CheckAnswer[] = []
  const server: Server = createServer((request, response) => {
    const answer = answers.shift() ?? usual?.(request)
    response.statusCode = answer?.status || unasked
    for (const [name, value] of answer?.headers ?? []) response.appendHeader(name, value)
    response.end(answer?.body ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    tell: (list: readonly CheckAnswer[]) => {
      answers = [...list]
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
