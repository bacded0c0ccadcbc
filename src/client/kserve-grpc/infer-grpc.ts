import { Fault } from '../../base/index.ts'
import type { InferRequest, InferResponse, ModelRoute } from '../kserve.ts'
import { callGrpc, type GrpcAnswer, type GrpcDoor } from './call.ts'
import { decodeInfer, decodeReady, encodeInfer, encodeReady } from './messages.ts'

const SERVICE = '/inference.GRPCInferenceService'
const names = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE'],
  ...['UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
]
const http: Readonly<Record<number, number>> = { 3: 400, 5: 404, 7: 403, 12: 404, 14: 503, 16: 401 }

/**
 * `ModelInfer` of the Open Inference Protocol.
 *
 * @throws Fault ERR_DOOR_REFUSED with the status and the words of whoever refused it
 */
export async function inferOverGrpc(
  at: GrpcDoor,
  { path, host }: ModelRoute,
  model: string,
  request: InferRequest,
  signal?: AbortSignal,
): Promise<InferResponse> {
  const method = `${path}${SERVICE}/ModelInfer`
  const answer = await callGrpc(at, method, host, encodeInfer(model, request), signal)
  if (answer.code === 0) {
    try {
      return decodeInfer(answer.message)
    } catch {
      throw refused(method, { ...answer, code: -1, words: 'its answer is no ModelInferResponse' })
    }
  }
  throw refused(method, answer)
}

function refused(url: string, { code, words }: GrpcAnswer): Fault {
  const name = code < 0 ? 'no gRPC' : (names[code] ?? `status ${code}`)
  return new Fault('ERR_DOOR_REFUSED', { url, status: http[code] ?? 500, words: `${name}: ${words}` })
}

/** The first of these ways by which the model itself says over gRPC that it is there. */
export async function findGrpcRoute(
  at: GrpcDoor,
  ways: readonly ModelRoute[],
  model: { readonly namespace: string; readonly name: string },
  signal?: AbortSignal,
): Promise<ModelRoute> {
  if (ways.length === 1) return ways[0] as ModelRoute
  const turnedAway: string[] = []
  for (const way of ways) {
    const path = `${way.path}${SERVICE}/ModelReady`
    const { code, words, message } = await callGrpc(at, path, way.host, encodeReady(model.name), signal)
    if (code === 0 && saysReady(message)) return way
    if (code === 7) turnedAway.push(`${way.host ?? way.path}: ${words.slice(0, 80)}`)
  }
  throw new Fault('ERR_MODEL_NOT_FOUND', {
    model: `${model.namespace}/${model.name}`,
    tried: ways.map(({ path, host }) => host ?? path),
    refused: turnedAway,
  })
}

function saysReady(message: Buffer): boolean {
  try {
    return decodeReady(message)
  } catch {
    return false
  }
}
