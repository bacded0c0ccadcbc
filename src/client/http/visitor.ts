import { Fault } from '../../base/index.ts'
import type { Agent, Answer } from './agent.ts'
import type { CookieJar } from './cookie-jar.ts'
import { isLoopback } from './proxy-env.ts'

/** One step of a walk: what was asked and how it was answered. Query strings are kept out of faults. */
export interface Hop {
  readonly method: string
  readonly url: URL
  readonly status: number
  readonly cookies: readonly string[]
}

export type Walked =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The door sends to another origin; nothing was sent there. */
  | { readonly kind: 'leaves'; readonly from: Answer; readonly to: URL }

export interface Visitor {
  readonly jar: CookieJar
  readonly hops: readonly Hop[]
  /** Whether cookies and forms may go to this URL. */
  mayVisit(url: URL): boolean
  /** One hop; nothing followed. */
  ask(
    url: URL,
    options?: { headers?: Readonly<Record<string, string>>; signal?: AbortSignal },
  ): Promise<Answer>
  /** Follows what an answer says, to the first that is no redirect. */
  follow(answer: Answer): Promise<Walked>
  /** Submits a form's fields the way its page says, and follows. */
  submit(method: 'GET' | 'POST', action: URL, fields: URLSearchParams): Promise<Walked>
}

export interface VisitorOptions {
  readonly agent: Agent
  readonly jar: CookieJar
  readonly door: URL
  /** More origins that belong to this door's sign-in, for example a Dex with a host of its own. */
  readonly trustedOrigins?: readonly string[]
  /** Sent with every request to the door: what other programs would send too. */
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

const MOST_HOPS = 20

/** A door's sign-in has its pages in English where it speaks several languages, so words can be repeated. */
export const asBrowser = {
  accept: 'text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8',
  'accept-language': 'en',
}

/**
 * Walks through a door as a browser does, one hop at a time and by hand: cookies of a jar, relative
 * redirects, forms. Other than a browser it never leaves the door's origin: where a redirect would, the
 * walk ends and says so. Plain HTTP to HTTPS on the same host is the same door.
 */
export function createVisitor({
  agent,
  jar,
  door,
  trustedOrigins = [],
  headers: own = {},
  signal,
}: VisitorOptions): Visitor {
  const hops: Hop[] = []
  const origins = new Set([door.origin, ...trustedOrigins])
  const mayVisit = (url: URL) => origins.has(url.origin)

  async function send(
    method: string,
    url: URL,
    extra: Readonly<Record<string, string>> = {},
    body?: string,
    aborted = signal,
  ): Promise<Answer> {
    if (!mayVisit(url)) throw new Fault('ERR_FOREIGN_ORIGIN', { door: door.origin, target: url.origin })
    const cookie = jar.header(url)
    const answer = await agent.send({
      method,
      url,
      signal: aborted,
      headers: { ...asBrowser, ...own, ...extra, ...(cookie === undefined ? {} : { cookie }) },
      body,
    })
    const set = answer.headers.getSetCookie()
    jar.take(url, set, answer.skewMs)
    hops.push({ method, url, status: answer.status, cookies: set.map((line) => line.split('=')[0] ?? '') })
    return answer
  }

  async function follow(
    first: Answer,
    sent?: { method: string; body?: string; type?: string },
  ): Promise<Walked> {
    let answer = first
    let again = sent
    const paths: string[] = []
    for (;;) {
      const to = targetOf(answer)
      if (!to) return { kind: 'answer', answer }
      paths.push(answer.url.pathname)
      if (paths.length > MOST_HOPS)
        throw new Fault('ERR_REDIRECT_LOOP', { door: door.origin, paths: shorten(paths) })
      if (!mayVisit(to)) {
        if (!sameHostOverTls(answer.url, to) || !mayVisit(answer.url))
          return { kind: 'leaves', from: answer, to }
        origins.add(to.origin)
      }
      // 307 and 308 keep method and body; everything else becomes a GET, as browsers do (Fetch §4.4).
      if (answer.status !== 307 && answer.status !== 308) again = undefined
      answer = await send(
        again?.method ?? 'GET',
        to,
        again?.type ? { 'content-type': again.type } : {},
        again?.body,
      )
    }
  }

  return {
    jar,
    hops,
    mayVisit,
    ask: (url, options) => send('GET', url, options?.headers, undefined, options?.signal ?? signal),
    follow,
    async submit(method, action, fields) {
      if (method === 'GET') {
        const url = new URL(action)
        url.search = fields.toString()
        return follow(await send('GET', url))
      }
      const [type, body] = ['application/x-www-form-urlencoded', fields.toString()]
      return follow(await send('POST', action, { 'content-type': type }, body), {
        method: 'POST',
        body,
        type,
      })
    },
  }
}

/** Where an answer redirects to; undefined when it does not, or its Location cannot be read. */
export function targetOf(answer: Answer): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined
  const location = answer.headers.get('location')
  if (location === null) return undefined
  try {
    const to = new URL(location, answer.url)
    if (to.protocol !== 'http:' && to.protocol !== 'https:') return undefined
    to.hash = ''
    return to
  } catch {
    return undefined
  }
}

/** `http://host` to `https://host`: `httpsRedirect` of a Gateway; on this machine the ports may differ. */
export function sameHostOverTls(from: URL, to: URL): boolean {
  if (from.protocol !== 'http:' || to.protocol !== 'https:') return false
  return from.hostname === to.hostname || (isLoopback(from.hostname) && isLoopback(to.hostname))
}

/** The turn of a loop once, not twenty times. */
function shorten(paths: readonly string[]): readonly string[] {
  const last = paths.at(-1)
  const before = paths.lastIndexOf(last as string, -2)
  return paths.slice(before < 0 ? -4 : before)
}
