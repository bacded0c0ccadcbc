import { answer } from './answer.ts'
import { type Bodies, v1Body, v2Body } from './bodies.ts'
import { exception, Failure, invalidInput, notImplemented } from './failure.ts'
import { headerLengthName, requestOfBytes, requestOfJson } from './infer-request.ts'
import { isObject } from './json.ts'
import {
  type InferResponse,
  type ModelServer,
  rawIntegers,
  serverExtensions,
  serverName,
  serverVersion,
} from './model-server.ts'
import { pythonType } from './python-words.ts'
import { tensorOfJson } from './tensor.ts'

const statuses = {
  'invalid-input': 400,
  'model-not-found': 404,
  'model-not-ready': 503,
  'not-implemented': 501,
  exception: 500,
} as const

interface Asked {
  readonly server: ModelServer
  readonly bodies: Bodies
  readonly request: Request
  /** The parts of the path the route names, decoded. */
  readonly model: string
  readonly version?: string
}

interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  readonly answer: (asked: Asked) => Response | Promise<Response>
}

const versioning = () => {
  throw notImplemented('Model versioning not supported yet.')
}

/** In the order FastAPI tries them: the first whose path fits but not its method decides about 405. */
const routes: readonly Route[] = [
  { method: 'GET', path: /^\/$/, answer: () => answer(200, { status: 'alive' }) },
  { method: 'GET', path: /^\/metrics$/, answer: ({ server }) => metrics(server) },
  { method: 'GET', path: /^\/v1\/models$/, answer: ({ server }) => answer(200, { models: server.models() }) },
  { method: 'GET', path: /^\/v1\/models\/(?<model>[^/]+)$/, answer: ready },
  { method: 'POST', path: /^\/v1\/models\/(?<model>[^/]+):predict$/, answer: predict },
  { method: 'POST', path: /^\/v1\/models\/(?<model>[^/]+):explain$/, answer: explain },
  {
    method: 'GET',
    path: /^\/v2$/,
    answer: () => answer(200, { name: serverName, version: serverVersion, extensions: serverExtensions }),
  },
  { method: 'GET', path: /^\/v2\/health\/live$/, answer: () => answer(200, { live: true }) },
  { method: 'GET', path: /^\/v2\/health\/ready$/, answer: () => answer(200, { ready: true }) },
  { method: 'GET', path: /^\/v2\/models$/, answer: ({ server }) => answer(200, { models: server.models() }) },
  { method: 'GET', path: /^\/v2\/models\/(?<model>[^/]+)$/, answer: metadata },
  { method: 'GET', path: /^\/v2\/models\/(?<model>[^/]+)\/versions\/(?<version>[^/]+)$/, answer: versioning },
  { method: 'GET', path: /^\/v2\/models\/(?<model>[^/]+)\/ready$/, answer: ready },
  {
    method: 'GET',
    path: /^\/v2\/models\/(?<model>[^/]+)\/versions\/(?<version>[^/]+)\/ready$/,
    answer: versioning,
  },
  { method: 'POST', path: /^\/v2\/models\/(?<model>[^/]+)\/infer$/, answer: infer },
  {
    method: 'POST',
    path: /^\/v2\/models\/(?<model>[^/]+)\/versions\/(?<version>[^/]+)\/infer$/,
    answer: infer,
  },
  { method: 'POST', path: /^\/v2\/repository\/models\/(?<model>[^/]+)\/load$/, answer: load },
  { method: 'POST', path: /^\/v2\/repository\/models\/(?<model>[^/]+)\/unload$/, answer: unload },
]

/** One request to one predictor pod, answered as KServe's Python server answers it. */
export async function answerRest(
  server: ModelServer,
  request: Request,
  bodies: Bodies = 'by-content-type',
): Promise<Response> {
  const url = new URL(request.url)
  const path = decoded(url.pathname)
  const fitting = routes.flatMap((route) => {
    const found = route.path.exec(path)
    return found ? [{ route, groups: found.groups ?? {} }] : []
  })
  const chosen = fitting.find(({ route }) => route.method === request.method)
  if (chosen) {
    try {
      const { model = '', version } = chosen.groups
      return await chosen.route.answer({ server, bodies, request, model, version })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return answer(statuses[error.kind], { error: error.message })
    }
  }
  const first = fitting[0]
  if (first) return answer(405, { detail: 'Method Not Allowed' }, { allow: first.route.method })
  return otherSlash(url, path, request) ?? answer(404, { detail: 'Not Found' })
}

/** A path that would fit with its last slash added or taken away is redirected there. */
function otherSlash(url: URL, path: string, request: Request): Response | undefined {
  if (path === '/') return undefined
  const other = path.endsWith('/') ? path.replace(/\/+$/, '') : `${path}/`
  if (!routes.some((route) => route.path.test(other))) return undefined
  const host = request.headers.get('host') ?? url.host
  const target = other.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':')
  return new Response(null, {
    status: 307,
    headers: {
      server: 'uvicorn',
      'content-length': '0',
      location: `${url.protocol}//${host}${target}${url.search}`,
    },
  })
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function ready({ server, model }: Asked): Response {
  server.find(model)
  return answer(200, { name: model, ready: true })
}

function metadata({ server, model }: Asked): Response {
  const { inputs, outputs } = server.metadata(model)
  return answer(200, { name: model, versions: null, platform: '', inputs, outputs })
}

function load({ server, model }: Asked): Response {
  server.load(model)
  return answer(200, { name: model, load: true })
}

function unload({ server, model }: Asked): Response {
  server.unload(model)
  return answer(200, { name: model, unload: true })
}

async function predict({ server, model, request, bodies }: Asked): Promise<Response> {
  const found = server.find(model)
  const body = await v1Body(request, bodies)
  server.count(model)
  // `curl -d` says it sends a form, and so the model gets bytes it cannot look into.
  if (body === 'bytes') {
    throw exception('TypeError', 'byte indices must be integers or slices, not str')
  }
  if (!isObject(body))
    throw exception('AttributeError', `'${pythonType(body)}' object has no attribute 'inputs'`)
  const instances = body.get('instances')
  if (instances === undefined) throw exception('KeyError', "'instances'")
  if (!Array.isArray(instances)) throw invalidInput('Expected "instances" to be a list')
  return answer(200, { predictions: found.predict(tensorOfJson(instances, 'FP64')) })
}

async function explain({ server, model, request, bodies }: Asked): Promise<Response> {
  server.find(model)
  await v1Body(request, bodies)
  throw notImplemented('Could not find explainer_host.')
}

async function infer({ server, bodies, model, version, request }: Asked): Promise<Response> {
  const bytes = new Uint8Array(await request.arrayBuffer())
  const type = request.headers.get('content-type')
  const binary = request.headers.has(headerLengthName)
  const read = v2Body(bytes, bodies === 'always-json' && !binary ? 'application/json' : type)
  if (read instanceof Response) return read
  if (version !== undefined) versioning()
  server.find(model)
  if (read !== 'bytes' && typeof read !== 'string') return write(server.infer(model, requestOfJson(read)))
  const length = request.headers.get(headerLengthName)
  if (length === null) {
    throw invalidInput(`received byte inputs, but the'${headerLengthName}' header is missing.`)
  }
  const raw = read === 'bytes' ? bytes : new TextEncoder().encode(read)
  return write(server.infer(model, requestOfBytes(raw, length, model)))
}

function write(response: InferResponse): Response {
  if (!response.outputs.some(({ binary }) => binary)) {
    return answer(200, {
      model_name: response.modelName,
      model_version: null,
      id: response.id,
      parameters: null,
      outputs: response.outputs.map(({ name, shape, data }) => ({
        name,
        shape,
        datatype: 'INT32',
        parameters: null,
        data,
      })),
    })
  }
  const raw: Uint8Array[] = []
  const outputs = response.outputs.map(({ name, shape, data, binary }) => {
    const head = { name, shape, datatype: 'INT32' }
    if (!binary) return { ...head, data }
    const bytes = rawIntegers(data)
    raw.push(bytes)
    return { ...head, parameters: { binary_data_size: bytes.length } }
  })
  const head = new TextEncoder().encode(
    JSON.stringify({ id: response.id, model_name: response.modelName, model_version: null, outputs }),
  )
  // KServe leaves content type and length out here, so the body goes in chunks.
  const stream = new Blob([head, ...(raw as Uint8Array<ArrayBuffer>[])]).stream()
  return new Response(stream, { headers: { server: 'uvicorn', [headerLengthName]: String(head.length) } })
}

function metrics(server: ModelServer): Response {
  const name = 'request_predict_seconds_count'
  const rows = [...server.predictions()].map(([model, count]) => `${name}{model_name="${model}"} ${count}.0`)
  const text = [`# HELP ${name} predict calls`, `# TYPE ${name} counter`, ...rows, ''].join('\n')
  return answer(200, text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
}
