import type { HeaderList } from '../../policy/index.ts'
import type { Allow, Refuse } from '../check.ts'
import { Reader, Writer } from './wire.ts'

/**
 * What a check needs of `envoy.service.auth.v3.CheckRequest`, with the field numbers of Envoy's API
 * (api/envoy/service/auth/v3/{attribute_context,external_auth}.proto).
 */
export interface CheckRequest {
  readonly method: string
  /** `attributes.request.http.path`: it decides, whatever the copy in the headers says. */
  readonly path: string
  readonly host: string
  readonly scheme: string
  readonly headers: HeaderList
}

/** @throws RangeError when the bytes are no such message */
export function readCheckRequest(bytes: Uint8Array): CheckRequest {
  const request = { method: '', path: '', host: '', scheme: '', headers: [] as [string, string][] }
  const reader = new Reader(bytes)
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field !== 1) reader.skip()
    else readAttributes(reader, request)
  }
  return request
}

type Mutable = { -readonly [K in keyof CheckRequest]: CheckRequest[K] } & { headers: [string, string][] }

function readAttributes(reader: Reader, request: Mutable): void {
  const outer = reader.enter()
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    // 1 source, 2 destination, 10 context_extensions, 11 metadata_context, 12 tls_session
    if (field !== 4) {
      reader.skip()
      continue
    }
    const attributes = reader.enter()
    for (let each = reader.field(); each !== 0; each = reader.field()) {
      if (each === 2) readHttp(reader, request)
      else reader.skip()
    }
    reader.leave(attributes)
  }
  reader.leave(outer)
}

function readHttp(reader: Reader, request: Mutable): void {
  const outer = reader.enter()
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    switch (field) {
      case 2:
        request.method = reader.text()
        break
      case 3:
        request.headers.push(readPair(reader))
        break
      case 4:
        request.path = reader.text()
        break
      case 5:
        request.host = reader.text()
        break
      case 6:
        request.scheme = reader.text()
        break
      case 13:
        // `header_map`, sent instead of `headers` with `encode_raw_headers`.
        readHeaderMap(reader, request.headers)
        break
      default:
        reader.skip()
    }
  }
  reader.leave(outer)
}

/** An entry of `map<string, string> headers`, and `HeaderValue` with its `raw_value`. */
function readPair(reader: Reader): [string, string] {
  const outer = reader.enter()
  let name = ''
  let value = ''
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) name = reader.text()
    else if (field === 2) value = reader.text()
    else if (field === 3) value = Buffer.from(reader.part()).toString('latin1')
    else reader.skip()
  }
  reader.leave(outer)
  return [name.toLowerCase(), value]
}

function readHeaderMap(reader: Reader, headers: [string, string][]): void {
  const outer = reader.enter()
  for (let field = reader.field(); field !== 0; field = reader.field()) {
    if (field === 1) headers.push(readPair(reader))
    else reader.skip()
  }
  reader.leave(outer)
}

/** google.rpc.Code */
const OK = 0
const PERMISSION_DENIED = 7
const UNAUTHENTICATED = 16
const UNAVAILABLE = 14

/**
 * `HeaderValueOption` that overwrites: `append` is there and false, which every Envoy since 1.12
 * reads as "set", while the newer `append_action` is not known to older ones.
 */
function headerOption(name: string, value: string): Writer {
  // Our values are one char per byte; on this wire they are UTF-8.
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return new Writer().message(1, new Writer().text(1, name).text(2, text)).message(2, new Writer())
}

const made = new WeakMap<HeaderList, { readonly remove: readonly string[]; readonly bytes: Uint8Array }>()

/**
 * `OkHttpResponse` (3 of CheckResponse): what to set, and what to take out. What a session or token sets
 * is one list, so its answer is made once.
 */
export function okResponse({ set, remove, isNew }: Pick<Allow, 'set' | 'remove' | 'isNew'>): Uint8Array {
  const known = made.get(set)
  if (known !== undefined && known.remove === remove) return known.bytes
  const ok = new Writer()
  for (const [name, value] of set) ok.message(2, headerOption(name, value))
  for (const name of remove) ok.text(5, name)
  const bytes = new Writer().message(1, new Writer().int(1, OK)).message(3, ok).finish()
  if (!isNew) made.set(set, { remove, bytes })
  return bytes
}

/**
 * `DeniedHttpResponse` (2 of CheckResponse). Several cookies are several headers, and none of them
 * says `append`: of a refusal Envoy adds every header that overwrites, as often as it is there, and
 * drops the ones that append (source/extensions/filters/http/ext_authz/ext_authz.cc).
 */
export function deniedResponse({ status, headers, body, reason }: Refuse | Denied): Uint8Array {
  const denied = new Writer().message(1, new Writer().int(1, status))
  for (const [name, value] of headers)
    denied.message(
      2,
      new Writer().message(1, new Writer().text(1, name).text(2, value)).message(2, new Writer()),
    )
  denied.text(3, body)
  const code = status === 401 ? UNAUTHENTICATED : status >= 500 ? UNAVAILABLE : PERMISSION_DENIED
  return new Writer().message(1, new Writer().int(1, code).text(2, reason)).message(2, denied).finish()
}

interface Denied {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
  readonly reason: string
}
