import { getGlobalDispatcher } from 'undici'
import type { Check, CheckAnswer } from '../policy/index.ts'

const largestAnswer = 1024 * 1024

/** Of the line a request came on, or of a body the check has not; `host` is sent from the check's own. */
const NOT_SENT =
  /^(host|connection|proxy-connection|keep-alive|transfer-encoding|content-length|upgrade|expect|te|trailer)$/i

/** Asks a real authorizer over HTTP, as Envoy's `envoyExtAuthzHttp` does; no answer is a failure. */
export async function askByHttp(url: string, check: Check, signal: AbortSignal): Promise<CheckAnswer> {
  try {
    const base = new URL(url)
    // The path as it came: read as a URL, `//host` would lead elsewhere, and `..` would be gone.
    const answer = await getGlobalDispatcher().request({
      origin: base.origin,
      path: base.pathname.replace(/\/$/, '') + check.path,
      method: check.method as 'GET',
      headers: [['host', check.host], ...check.headers.filter(([name]) => !NOT_SENT.test(name))].flat(),
      body: check.body ?? null,
      signal: AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs)]),
    })
    const body = await answer.body.text()
    if (body.length > largestAnswer) return { status: 503, headers: [], failure: 'reset' }
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => [name, one] as const),
    )
    return { status: answer.statusCode, headers, body }
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    return { status: 503, headers: [], failure: late ? 'timeout' : 'reset' }
  }
}
