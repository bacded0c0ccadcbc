import { timingSafeEqual } from 'node:crypto'
import type { Head } from './answering.ts'

/** Who may use a local proxy: its owner's programs, and no web page and no other name for this machine. */
export interface GuardOptions {
  /** Names and addresses that mean this proxy, with port; lower case. Empty = a Unix socket, where Host says nothing. */
  readonly hosts: ReadonlySet<string>
  /** First path segment of every request; undefined = none is asked for. */
  readonly secret?: string
}

/** The secret for clients that choose no path: of gRPC, as metadata. */
export const SECRET_HEADER = 'x-kfdoor-secret'

export type Guarded =
  | { readonly kind: 'pass'; readonly path: string }
  | {
      readonly kind: 'refuse'
      readonly status: 400 | 401 | 403 | 405 | 421
      readonly code: string
      readonly message: string
    }

type Refused = Guarded & { readonly kind: 'refuse' }

const refuse = (status: Refused['status'], code: string, message: string): Refused => ({
  kind: 'refuse',
  status,
  code,
  message,
})

/**
 * The path to ask the door for, or why nothing is asked. Names are compared whole: a name that a
 * stranger's DNS points at 127.0.0.1 is not in the list. A browser says where a request comes from
 * (Origin, Fetch Metadata, Referer); what comes from another site is refused, preflights with it.
 */
export function guard(request: Head, options: GuardOptions): Guarded {
  const { url: target = '/', headers } = request
  const host = hostOf(request.rawHeaders)
  let path = target
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]*)(\/[^#]*)?$/i.exec(target)
    if (absolute === null && target !== '*')
      return refuse(400, 'request-target', 'the request target cannot be read')
    if (absolute && !options.hosts.has((absolute[1] ?? '').toLowerCase())) {
      return refuse(421, 'no-relay', 'this proxy serves one door and relays nothing else')
    }
    path = absolute?.[2] ?? '/'
  }
  if (options.hosts.size > 0 && (host === undefined || !options.hosts.has(host.toLowerCase()))) {
    return refuse(421, 'foreign-host', 'this proxy answers to its own address only')
  }
  const page = foreignPage(headers, options.hosts)
  if (page !== undefined) return page
  // Old browsers say nothing else; a page's own requests name this proxy.
  const referer = one(headers.referer)
  if (referer !== undefined && !isOwn(referer.replace(/^([^:]*:\/\/[^/?#]*).*$/s, '$1'), options.hosts)) {
    return refuse(403, 'foreign-referer', 'a page of another site may not use this proxy')
  }
  // It would send the credential back.
  if (request.method === 'TRACE' || request.method === 'TRACK') {
    return refuse(405, 'method', `this proxy carries no ${request.method}`)
  }
  if (options.secret === undefined) return { kind: 'pass', path }
  // Clients of gRPC cannot write a path; a web page cannot write such a header unasked.
  const told = one(headers[SECRET_HEADER])
  if (told !== undefined && equal(told, options.secret)) return { kind: 'pass', path }
  const [given = '', rest] = split(path)
  if (!equal(given, options.secret)) {
    return refuse(401, 'secret', 'the address this proxy printed holds a secret, and this request does not')
  }
  return { kind: 'pass', path: rest }
}

/**
 * Why a request is refused that a browser sends for a page of another site (Origin, Fetch Metadata);
 * undefined = it does not say so, or nobody is named but these hosts.
 */
export function foreignPage(headers: Head['headers'], hosts: ReadonlySet<string>): Refused | undefined {
  const origin = one(headers.origin)
  if (origin !== undefined && !isOwn(origin, hosts)) {
    return refuse(403, 'foreign-origin', 'a page of another site may not use this proxy')
  }
  const site = one(headers['sec-fetch-site'])
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return refuse(403, 'foreign-site', 'a page of another site may not use this proxy')
  }
  return undefined
}

/**
 * The one Host of a request, in HTTP/2 its `:authority`; written twice it is nobody's, and Node would show
 * the first only.
 */
export function hostOf(raw: readonly string[]): string | undefined {
  let found: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name !== ':authority' && (name.length !== 4 || name.toLowerCase() !== 'host')) continue
    if (found !== undefined) return undefined
    found = raw[i + 1]
  }
  return found
}

/** A header that is there twice is nobody's. */
function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : '\0'
}

function isOwn(origin: string, hosts: ReadonlySet<string>): boolean {
  const found = /^https?:\/\/(.+)$/i.exec(origin)
  return found !== null && hosts.has((found[1] as string).toLowerCase())
}

/** `/SECRET/rest?q` → `SECRET`, `/rest?q`. */
function split(path: string): readonly [string, string] {
  const end = path.slice(1).search(/[/?]/)
  if (end < 0) return [path.slice(1), '/']
  const rest = path.slice(1 + end)
  return [path.slice(1, 1 + end), rest.startsWith('/') ? rest : `/${rest}`]
}

function equal(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
