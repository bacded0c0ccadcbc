import type { Dispatcher } from 'undici'
import { Fault } from '../base/index.ts'
import { challengeOf, isSignInPage } from './challenge.ts'
import type { DoorSession } from './door-session.ts'
import type { Agent } from './http/agent.ts'

export interface DoorFetchOptions {
  readonly door: URL
  /** As people call it; for faults. */
  readonly name: string
  readonly agent: Agent
  readonly session: DoorSession
}

/**
 * The web's `fetch`, through a door: a path is one of the door's, redirects stay inside it, and the credential is
 * renewed where the door asks for one. Statuses are answers, as ever; what rejects:
 *
 * - `ERR_FOREIGN_ORIGIN`: the URL, or a redirect, is another site; nothing was sent there
 * - `ERR_CREDENTIALS_EXPIRED`: the door wants a sign-in that cannot be repeated
 * - `ERR_HOST_UNKNOWN`, `ERR_PORT_CLOSED`, `ERR_DOOR_UNREACHABLE`, `ERR_CERTIFICATE_UNTRUSTED`: it was not reached
 * - the signal's own reason, when it aborts
 *
 * @example
 * const answer = await door.fetch('/pipeline/apis/v2beta1/healthz', { signal: AbortSignal.timeout(10_000) })
 */
export type DoorFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

const MOST_HOPS = 20
const PEEK = 16 * 1024

/**
 * `fetch` of the web platform, through a door: a path is one of the door's, the credential goes along, and
 * a challenge is answered by renewing it and asking once more. What cannot be sent twice (a stream, a
 * `Request` with a body) is not asked again. A login page never comes back as if it were data.
 *
 * Rejects with `ERR_FOREIGN_ORIGIN` for another site, with `ERR_CREDENTIALS_EXPIRED` where the door wants a
 * person, and with the fault of what could not be reached; an abort rejects with the signal's reason.
 */
export function createDoorFetch({ door, name, agent, session }: DoorFetchOptions): DoorFetch {
  return async (input, init = {}) => {
    const request = input instanceof Request ? input : undefined
    let url = new URL(request ? request.url : (input as string | URL), door)
    if (url.origin !== door.origin) throw foreign(url)
    let method = (init.method ?? request?.method ?? 'GET').toUpperCase()
    let body: BodyInit | null = init.body ?? request?.body ?? null
    const own = new Headers(init.headers ?? request?.headers)
    const signal = init.signal ?? request?.signal ?? null
    if (body instanceof FormData) {
      // Undici knows only its own class of that name.
      const encoded = new Response(body)
      own.set('content-type', encoded.headers.get('content-type') ?? '')
      body = await encoded.arrayBuffer()
    }
    const replayable = !(body instanceof ReadableStream) && !isIterator(body)
    const follows = (init.redirect ?? request?.redirect ?? 'follow') === 'follow'

    let renewed = false
    for (let hops = 0; ; hops++) {
      const pass = await session.pass(url)
      const headers = new Headers(own)
      if (!own.has('authorization') && !own.has('cookie')) {
        for (const [key, value] of Object.entries(pass.headers)) headers.set(key, value)
      }
      const answer = await send(url, { ...init, method, headers, body, signal, redirect: 'manual' })
      const { asks, response } = await challenged(answer, url)
      if (asks) {
        if (!renewed && replayable && (await session.refused(pass.version))) {
          renewed = true
          await response.body?.cancel()
          continue
        }
        // An application behind the door has a 401 of its own, with words for its client.
        if (response.status === 401) return response
        await response.body?.cancel()
        throw new Fault('ERR_CREDENTIALS_EXPIRED', { door: name, next: `kfdoor login ${door.href}` })
      }
      const to = follows ? redirectOf(response, url) : undefined
      if (!to) return response
      if (hops >= MOST_HOPS)
        throw new Fault('ERR_REDIRECT_LOOP', { door: door.origin, paths: [url.pathname, to.pathname] })
      if (to.origin !== door.origin) throw foreign(to)
      const keeps = response.status === 307 || response.status === 308
      if (keeps && !replayable && body !== null) return response
      await response.body?.cancel()
      if (!keeps && method !== 'HEAD' && !(method === 'GET')) {
        method = 'GET'
        body = null
        for (const key of ['content-type', 'content-length', 'content-encoding']) own.delete(key)
      }
      url = to
    }
  }

  function foreign(url: URL): Error {
    return new Fault('ERR_FOREIGN_ORIGIN', { door: door.origin, target: url.origin })
  }

  async function send(url: URL, init: RequestInit): Promise<Response> {
    try {
      const [{ fetch }, direct] = await Promise.all([import('undici'), agent.dispatcher(url)])
      const host = new Headers(init.headers).get('host')
      const dispatcher = host === null ? direct : direct.compose(sendingHost(host, url))
      const streams = init.body instanceof ReadableStream || isIterator(init.body)
      const options = { ...init, dispatcher, ...(streams ? { duplex: 'half' } : {}) }
      return (await fetch(url, options as Parameters<typeof fetch>[1])) as unknown as Response
    } catch (error) {
      if (init.signal?.aborted) throw init.signal.reason
      throw await agent.explain(error, url)
    }
  }
}

/**
 * Gateways route to models by the Host header, which `fetch` writes from the URL whatever one asks for: it
 * is put in below it.
 */
function sendingHost(host: string, url: URL): Dispatcher.DispatcherComposeInterceptor {
  // Not the Host header's: TLS is spoken with the door.
  const servername = /^[\d.]+$|:/.test(url.hostname) ? undefined : url.hostname
  return (dispatch) => (options, handler) => {
    const given = options.headers
    const headers: Record<string, string | string[] | undefined> = {}
    const entries = Array.isArray(given)
      ? given.flatMap((name, i) => (i % 2 === 0 ? [[name, given[i + 1]]] : []))
      : Object.entries(given ?? {})
    for (const [name, value] of entries as [string, string][]) {
      if (name.toLowerCase() !== 'host') headers[name] = value
    }
    const sent: Dispatcher.DispatchOptions & { servername?: string } = {
      ...options,
      headers: { ...headers, host },
      servername,
    }
    return dispatch(sent, handler)
  }
}

/** Whether an answer is the door's challenge; the response that comes back can still be read in full. */
async function challenged(response: Response, url: URL): Promise<{ asks: boolean; response: Response }> {
  const { status, headers } = response
  const asks = challengeOf({ status, url, header: (key) => headers.get(key) })
  if (asks !== 'read' || !response.body) return { asks: asks === 'yes', response }
  const [peeked, whole] = response.body.tee()
  const text = await firstOf(peeked)
  const kept = new Response(whole, { status, statusText: response.statusText, headers: [...headers] })
  return { asks: isSignInPage(text, url), response: kept }
}

async function firstOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  while (size < PEEK) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    size += value.length
  }
  // Not awaited: a half of a tee that is cancelled waits for the other.
  reader.cancel().catch(() => {})
  return Buffer.concat(parts).subarray(0, PEEK).toString('utf8')
}

function redirectOf({ status, headers }: Response, url: URL): URL | undefined {
  const location = headers.get('location')
  if (location === null || ![301, 302, 303, 307, 308].includes(status)) return undefined
  return URL.canParse(location, url.href) ? new URL(location, url) : undefined
}

const isIterator = (body: unknown) =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !(body instanceof Blob)
