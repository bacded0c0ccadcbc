import type { HeaderList } from '../../src/policy/index.ts'
import { type Received, type Reply, type RunningServer, startDuplexServer } from './duplex-server.ts'
import { type GrpcAnswer, type GrpcCheck, grpcAnswer, grpcReply, readCheck } from './grpc-authorizer.ts'
import { httpAuthorizer } from './http-authorizer.ts'
import { headerOf, sortedHeaders } from './http1.ts'

/** A request a workload or an HTTP authorizer saw. */
export interface Seen {
  /** Istio's cluster name. */
  readonly service: string
  readonly method: string
  readonly path: string
  readonly host: string
  /** Lower case, sorted, without Host and x-request-id; the proxy's own are among them. */
  readonly headers: HeaderList
  readonly body: string
}

export interface CheckSeen extends Seen {
  /** What it was answered. */
  readonly answer: { readonly reply?: Reply; readonly grpc?: GrpcAnswer }
  readonly grpc?: GrpcCheck
}

export interface Sightings {
  readonly seen: readonly Seen[]
  readonly checks: readonly CheckSeen[]
}

/** Everything around a gateway: each server is started when its port is first asked for. */
export interface World {
  /**
   * The port of a workload: answers 200 (or `x-echo-status`, after `x-echo-delay-ms`) with
   * `echo <service>`, over HTTP/1.1 and h2c.
   */
  echo(service: string): Promise<number>
  /** The port of an authorizer asked over HTTP. */
  authorizer(service: string): Promise<number>
  /** The port of one asked over gRPC (h2c). */
  grpcAuthorizer(service: string): Promise<number>
  /** What was seen since the last call. Ask only when the answer is there. */
  take(): Sightings
  /** Resolves when this many requests were seen since the last `take`: mirrors come late. */
  until(seen: number): Promise<void>
  close(): Promise<void>
}

export function startWorld(): World {
  const servers = new Map<string, Promise<RunningServer>>()
  let seen: Seen[] = []
  let checks: CheckSeen[] = []
  let waiting: { count: number; resolve: () => void } | undefined
  const portOf = async (name: string, answer: (request: Received) => Reply): Promise<number> => {
    const known = servers.get(name) ?? startDuplexServer(answer)
    servers.set(name, known)
    return (await known).port
  }
  const record = (service: string, request: Received): Seen => ({
    service,
    method: request.method,
    path: request.path,
    host: request.host,
    headers: sortedHeaders(request.headers, ['x-request-id']),
    body: request.body,
  })
  return {
    echo: (service) =>
      portOf(`echo ${service}`, (request) => {
        seen.push(record(service, request))
        if (waiting !== undefined && seen.length >= waiting.count) waiting.resolve()
        return echoReply(service, request)
      }),
    authorizer: (service) =>
      portOf(`http ${service}`, (request) => {
        const reply = httpAuthorizer(request)
        checks.push({ ...record(service, request), answer: { reply } })
        return reply
      }),
    grpcAuthorizer: (service) =>
      portOf(`grpc ${service}`, (request) => {
        // A gRPC server does not understand HTTP/1.1.
        if (request.scheme === undefined) return { status: 0, headers: [], body: '', drop: true }
        const grpc = readCheck(request)
        const answer = grpcAnswer(grpc)
        const { method, path, host, headers, body = '' } = grpc
        const slow = headerOf(headers, 'x-authz') === 'slow'
        // The recordings have a check once it is answered, and nobody waits for this one.
        if (!slow) checks.push({ service, method, path, host, headers, body, grpc, answer: { grpc: answer } })
        return { ...grpcReply(answer), ...(slow && { delayMs: 1500 }) }
      }),
    take() {
      const taken = { seen, checks }
      seen = []
      checks = []
      return taken
    },
    until: (count) =>
      new Promise((resolve) => {
        if (seen.length >= count) return resolve()
        waiting = {
          count,
          resolve() {
            waiting = undefined
            resolve()
          },
        }
      }),
    async close() {
      const running = await Promise.all(servers.values())
      await Promise.all(running.map((server) => server.close()))
    },
  }
}

function echoReply(service: string, { headers }: Received): Reply {
  const delayMs = Number(headerOf(headers, 'x-echo-delay-ms') ?? 0)
  return {
    status: Number(headerOf(headers, 'x-echo-status') ?? 200),
    headers: [
      ['content-type', 'text/plain'],
      ['x-upstream-says', 'hello'],
    ],
    body: `echo ${service}`,
    ...(delayMs > 0 && { delayMs }),
  }
}
