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
  const top = new Reader(bytes)
  for (let field = top.field(); field !== 0; field = top.field()) {
    if (field !== 1) top.skip()
    else readAttributes(top.part(), request)
  }
  return request
}

type Mutable = { -readonly [K in keyof CheckRequest]: CheckRequest[K] } & { headers: [string, string][] }

function readAttributes(bytes: Uint8Array, request: Mutable): void {
  const attributes = new Reader(bytes)
  for (let field = attributes.field(); field !== 0; field = attributes.field()) {
    // 1 source, 2 destination, 10 context_extensions, 11 metadata_context, 12 tls_session
    if (field !== 4) {
      attributes.skip()
      continue
    }
    const inner = new Reader(attributes.part())
    for (let each = inner.field(); each !== 0; each = inner.field()) {
      if (each === 2) readHttp(inner.part(), request)
      else inner.skip()
    }
  }
}

function readHttp(bytes: Uint8Array, request: Mutable): void {
  const http = new Reader(bytes)
  for (let field = http.field(); field !== 0; field = http.field()) {
    switch (field) {
      case 2:
        request.method = http.text()
        break
      case 3:
        request.headers.push(readPair(http.part()))
        break
      case 4:
        request.path = http.text()
        break
      case 5:
        request.host = http.text()
        break
      case 6:
        request.scheme = http.text()
        break
      case 13:
        // `header_map`, sent instead of `headers` with `encode_raw_headers`.
        readHeaderMap(http.part(), request.headers)
        break
      default:
        http.skip()
    }
  }
}

/** An entry of `map<string, string> headers`, and `HeaderValue` with its `raw_value`. */
function readPair(bytes: Uint8Array): [string, string] {
  const entry = new Reader(bytes)
  let name = ''
  let value = ''
  for (let field = entry.field(); field !== 0; field = entry.field()) {
    if (field === 1) name = entry.text()
    else if (field === 2) value = entry.text()
    else if (field === 3) value = Buffer.from(entry.part()).toString('latin1')
    else entry.skip()
  }
  return [name.toLowerCase(), value]
}

function readHeaderMap(bytes: Uint8Array, headers: [string, string][]): void {
  const map = new Reader(bytes)
  for (let field = map.field(); field !== 0; field = map.field()) {
    if (field === 1) headers.push(readPair(map.part()))
    else map.skip()
  }
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

const OPTIONS = new WeakMap<object, Uint8Array>()

/** `OkHttpResponse` (3 of CheckResponse): what to set, and what to take out. */
export function okResponse({ set, remove }: Allow): Uint8Array {
  const ok = new Writer()
  for (const header of set) {
    let bytes = OPTIONS.get(header)
    if (bytes === undefined) {
      bytes = headerOption(header[0], header[1]).finish()
      OPTIONS.set(header, bytes)
    }
    ok.bytes(2, bytes)
  }
  for (const name of remove) ok.text(5, name)
  return new Writer().message(1, new Writer().int(1, OK)).message(3, ok).finish()
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
