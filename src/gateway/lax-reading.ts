import type { DoorRequest } from '../policy/index.ts'

/**
 * The laxest reading of a request that some backend may use: percent-decoding once (overlong UTF-8
 * dots and slashes too), `\` as `/`, NUL dropped, `;…` dropped in each segment, slashes merged, dot
 * segments resolved; the host in lower case without final dot and port. `undefined` where it is the
 * request as it stands, which is nearly always: then one decision is enough.
 */
export function laxReading(request: DoorRequest): DoorRequest | undefined {
  const mark = request.path.indexOf('?')
  const path = mark === -1 ? request.path : request.path.slice(0, mark)
  const plainPath = isPlain(path)
  const host = laxHost(request.host)
  if (plainPath && host === request.host) return undefined
  const query = mark === -1 ? '' : request.path.slice(mark)
  return { ...request, host, path: plainPath ? request.path : laxPath(path) + query }
}

/** One pass over the characters: nothing in it that two readers could read differently. */
function isPlain(path: string): boolean {
  let before = 0
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at)
    // % ; \ # and everything outside printable ASCII
    if (code === 0x25 || code === 0x3b || code === 0x5c || code === 0x23 || code <= 0x20 || code >= 0x7f)
      return false
    // a slash or a dot after a slash
    if (before === 0x2f && (code === 0x2f || code === 0x2e)) return false
    before = code
  }
  return true
}

function laxHost(host: string): string {
  for (let at = 0; at < host.length; at++) {
    const code = host.charCodeAt(at)
    if ((code >= 0x41 && code <= 0x5a) || code === 0x3a) return canonicalHost(host)
  }
  return host.endsWith('.') ? canonicalHost(host) : host
}

function canonicalHost(host: string): string {
  const bare = host.toLowerCase().replace(/:\d*$/, '')
  return bare.startsWith('[') ? bare : bare.replace(/\.$/, '')
}

/** Exported for its table of tests; takes a path without query. */
export function laxPath(path: string): string {
  const cut = path.indexOf('#')
  const bytes = decodeOnce(cut === -1 ? path : path.slice(0, cut))
  const segments: string[] = []
  for (const segment of bytes.replaceAll('\\', '/').replaceAll('\0', '').split('/')) {
    const end = segment.indexOf(';')
    const name = end === -1 ? segment : segment.slice(0, end)
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  // A directory stays one, so that `/admin/` is not read as `/admin`.
  const last = /(?:^|[/\\])\.{0,2}(?:;[^/\\]*)?$/.test(bytes) && segments.length > 0 ? '/' : ''
  return `/${segments.map(encode).join('/')}${last}`
}

/** Bytes as latin1. A `%` that starts no escape stays one. */
function decodeOnce(path: string): string {
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  // Overlong UTF-8 (RFC 3629 §3 forbids it, old decoders take it): `.`, `/` and `\` in 2, 3 and 4 bytes.
  return decoded.replace(
    /\xc0([\xae\xaf])|\xc1(\x9c)|\xe0\x80([\xae\xaf])|\xe0\x81(\x9c)|\xf0\x80\x80([\xae\xaf])|\xf0\x80\x81(\x9c)/g,
    (text) => {
      switch (text.charCodeAt(text.length - 1)) {
        case 0xae:
          return '.'
        case 0xaf:
          return '/'
        default:
          return '\\'
      }
    },
  )
}

/** Back to a request target: what has to be escaped is, in one spelling. */
function encode(segment: string): string {
  return segment.replace(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
