/**
 * A real Envoy as a contestant: configurations are written by `envoy-config`, or by the writer given, the world around the
 * gateway is real, requests go over real sockets. Many configurations share one Envoy; each has
 * loopback addresses of its own, and clients announce the address they mean (PROXY protocol), so
 * that policies see the ports of the mesh.
 */
import { networkInterfaces } from 'node:os'
import type { World as CaseWorld } from '../../src/cli/cases/world.ts'
import type { Emitted, MeshIdentity } from '../../src/envoy-config/index.ts'
import {
  type CaseAnswer,
  type CaseRequest,
  type HeaderList,
  type ProxyIdentity,
  proxyOf,
} from '../../src/policy/index.ts'
import type { Expectation } from '../compare.ts'
import { type RunningEnvoy, runEnvoy } from '../envoy/run-envoy.ts'
import { byEmitter, type Writer } from '../envoy/writer.ts'
import { dial, dialOf, requestText } from '../world/client.ts'
import { sortedHeaders } from '../world/http1.ts'
import { type CheckSeen, type Seen, type Sightings, startWorld, type World } from '../world/world.ts'

/** What was seen of one request: as the recordings write it, with the authorizer's answers. */
export interface Observed extends Expectation {
  readonly answers: readonly CaseAnswer[]
  readonly upstreamProxyHeaders?: HeaderList
  readonly upstreamBody?: string
}

export interface EnvoyContestant {
  /** Why Envoy or the emitter did not take a configuration for this request's proxy. */
  refusal(config: string, request: CaseRequest): string | undefined
  ask(config: string, request: CaseRequest, expected?: { readonly seen: number }): Promise<Observed>
  close(): Promise<void>
}

export interface Entered {
  readonly name: string
  readonly world: CaseWorld
  /** The requests that will be asked: they tell which proxies have to be there. */
  readonly requests: readonly CaseRequest[]
  /** What the JWKS URIs serve. */
  readonly fetched: (uri: string) => string | undefined
}

interface Place {
  readonly address: string
  readonly port: number
  readonly listener: string
}

interface Running {
  readonly problem?: string
  /** By mesh port; a sidecar has one place for all. */
  readonly places: ReadonlyMap<number, Place>
}

/** @throws where Envoy does not start */
export async function envoy(
  configs: readonly Entered[],
  certificate: (name: string) => string | undefined,
  writer: Writer = byEmitter,
): Promise<EnvoyContestant> {
  const world = startWorld()
  const pem = (name: string) => ({ text: certificate(name) ?? '' })
  const identity: MeshIdentity = {
    chain: pem('mesh-workload.pem'),
    key: pem('mesh-workload.key'),
    authority: pem('mesh-ca.pem'),
  }
  const running = new Map<string, Running>()
  const listeners: Emitted['listeners'][number][] = []
  const clusters: Emitted['clusters'][number][] = []
  let number = 0
  const enter = async (entered: Entered) => {
    const proxies = new Map<string, ProxyIdentity>()
    for (const request of entered.requests) {
      const proxy = proxyOf(request) ?? entered.world.door.gateway()
      proxies.set(JSON.stringify(proxy), proxy)
    }
    for (const [key, proxy] of proxies) {
      number++
      const emitted = await emit(entered, proxy, number, world, identity, writer)
      running.set(`${entered.name} ${key}`, emitted.running)
      listeners.push(...emitted.listeners)
      clusters.push(...emitted.clusters)
    }
  }
  let server: RunningEnvoy
  try {
    for (const entered of configs) await enter(entered)
    server = await runEnvoy(listeners, clusters)
  } catch (error) {
    await world.close()
    throw error
  }
  const worlds = new Map(configs.map((entered) => [entered.name, entered.world]))
  const runningOf = (config: string, request: CaseRequest) => {
    const proxy = proxyOf(request) ?? worlds.get(config)?.door.gateway()
    const found = running.get(`${config} ${JSON.stringify(proxy)}`)
    if (found === undefined) throw new Error(`${config} was not entered`)
    return found
  }
  return {
    refusal(config, request) {
      const { problem, places } = runningOf(config, request)
      if (problem !== undefined) return problem
      const why = server.refused.get(placeOf(places, request)?.listener ?? '')
      // That two chains take one name is decided of the mesh alone: nothing listens there, as asking shows.
      return why !== undefined && /matching rules/.test(why) ? undefined : why
    },
    async ask(config, request, expected) {
      const { places } = runningOf(config, request)
      const place = placeOf(places, request)
      if (place === undefined) return { error: 'connect: refused', answers: [] }
      const caseWorld = worlds.get(config) as CaseWorld
      return observe(world, offered(caseWorld, request), place, certificate, expected?.seen ?? 0)
    },
    async close() {
      await server.close()
      await world.close()
    },
  }
}

/** A sidecar has one place for all ports. */
function placeOf(places: Running['places'], { port }: CaseRequest): Place | undefined {
  return places.get(port) ?? places.get(0)
}

/** The recordings' client shows its certificate only to a server that names its authority. */
export function offered(world: CaseWorld, request: CaseRequest): CaseRequest {
  const { clientCert, scheme, peer, ...rest } = request
  if (clientCert === undefined || scheme !== 'https' || peer !== undefined || request.insists) return request
  const sni = request.sni ?? request.host.replace(/:\d*$/, '')
  const shown = { ...rest, scheme, sni, headers: rest.headers ?? [], sourceIp: rest.sourceIp ?? '127.0.0.1' }
  const known = world.certificate(clientCert, proxyOf(request) ?? world.door.gateway(), shown)
  return known?.trusted ? request : { ...rest, scheme }
}

const inboundPort = 15006

/** Of this process alone: Envoys of two runs on one machine would share an address, and answer for each other. */
function addressOf(number: number): string {
  if (number >= 2048) throw new Error('too many proxies for one Envoy')
  const { pid } = process
  return `127.${100 + (pid & 127)}.${(((pid >> 7) & 31) << 3) | (number >> 8)}.${number & 255}`
}

async function emit(
  { name, world: caseWorld, fetched }: Entered,
  proxy: ProxyIdentity,
  number: number,
  world: World,
  identity: MeshIdentity,
  writer: Writer,
) {
  const places = new Map<number, Place>()
  const address = addressOf(number)
  const placeOf = (meshPort: number) => {
    const key = meshPort === inboundPort ? 0 : meshPort
    const place = places.get(key) ?? { address, port: 20_000 + places.size, listener: '' }
    places.set(key, place)
    return place
  }
  /** Ports of echo servers and authorizers; they are opened between a first and a second writing. */
  const ports = new Map<string, number>()
  const wanted = new Map<string, () => Promise<number>>()
  const portOf = (key: string, open: () => Promise<number>) => {
    if (!ports.has(key)) wanted.set(key, open)
    return { address: '127.0.0.1', port: ports.get(key) ?? 1 }
  }
  const subject = { name, mesh: caseWorld.mesh, fetched }
  const write = () =>
    writer(subject, proxy, {
      placeOf,
      listenerName: (listener) => `c${number}|${listener}`,
      rename: (cluster) => `${cluster}#${number}`,
      echo: (cluster, host) =>
        host.startsWith('noendpoints.') ? 'none' : portOf(`echo ${cluster}`, () => world.echo(cluster)),
      authorizer: (cluster, protocol) => {
        if (!/authz|authservice|oauth2-proxy/.test(cluster)) return undefined
        return protocol === 'grpc'
          ? portOf(`grpc ${cluster}`, () => world.grpcAuthorizer(cluster))
          : portOf(`http ${cluster}`, () => world.authorizer(cluster))
      },
      identity,
    })
  write()
  for (const [key, open] of wanted) ports.set(key, await open())
  places.clear()
  const emitted = write()
  const errors = emitted.problems.filter(({ severity }) => severity === 'error')
  // Only listeners that were written are there to be dialled.
  const opened = new Map<number, Place>()
  for (const listener of emitted.listeners) {
    const { socketAddress } = listener.address as { socketAddress: { portValue: number } }
    const found = [...places].find(([, place]) => place.port === socketAddress.portValue)
    if (found !== undefined) opened.set(found[0], { ...found[1], listener: String(listener.name) })
  }
  const running: Running = {
    places: opened,
    ...(errors.length > 0 && { problem: errors.map(({ message }) => message).join('; ') }),
  }
  return { running, listeners: emitted.listeners, clusters: emitted.clusters }
}

async function observe(
  world: World,
  request: CaseRequest,
  place: Place,
  certificate: (name: string) => string | undefined,
  expected: number,
): Promise<Observed> {
  world.take()
  const source = request.sourceIp ?? '127.0.0.1'
  const sidecar = request.workload !== undefined && request.workload.kind === undefined
  const destination = sidecar ? '10.20.0.1' : '127.0.0.1'
  const connection = await dial({
    ...dialOf(request, place.port, certificate),
    address: place.address,
    sourceIp: source,
    preamble: `PROXY TCP4 ${source} ${destination} 40000 ${request.port}\r\n`,
  })
  if ('error' in connection) return { ...connection, answers: [] }
  const answer = await connection.ask(requestText(request), request.method)
  if (expected > 0) await Promise.race([world.until(expected), afterSecond()])
  const { seen, checks } = asRecorded(world.take())
  const told = {
    ...(checks.length > 0 && { checks: checks.map(checkOf) }),
    answers: checks.map(answerOf),
  }
  if ('error' in answer) return { ...answer, ...told }
  const { status, body } = answer
  // Without an echo (HEAD, 204, a timeout) the first to be asked is the one that was meant.
  const service = body.startsWith('echo ') ? body.slice('echo '.length) : seen[0]?.service
  const own = seen.filter((each) => each.service === service)
  const last = own.at(-1)
  const others = seen.filter((each) => each.service !== last?.service)
  return {
    status,
    body,
    responseHeaders: sortedHeaders(answer.headers, notCompared),
    ...(last && workloadSaw(last)),
    ...(last && own.length > 1 && { upstreamAttempts: own.length }),
    ...(last && others.length > 0 && { mirrors: others.map(mirrorOf) }),
    ...told,
  }
}

/**
 * For a client on loopback Envoy writes the address of the machine's first interface into
 * x-forwarded-for; where the recordings were made there was only loopback. Their texts are UTF-8.
 */
function asRecorded({ seen, checks }: Sightings): Sightings {
  const plain = (headers: HeaderList): HeaderList =>
    headers.map(([name, value]) => [
      name,
      name === 'x-forwarded-for'
        ? value.replace(/[^,]+$/, (last) => (own.has(last) ? '127.0.0.1' : last))
        : Buffer.from(value, 'latin1').toString(),
    ])
  return {
    seen: seen.map((each) => ({ ...each, headers: plain(each.headers) })),
    checks: checks.map((each) => ({
      ...each,
      headers: plain(each.headers),
      ...(each.grpc && {
        grpc: {
          ...each.grpc,
          headers: plain(each.grpc.headers),
          source: withoutPort(each.grpc.source),
        },
      }),
    })),
  }
}

/** The client's own port is any. */
function withoutPort<T extends { readonly port?: number }>({ port: _, ...rest }: T) {
  return rest
}

const own = new Set(
  Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address)),
)

const afterSecond = () => new Promise<void>((resolve) => setTimeout(resolve, 1000))

const notCompared = [
  'date',
  'content-length',
  'connection',
  'transfer-encoding',
  'x-envoy-upstream-service-time',
]

/** Headers the proxy writes about the request. */
function isProxyHeader(name: string): boolean {
  return /^x-envoy-|^x-forwarded-|^(content-length|transfer-encoding|connection)$/.test(name)
}

function workloadSaw({ service, method, path, host, headers, body }: Seen): Partial<Observed> {
  return {
    upstream: service,
    upstreamMethod: method,
    upstreamPath: path,
    upstreamHost: host,
    upstreamHeaders: headers.filter(([name]) => !isProxyHeader(name)),
    upstreamProxyHeaders: headers.filter(([name]) => isProxyHeader(name)),
    ...(body !== '' && { upstreamBody: body }),
  }
}

function mirrorOf({ service, method, path, host, headers }: Seen) {
  return { service, method, path, host, headers: headers.filter(([name]) => !isProxyHeader(name)) }
}

function checkOf({ service, method, path, host, headers, body, grpc }: CheckSeen) {
  if (grpc?.method === '') {
    const { source, destination } = grpc
    return { service, method, path, host, grpc: { source, destination } }
  }
  if (grpc !== undefined) return { service, method, path, host, headers, grpc }
  return { service, method, path, host, headers, ...(body !== '' && { body }) }
}

function answerOf({ service, answer: { reply, grpc } }: CheckSeen): CaseAnswer & { service: string } {
  if (grpc !== undefined) return { service, grpc }
  if (reply === undefined || reply.drop) return { service, failure: 'reset' }
  const { status, headers, body, delayMs } = reply
  return { service, status, headers, body: String(body), ...(delayMs !== undefined && { delayMs }) }
}
