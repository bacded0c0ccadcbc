import { Fault } from '../base/index.ts'
import type { DoorFetch } from './door-fetch.ts'
import { doorWords, isHtml } from './page/door-words.ts'
import { readPage } from './page/html.ts'

export interface JsonCall {
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  readonly form?: FormData
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/**
 * One call that answers JSON. Anything else is a fault with what the door or the server said.
 *
 * @throws Fault ERR_DOOR_REFUSED with status and words, ERR_HTML_ANSWER for a page, and those of `fetch`
 */
export async function callJson<T>(fetch: DoorFetch, url: URL, call: JsonCall = {}): Promise<T> {
  const response = await fetch(url, {
    method: call.method ?? 'GET',
    headers: {
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    body: call.form ?? (call.body === undefined ? undefined : JSON.stringify(call.body)),
    signal: call.signal,
  })
  const body = await response.text()
  const { status, headers } = response
  const where = `${url.origin}${url.pathname}`
  if (!response.ok) {
    const words = doorWords({ status, headers, url, body: body.slice(0, 64 * 1024) })
    throw new Fault('ERR_DOOR_REFUSED', { url: where, status, words: words || 'no words' })
  }
  if (isHtml({ headers, body })) {
    const { title } = readPage(body.slice(0, 64 * 1024), url)
    throw new Fault('ERR_HTML_ANSWER', { url: where, status, title: title.slice(0, 80) })
  }
  if (body === '') return {} as T
  try {
    return JSON.parse(body) as T
  } catch {
    throw new Fault('ERR_HTML_ANSWER', { url: where, status, title: 'not JSON' })
  }
}
