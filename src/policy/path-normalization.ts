/**
 * What Envoy makes of a request target before anything looks at it, per level of
 * `meshConfig.pathNormalization`. Agrees with envoy `source/common/http/path_utility.cc` and the
 * copy of Chromium's `url_canon_path.cc` inside it.
 */
export interface PathRules {
  /** Resolve `.` and `..`, turn `\` into `/`, decode unreserved characters. */
  readonly normalize: boolean
  readonly mergeSlashes: boolean
  readonly escapedSlashes: 'keep' | 'unescape' | 'unescape-and-redirect' | 'reject'
}

/** `listener_builder.go`, buildHTTPConnectionManager. Unknown levels count as DEFAULT. */
export function pathRules(level: string): PathRules {
  switch (level) {
    case 'NONE':
      return { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' }
    case 'MERGE_SLASHES':
      return { normalize: true, mergeSlashes: true, escapedSlashes: 'keep' }
    case 'DECODE_AND_MERGE_SLASHES':
      return { normalize: true, mergeSlashes: true, escapedSlashes: 'unescape' }
    default:
      return { normalize: true, mergeSlashes: false, escapedSlashes: 'keep' }
  }
}

export type PathOutcome =
  | { readonly kind: 'path'; readonly path: string }
  /** 400. */
  | { readonly kind: 'reject' }
  /** 307 to the path with its slashes decoded. */
  | { readonly kind: 'redirect'; readonly path: string }

/** The query stays as it was sent. */
export function normalizePath(target: string, rules: PathRules): PathOutcome {
  // `OPTIONS *` has no path.
  if (target === '*') return { kind: 'path', path: target }
  const mark = target.indexOf('?')
  const query = mark === -1 ? '' : target.slice(mark)
  let path = mark === -1 ? target : target.slice(0, mark)
  let redirect = false
  if (rules.escapedSlashes !== 'keep' && /%2f|%5c/i.test(path)) {
    if (rules.escapedSlashes === 'reject') return { kind: 'reject' }
    redirect = rules.escapedSlashes === 'unescape-and-redirect'
    path = path.replace(/%2f/gi, '/').replace(/%5c/gi, '\\')
  }
  if (rules.normalize && needsWork(path)) {
    const canonical = canonicalPath(path)
    if (canonical === undefined) return { kind: 'reject' }
    path = canonical
  }
  if (rules.mergeSlashes && path.includes('//')) {
    const parts = path.split('/').filter((part) => part !== '')
    // As Envoy joins them: of nothing but slashes two are left.
    path = `/${parts.join('/')}${path.endsWith('/') ? '/' : ''}`
  }
  return { kind: redirect ? 'redirect' : 'path', path: path + query }
}

/** Plain paths, nearly all of them, are left alone without a copy. */
function needsWork(path: string): boolean {
  if (path.charCodeAt(0) !== 47) return path !== ''
  for (let i = 1; i < path.length; i++) {
    const kind = characters[path.charCodeAt(i)]
    if (kind !== keep) return true
  }
  return false
}

const keep = 0
const escaped = 1
const decode = 2
const dot = 3

/** Per character: stays as written, is escaped, is decoded where it is escaped, or is a dot. */
const characters = new Uint8Array(256).fill(escaped)
for (const character of "!$&'()*+,/:;=@[]") characters[character.charCodeAt(0)] = keep
for (let code = 0; code < 128; code++) {
  if (/[-\w~]/.test(String.fromCharCode(code))) characters[code] = keep
}
characters[46] = dot
const decodable = new Uint8Array(256)
for (let code = 0; code < 128; code++) {
  if (/[-\w~]/.test(String.fromCharCode(code))) decodable[code] = decode
}

/** `undefined` where Envoy answers 400: a NUL, plain or escaped. */
function canonicalPath(path: string): string | undefined {
  let out = path.startsWith('/') ? '' : '/'
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    const dotLength = isDot(path, i)
    if (dotLength > 0) {
      if (!out.endsWith('/')) {
        out += '.'
        i += dotLength - 1
        continue
      }
      const next = i + dotLength
      const second = isDot(path, next)
      if (next >= path.length || isSlash(path, next)) {
        // `/.` is dropped, with the slash that follows it.
        i = next - 1 + (next < path.length ? 1 : 0)
      } else if (second > 0 && (next + second >= path.length || isSlash(path, next + second))) {
        out = upOne(out)
        i = next + second - 1 + (next + second < path.length ? 1 : 0)
      } else {
        out += '.'
        i = next - 1
      }
    } else if (code === 92) {
      out += '/'
    } else if (code === 37) {
      const value = escapedValue(path, i)
      if (value === undefined) {
        out += '%'
      } else if (value === 0) {
        return undefined
      } else {
        out += decodable[value] === decode ? String.fromCharCode(value) : path.slice(i, i + 3)
        i += 2
      }
    } else if (code === 0) {
      return undefined
    } else if (code > 255 || characters[code] === escaped) {
      out += encodeURIComponent(path[i] ?? '')
    } else {
      out += path[i]
    }
  }
  return out
}

function isSlash(path: string, at: number): boolean {
  const code = path.charCodeAt(at)
  return code === 47 || code === 92
}

/** How long the dot that begins here is: `.`, `%2e`, or 0 for none. */
function isDot(path: string, at: number): number {
  if (path.charCodeAt(at) === 46) return 1
  return path.charCodeAt(at) === 37 && escapedValue(path, at) === 46 ? 3 : 0
}

function escapedValue(path: string, at: number): number | undefined {
  const hex = path.slice(at + 1, at + 3)
  return /^[0-9a-fA-F]{2}$/.test(hex) ? Number.parseInt(hex, 16) : undefined
}

/** Never above the root. */
function upOne(path: string): string {
  return path === '/' ? path : path.slice(0, path.lastIndexOf('/', path.length - 2) + 1)
}
