/** What the two readers of a model server make of a request's body. */
import { answer } from './answer.ts'
import { exception } from './failure.ts'
import { jsonOf, utf8 } from './infer-request.ts'
import { type Json, JsonRefused, readJson } from './json.ts'
import { writeJson } from './python-words.ts'
import { detailsAsJson, holdsNonFinite, validate, whole } from './v2-validation.ts'

/** How bodies are taken for JSON: by content type, or always, as KServe up to 0.9 did (Kubeflow 1.6). */
export type Bodies = 'by-content-type' | 'always-json'

const jsonTypes = new Set([
  'application/json',
  'application/cloudevents+json',
  'application/ld+json',
  'application/octet-stream',
])

/** The V1 body: JSON for the content types KServe lists exactly, and for none; raw bytes for any other. */
export async function v1Body(request: Request, bodies: Bodies): Promise<Json | 'bytes'> {
  const bytes = new Uint8Array(await request.arrayBuffer())
  const type = request.headers.get('content-type')
  return bodies === 'always-json' || type === null || jsonTypes.has(type) ? jsonOf(bytes) : 'bytes'
}

/** FastAPI reads JSON by content type, and refuses what is no InferenceRequest before any model is asked. */
export function v2Body(bytes: Uint8Array, type: string | null): Json | 'bytes' | Response {
  if (bytes.length === 0) {
    return refused(detailsAsJson([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]))
  }
  const media = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (!/^application\/(json|.+\+json)$/.test(media)) return 'bytes'
  const text = utf8(bytes)
  if (text === undefined) return answer(400, { detail: 'There was an error parsing the body' })
  try {
    const body = readJson(text, 'json')
    const details = validate(body)
    if (details.length === 0) return body
    return refused(detailsAsJson(details))
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error
    const detail = new Map<string, Json>([
      ['type', 'json_invalid'],
      ['loc', ['body', whole(error.at)]],
      ['msg', 'JSON decode error'],
      ['input', new Map()],
      ['ctx', new Map([['error', error.reason]])],
    ])
    return refused(new Map([['detail', [detail]]]))
  }
}

function refused(body: Json): Response {
  if (holdsNonFinite(body)) {
    throw exception('ValueError', 'Out of range float values are not JSON compliant')
  }
  return answer(422, writeJson(body))
}
