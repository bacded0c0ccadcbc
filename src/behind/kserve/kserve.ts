import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/index.ts'
import { answer } from './answer.ts'
import type { Bodies } from './bodies.ts'
import { answerGrpc, type GrpcAnswer, type GrpcCall } from './grpc/service.ts'
import { type Listening, listen } from './listen.ts'
import { irisModel } from './model.ts'
import { createModelServer, type ModelServer } from './model-server.ts'
import { answerRest } from './rest.ts'
import { deployedAt } from './which-model.ts'

/** An InferenceService. */
export interface ServedModel {
  readonly namespace: string
  readonly name: string
  readonly protocol: 'v1' | 'v2'
}

export interface KserveOptions {
  /**
   * The InferenceServices there are, a function where they may change; each is a pod of its own that serves one model. Their runtime
   * speaks every protocol, whichever the InferenceService names.
   */
  readonly models: readonly ServedModel[] | (() => readonly ServedModel[])
  /**
   * `by-content-type` (default): `curl -d @file`, which sends a form, is refused. `always-json`: it is
   * read, as KServe up to 0.9 did; Kubeflow 1.6 has 0.8.
   */
  readonly bodies?: Bodies
  readonly clock: Clock
  /** One line for each request: host, method, path, status, milliseconds. */
  readonly log?: (line: string) => void
}

export interface Kserve {
  /**
   * REST, V1 and V2. Which pod answers follows from the Host header; a host that names none (someone
   * calls past the door) meets one that serves every model.
   */
  handle(request: Request, info?: { readonly remoteAddress?: string }): Promise<Response>
  /** V2 gRPC: one call, its message without the frame. */
  call(call: GrpcCall): GrpcAnswer
  /** REST over HTTP/1.1 and h2c, and gRPC, all on one port. Rejects with the system's error. */
  listen(at: { readonly address: string; readonly port: number }): Promise<Listening>
}

/** The largest request: 32 MiB, far beyond any table of flowers. */
const largest = 32 * 1024 * 1024

/**
 * The models behind a local door: a real classifier of Iris flowers under the names of the demo's
 * InferenceServices, in the protocols and the words of KServe's Python server.
 *
 * @example
 * const kserve = createKserve({
 *   models: [{ namespace: 'kubeflow-user-example-com', name: 'sklearn-iris', protocol: 'v1' }],
 *   clock: Date.now,
 * })
 * const { port, close } = await kserve.listen({ address: '127.0.0.1', port: 0 })
 */
export function createKserve(options: KserveOptions): Kserve {
  const deployed = () => (typeof options.models === 'function' ? options.models() : options.models)
  // A pod keeps what was loaded and unloaded in it for as long as its InferenceService is there.
  const pods = new Map<string, ModelServer>()
  const podOf = (key: string, names: readonly string[]): ModelServer => {
    const known = pods.get(key)
    if (known) return known
    const pod = createModelServer(names.map(irisModel), randomUUID)
    pods.set(key, pod)
    return pod
  }
  const serverAt = (host: string): ModelServer => {
    const all = deployed()
    const meant = deployedAt(host, all)
    if (meant) return podOf(`${meant.namespace}/${meant.name}`, [meant.name])
    const names = [...new Set(all.map(({ name }) => name))]
    return podOf(`past the door: ${names}`, names)
  }
  const hostOf = (request: Request) => request.headers.get('host') ?? new URL(request.url).host

  const handle: Kserve['handle'] = async (request) => {
    const host = hostOf(request)
    const started = options.clock()
    const length = Number(request.headers.get('content-length') ?? 0)
    const response =
      length > largest
        ? answer(413, { error: `The request is larger than ${largest} bytes.` })
        : await answerRest(serverAt(host), request, options.bodies)
    const { pathname } = new URL(request.url)
    options.log?.(`${host} ${request.method} ${pathname} ${response.status} ${options.clock() - started}ms`)
    return response
  }
  const call: Kserve['call'] = (asked) => {
    const started = options.clock()
    const answered = answerGrpc(serverAt(asked.host), asked)
    options.log?.(`${asked.host} gRPC ${asked.path} ${answered.status} ${options.clock() - started}ms`)
    return answered
  }
  return { handle, call, listen: (at) => listen({ handle, call, largest }, at) }
}
