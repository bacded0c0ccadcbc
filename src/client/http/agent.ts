import type { ClientHttp2Session } from 'node:http2'
import type { Dispatcher } from 'undici'
import type { Clock } from '../../base/index.ts'
import { failureOf } from './failure.ts'
import { proxyFor } from './proxy-env.ts'
import { type TrustOptions, tlsOptions } from './trust.ts'

export interface AgentOptions extends TrustOptions {
  /** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` are read from here. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** How long connecting may take; default 10 s. */
  readonly connectMs?: number
  /** How long the head of an answer, and each piece of its body, may take; default 60 s. */
  readonly answerMs?: number
}

export interface SendRequest {
  readonly method?: string
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Bytes of the body that are kept; the rest is not even read. Default 1 MiB. */
  readonly limit?: number
}

/** One answer, read to its end or to the limit; redirects are not followed. */
export interface Answer {
  readonly status: number
  readonly url: URL
  readonly headers: Headers
  readonly body: string
  /** The body was longer than the limit and stands here cut off. */
  readonly cut: boolean
  /** The door's clock minus ours in ms, from its `Date` header, which counts whole seconds. */
  readonly skewMs: number
}

export interface Agent {
  /**
   * @throws Fault ERR_HOST_UNKNOWN, ERR_PORT_CLOSED, ERR_DOOR_UNREACHABLE, ERR_CERTIFICATE_UNTRUSTED,
   *   and the signal's own reason when it was aborted
   */
  send(request: SendRequest): Promise<Answer>
  /** Undici's way to a URL, with our trust and proxies: for `fetch` and for forwarding streams. */
  dispatcher(url: URL): Promise<Dispatcher>
  /**
   * An HTTP/2 session with the host of a URL, one for all who ask; for gRPC.
   *
   * @throws as {@link Agent.send}
   */
  http2(url: URL): Promise<ClientHttp2Session>
  /** A failure of that dispatcher as a Fault. */
  explain(error: unknown, url: URL): Promise<Error>
  close(): Promise<void>
}

const MIB = 1024 * 1024

/**
 * HTTP as a client of doors needs it: one hop at a time, no cookies or credentials of its own, a bound
 * on every wait and on every body, and failures as faults a person can act on. Undici is loaded at the
 * first request, so that commands that stay offline start at once.
 */
export function createAgent(options: AgentOptions): Agent {
  const { env = {}, clock, connectMs = 10_000, answerMs = 60_000 } = options
  const dispatchers = new Map<string, Dispatcher>()
  const sessions = new Map<string, Promise<ClientHttp2Session>>()

  async function dispatcher(url: URL): Promise<Dispatcher> {
    const proxy = proxyFor(url, env)
    // One for each host: whoever is spoken to has to prove to be that one, whatever Host is sent.
    const key = `${proxy?.href ?? 'direct'} ${url.hostname}`
    const known = dispatchers.get(key)
    if (known) return known
    const undici = await import('undici')
    // Another caller may have made it meanwhile.
    const made = dispatchers.get(key)
    if (made) return made
    const tls = tlsOptions(options, url)
    const timeouts = { headersTimeout: answerMs, bodyTimeout: answerMs }
    const fresh = proxy
      ? new undici.ProxyAgent({ uri: proxy.href, requestTls: { ...tls, timeout: connectMs }, ...timeouts })
      : new undici.Agent({ connect: { ...tls, timeout: connectMs }, ...timeouts, maxHeaderSize: 128 * 1024 })
    dispatchers.set(key, fresh)
    return fresh
  }

  const explain = (error: unknown, url: URL) =>
    failureOf(error, url, { ...options, proxied: proxyFor(url, env) !== undefined })

  function http2(url: URL): Promise<ClientHttp2Session> {
    const known = sessions.get(url.origin)
    if (known) return known
    const forget = () => {
      if (sessions.get(url.origin) === made) sessions.delete(url.origin)
    }
    const made = (async () => {
      try {
        const { openHttp2 } = await import('./http2.ts')
        const session = await openHttp2({ ...options, url, proxy: proxyFor(url, env), connectMs })
        for (const event of ['close', 'goaway', 'error'] as const) session.once(event, forget)
        return session
      } catch (error) {
        forget()
        throw await explain(error, url)
      }
    })()
    sessions.set(url.origin, made)
    return made
  }

  return {
    dispatcher,
    http2,
    explain,
    async send({ method = 'GET', url, headers = {}, body, signal, limit = MIB }) {
      try {
        const way = await dispatcher(url)
        const answer = await way.request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: method as Dispatcher.HttpMethod,
          headers: { accept: '*/*', 'user-agent': 'kfdoor', ...headers },
          body: body ?? null,
          signal,
        })
        const read = await readBody(answer.body, limit)
        const now = clock()
        const found = new Headers()
        for (const [name, value] of Object.entries(answer.headers)) {
          for (const one of [value ?? []].flat()) found.append(name, one)
        }
        const date = Date.parse(found.get('date') ?? '')
        return {
          status: answer.statusCode,
          url,
          headers: found,
          ...read,
          skewMs: Number.isNaN(date) ? 0 : date - now,
        }
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        throw await explain(error, url)
      }
    },
    async close() {
      const open = [...dispatchers.values()]
      dispatchers.clear()
      const spoken = [...sessions.values()]
      sessions.clear()
      await Promise.all([
        ...open.map((one) => one.destroy()),
        ...spoken.map((one) => one.then((session) => session.destroy()).catch(() => {})),
      ])
    },
  }
}

async function readBody(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown; on(event: 'error', heard: () => void): unknown },
  limit: number,
): Promise<{ body: string; cut: boolean }> {
  const parts: Uint8Array[] = []
  let [size, cut] = [0, false]
  for await (const part of body) {
    parts.push(part)
    size += part.length
    if (size > limit) {
      cut = true
      break
    }
  }
  if (cut) {
    body.on('error', () => {})
    body.destroy()
  }
  return { body: Buffer.concat(parts).subarray(0, limit).toString('utf8'), cut }
}
