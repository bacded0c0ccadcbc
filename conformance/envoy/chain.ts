/**
 * The sidecar hop with real parts: one Envoy stands for the gateways, a second one for the sidecars,
 * and the first dials the second over mutual TLS with SPIFFE certificates, as a mesh has it.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import {
  boundAt,
  type Emitted,
  emitProxy,
  type MeshIdentity,
  type Upstream,
} from '../../src/envoy-config/index.ts'
import { type Mesh, parseMesh, type Workload } from '../../src/mesh/index.ts'
import {
  compileDoor,
  type Door,
  type HeaderList,
  injectionOf,
  nextHop,
  type ProxyIdentity,
  sidecarOf,
} from '../../src/policy/index.ts'
import { dial, requestText } from '../world/client.ts'
import { sortedHeaders } from '../world/http1.ts'
import { startWorld, type World } from '../world/world.ts'
import { materialOf } from './material.ts'
import { runEnvoy } from './run-envoy.ts'
import { meshAuthority, type SpiffeCertificate } from './spiffe.ts'

/**
 * Who sends a request: the `gateway` passes it on, `ns/account` of the mesh dials the sidecar itself,
 * the others do too and have nothing, or nothing good, to show.
 */
export type Caller =
  | 'gateway'
  | 'plain text'
  | 'no certificate'
  | 'foreign certificate'
  | `${string}/${string}`

export interface ChainRequest {
  readonly caller: Caller
  readonly method: string
  readonly path: string
  readonly headers: HeaderList
  /** undefined = 127.0.0.5. For 127.0.0.1 itself Envoy tells an address of the machine instead. */
  readonly sourceIp?: string
}

/** What the caller got and what the workload saw; the same of Envoys and engine. */
export type ChainOutcome =
  | { readonly error: string }
  | {
      readonly status: number
      readonly body: string
      readonly type?: string
      readonly saw?: {
        readonly workload: string
        readonly method: string
        readonly path: string
        readonly host: string
        readonly headers: HeaderList
      }
    }

export interface Chain {
  readonly door: Door
  ask(request: ChainRequest): Promise<ChainOutcome>
}

const engine = { istioVersion: '1.31.0' }
export const gatewayPort = 8080
export const someClient = '127.0.0.5'
export const publicHost = 'shop.example.com'
/** Who dials a sidecar itself means this workload. */
export const directly = {
  host: 'web.team-a.svc.cluster.local',
  port: 80,
  alpn: ['istio-http/1.1', 'istio', 'http/1.1'],
}

const spiffe = (namespace: string, account: string) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`

/** Chains for these meshes, each with listeners and names of its own in the same two Envoys. */
export async function startChains(
  meshes: readonly string[],
): Promise<{ chains: readonly Chain[]; close(): Promise<void> }> {
  const [authority, foreign] = [await meshAuthority(), await meshAuthority()]
  const issued = new Map<string, SpiffeCertificate>()
  const certificateOf = async (uri: string) => {
    const known = issued.get(uri) ?? (await authority.issue(uri))
    issued.set(uri, known)
    return known
  }
  const identityOf = async ({
    namespace,
    serviceAccount = 'default',
  }: Pick<ProxyIdentity, 'namespace' | 'serviceAccount'>): Promise<MeshIdentity> => {
    const { cert, key } = await certificateOf(spiffe(namespace, serviceAccount))
    return { chain: { text: cert }, key: { text: key }, authority: { text: authority.cert } }
  }
  const world = startWorld()
  const port = await freePort()
  const listeners = { gateways: [] as Json[], sidecars: [] as Json[] }
  const clusters = { gateways: [] as Json[], sidecars: [] as Json[] }
  const chains: Chain[] = []
  let places = 0
  const place = () => ({ address: `127.90.${++places >> 7}.${(places & 127) + 1}`, port })
  for (const [number, text] of meshes.entries()) {
    const { mesh, problems } = parseMesh([{ file: `mesh-${number}.yaml`, text }])
    const [problem] = problems.filter(({ severity }) => severity === 'error')
    if (problem !== undefined) throw new Error(problem.message)
    const door = compileDoor(mesh, engine)
    const named = (from: string) => (name: string) => `c${number}|${from}|${name}`
    const sidecars = new Map<Workload, { readonly address: string; readonly port: number }>()
    for (const workload of mesh.workloads) {
      if (injectionOf(mesh, workload) !== 'sidecar') continue
      const own = place()
      const echo = await world.echo(workload.name)
      sidecars.set(workload, own)
      const emitted = emitProxy(mesh, sidecarOf(workload), {
        engine,
        bindings: boundAt(new Map([[8000, own]]), named(workload.name)),
        upstream: () => ({ address: '127.0.0.1', port: echo }),
        provider: () => undefined,
        tls: materialOf(mesh, await identityOf(workload)),
        rename: named(workload.name),
      })
      add(listeners.sidecars, clusters.sidecars, emitted)
    }
    const gateway = door.gateway()
    const entrance = place()
    const identity = await identityOf(gateway)
    const plain = await plainEchoes(mesh, world)
    const emitted = emitProxy(mesh, gateway, {
      engine,
      bindings: boundAt(new Map([[gatewayPort, entrance]]), named('gateway')),
      upstream: ({ host, port }): Upstream | 'none' => {
        const next = nextHop(door, { destination: { host, port } }, 1, false)
        if (next.kind === 'sidecar') {
          const { workload } = next.backend
          const to = sidecars.get(workload)
          const principals = [spiffe(workload.namespace, workload.serviceAccount)]
          if (to !== undefined) return { ...to, mutual: { identity, principals } }
        }
        const echo = next.kind === 'end' && next.workload && plain.get(next.workload)
        return echo ? { address: '127.0.0.1', port: echo } : 'none'
      },
      provider: () => undefined,
      tls: materialOf(mesh, identity),
      rename: named('gateway'),
    })
    add(listeners.gateways, clusters.gateways, emitted)
    const direct = nextHop(door, { destination: directly }, 0, false)
    const sidecar = direct.kind === 'sidecar' ? sidecars.get(direct.backend.workload) : undefined
    if (sidecar === undefined) throw new Error(`nothing of the mesh stands at ${directly.host}`)
    chains.push({
      door,
      ask: async (request) =>
        observe(
          world,
          request,
          request.caller === 'gateway' ? entrance : sidecar,
          await shown(request.caller),
        ),
    })
  }
  const shown = async (caller: Caller): Promise<SpiffeCertificate | undefined> => {
    if (caller === 'foreign certificate')
      return foreign.issue(spiffe('istio-system', 'istio-ingressgateway-service-account'))
    const [namespace, account] = caller.split('/')
    return namespace && account ? certificateOf(spiffe(namespace, account)) : undefined
  }
  const running: { close(): Promise<void> }[] = [world]
  const close = async () => {
    for (const each of running.reverse()) await each.close()
  }
  try {
    for (const who of ['sidecars', 'gateways'] as const) {
      const started = await runEnvoy(listeners[who], clusters[who])
      running.push(started)
      for (const [name, why] of started.refused) throw new Error(`Envoy refuses ${name}: ${why}`)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { chains, close }
}

type Json = Emitted['listeners'][number]

function add(listeners: Json[], clusters: Json[], emitted: Emitted): void {
  const [problem] = emitted.problems
  if (problem !== undefined) throw new Error(problem.message)
  listeners.push(...emitted.listeners)
  clusters.push(...emitted.clusters)
}

/** Pods without a sidecar are dialled themselves. */
async function plainEchoes(mesh: Mesh, world: World): Promise<ReadonlyMap<Workload, number>> {
  const found = new Map<Workload, number>()
  for (const workload of mesh.workloads) {
    if (injectionOf(mesh, workload) === 'none') found.set(workload, await world.echo(workload.name))
  }
  return found
}

async function observe(
  world: World,
  { caller, method, path, headers, sourceIp = someClient }: ChainRequest,
  where: { readonly address: string; readonly port: number },
  certificate: SpiffeCertificate | undefined,
): Promise<ChainOutcome> {
  const through = caller === 'gateway'
  world.take()
  const connection = await dial({
    ...where,
    sourceIp,
    ...(!through &&
      caller !== 'plain text' && {
        tls: { servername: sniOf(directly), alpn: directly.alpn, maxVersion: 'TLSv1.2', ...certificate },
      }),
  })
  if ('error' in connection) return connection
  const host = through ? publicHost : directly.host
  const text = requestText({ method, path, host, headers, scheme: 'http', port: 0 })
  const answer = await connection.ask(text, method)
  connection.close()
  if ('error' in answer) return answer
  const [saw] = world.take().seen
  return {
    status: answer.status,
    body: answer.body,
    ...typeOf(answer.headers),
    ...(saw && {
      saw: {
        workload: saw.service,
        method: saw.method,
        path: saw.path,
        host: saw.host,
        headers: comparable(saw.headers),
      },
    }),
  }
}

export function sniOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `outbound_.${port}_._.${host}`
}

export function typeOf(headers: HeaderList): { readonly type?: string } {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]
  return type === undefined ? {} : { type }
}

/**
 * Without what differs from run to run, the id and the certificate's hash, and what is about one
 * connection only.
 */
export function comparable(headers: HeaderList): HeaderList {
  const passing =
    /^(x-request-id|content-length|transfer-encoding|connection|x-envoy-expected-rq-timeout-ms)$/
  return sortedHeaders(headers).flatMap(([name, value]) => {
    if (passing.test(name)) return []
    if (name === 'x-forwarded-client-cert') return [[name, value.replace(/Hash=[0-9a-f]{64};/g, '')] as const]
    return [[name, value] as const]
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
