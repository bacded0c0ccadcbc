import { Fault } from '../base/index.ts'
import type { DoorFetch } from './door-fetch.ts'
import { callJson } from './json-call.ts'
import type { GrpcDoor } from './kserve-grpc/call.ts'

/** Which model, and where it is when that is known. */
export interface ModelPlace {
  readonly namespace: string
  readonly name: string
  /** Its own host, where the gateway routes by host: `sklearn-iris.team.example.com`. */
  readonly host?: string
  /** Its path, where the gateway routes by path: `/serving/team/sklearn-iris`. */
  readonly path?: string
  /** Domains models may have hosts in; the door's own host name is tried too. */
  readonly domains?: readonly string[]
}

/** A tensor of the Open Inference Protocol (V2): values row by row, as many as the product of `shape`. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  /** `FP32`, `INT64`, `BYTES`, `BOOL`, … */
  readonly datatype: string
  readonly data: readonly unknown[]
  readonly parameters?: Readonly<Record<string, unknown>>
}
/** What a model is asked in V2. */
export interface InferRequest {
  readonly inputs: readonly Tensor[]
  readonly id?: string
  /** Which outputs are wanted; all without it. */
  readonly outputs?: readonly { readonly name: string }[]
  readonly parameters?: Readonly<Record<string, unknown>>
}
/** What a model answers in V2. */
export interface InferResponse {
  readonly model_name: string
  readonly model_version?: string | null
  readonly id?: string
  readonly outputs: readonly Tensor[]
}
/** What a model answers in V1: one prediction an instance, in their order. */
export interface Prediction {
  readonly predictions: readonly unknown[]
}

/** What calls of a model need of its door. */
export interface KserveDoor extends GrpcDoor {
  readonly fetch: DoorFetch
}

interface WithSignal {
  readonly signal?: AbortSignal
}

/** One way to reach a model: a path of the door, and the Host header that goes with it. */
export interface ModelRoute {
  readonly path: string
  readonly host?: string
}

/**
 * One model behind a door. Every method rejects with a Fault: `ERR_MODEL_NOT_FOUND` where no model server answers,
 * `ERR_DOOR_REFUSED` with status and words, and what `DoorFetch` rejects with.
 *
 * @example
 * const iris = door.kserve({ namespace: 'team', name: 'sklearn-iris' })
 * const { predictions } = await iris.predict([[6.8, 2.8, 4.8, 1.4]])
 */
export interface KserveModel {
  /** Where it was found; looked for once. */
  route(options?: WithSignal): Promise<ModelRoute>
  /** Whether it says that it can be asked. */
  ready(options?: WithSignal): Promise<boolean>
  /** V1: `{"instances": […]}`. */
  predict(instances: readonly unknown[], options?: WithSignal): Promise<Prediction>
  /** V2, the Open Inference Protocol. */
  infer(request: InferRequest, options?: WithSignal): Promise<InferResponse>
  /** V2 over gRPC: `inference.GRPCInferenceService/ModelInfer`. */
  inferGrpc(request: InferRequest, options?: WithSignal): Promise<InferResponse>
}

/**
 * A model behind a door. Where nothing says how the gateway routes to it, the ways KServe has are tried
 * with a harmless question, and the one that a model server answers is kept.
 *
 * @throws Fault ERR_MODEL_NOT_FOUND from every method when none does
 */
export function createKserve(at: KserveDoor, model: ModelPlace): KserveModel {
  const { fetch, door } = at
  let spoken: Promise<ModelRoute> | undefined
  let found: Promise<ModelRoute> | undefined
  const { name } = model
  const route = ({ signal }: WithSignal = {}) => {
    found ??= findRoute(fetch, door, model, signal).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
  const headersOf = ({ host }: ModelRoute): Record<string, string> => (host === undefined ? {} : { host })
  const url = ({ path }: ModelRoute, rest: string) => new URL(`${path}${rest}`, door)
  const id = encodeURIComponent(name)

  return {
    route,
    async ready(options) {
      const way = await route(options)
      const one = { headers: headersOf(way), signal: options?.signal }
      const v2 = await fetch(url(way, `/v2/models/${id}/ready`), one)
      await v2.body?.cancel()
      if (v2.ok) return true
      const v1 = await fetch(url(way, `/v1/models/${id}`), one)
      await v1.body?.cancel()
      return v1.ok
    },
    async predict(instances, options) {
      const way = await route(options)
      return callJson(fetch, url(way, `/v1/models/${id}:predict`), {
        method: 'POST',
        body: { instances },
        headers: headersOf(way),
        signal: options?.signal,
      })
    },
    async infer(request, options) {
      const way = await route(options)
      return callJson(fetch, url(way, `/v2/models/${id}/infer`), {
        method: 'POST',
        body: request,
        headers: headersOf(way),
        signal: options?.signal,
      })
    },
    async inferGrpc(request, options) {
      const grpc = await import('./kserve-grpc/infer-grpc.ts')
      spoken ??= grpc.findGrpcRoute(at, candidateRoutes(door, model), model, options?.signal)
      const way = await spoken.catch((error: unknown) => {
        spoken = undefined
        throw error
      })
      return grpc.inferOverGrpc(at, way, name, request, options?.signal)
    },
  }
}

/**
 * KServe's ways, likeliest first: the path template of 26.03, a host below the door's domain with a dot
 * (serverless) or a dash (raw deployment), the name inside the cluster.
 */
function candidateRoutes(door: URL, model: ModelPlace): readonly ModelRoute[] {
  const { namespace, name, host, path } = model
  if (host !== undefined || path !== undefined) return [{ path: (path ?? '').replace(/\/$/, ''), host }]
  const own = door.hostname.replace(/^[^.]+\./, '')
  const domains = [...new Set([...(model.domains ?? []), door.hostname, own, 'example.com'])].filter(
    (domain) => /[a-z]/i.test(domain) && domain !== 'localhost',
  )
  return [
    { path: `/serving/${namespace}/${name}` },
    ...domains.flatMap((domain) => [
      { path: '', host: `${name}.${namespace}.${domain}` },
      { path: '', host: `${name}-${namespace}.${domain}` },
    ]),
    { path: '', host: `${name}.${namespace}.svc.cluster.local` },
  ]
}

async function findRoute(
  fetch: DoorFetch,
  door: URL,
  model: ModelPlace,
  signal: AbortSignal | undefined,
): Promise<ModelRoute> {
  const candidates = candidateRoutes(door, model)
  if (candidates.length === 1) return candidates[0] as ModelRoute
  const refused: string[] = []
  for (const way of candidates) {
    const headers = { accept: 'application/json', ...(way.host === undefined ? {} : { host: way.host }) }
    for (const question of [
      `/v2/models/${encodeURIComponent(model.name)}/ready`,
      // Who says no more than 200 to that (MLServer) tells its name here.
      `/v2/models/${encodeURIComponent(model.name)}`,
      `/v1/models/${encodeURIComponent(model.name)}`,
    ]) {
      const response = await fetch(new URL(`${way.path}${question}`, door), { headers, signal })
      const body = (await response.text()).slice(0, 4096)
      if (saysModelServer(response, body, model.name)) return way
      // A rule refuses it: the route is there. Another way might still be open, so it is only remembered.
      if (response.status === 403) refused.push(`${way.host ?? way.path}: ${body.trim().slice(0, 80)}`)
    }
  }
  throw new Fault('ERR_MODEL_NOT_FOUND', {
    model: `${model.namespace}/${model.name}`,
    tried: candidates.map(({ path, host }) => host ?? path),
    refused,
  })
}

/** A model server answers JSON about the model; a gateway that knows no route answers an empty 404. */
function saysModelServer(response: Response, body: string, name: string): boolean {
  if (!response.ok && response.status !== 503) return false
  try {
    const value = JSON.parse(body) as Record<string, unknown>
    return (
      value.name === name ||
      value.ready !== undefined ||
      (typeof value.error === 'string' && value.error.includes(name))
    )
  } catch {
    // V2 `ready` may be an empty 200 (MLServer).
    return (
      response.status === 200 && body === '' && response.headers.get('content-type') === 'application/json'
    )
  }
}
