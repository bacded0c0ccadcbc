import { Fault } from '../../base/index.ts'
import { json } from './go-http.ts'
import { type Answer, type Question, soleHeader } from './question.ts'

/**
 * `release`: exactly what the release answers. `json`: callers that are programs get a 401 they can
 * read in place of a login page or a redirect to one.
 */
export type ApiErrors = 'release' | 'json'

/** Paths only programs call, wherever a release has no list of its own. */
const API_PATH = /\/apis?\/|^\/ml_metadata|\/v[12]\/models\/|^\/serving\//

/**
 * Whether the caller is a program, and a page to sign in at would be lost on it. A browser that opens
 * a page says so: Fetch Metadata `navigate`, or `text/html` in Accept. Whoever says something else
 * (a script's fetch, an image, curl, which takes anything), sends a token, or posts without being a form
 * is a program. Where the mesh forwards none of these headers, the path decides.
 */
export function isApiCaller(question: Question, isApiRoute = (path: string) => API_PATH.test(path)): boolean {
  const { headers, method } = question
  const mode = soleHeader(headers, 'sec-fetch-mode')
  if (mode !== undefined) return mode !== 'navigate'
  if (soleHeader(headers, 'x-requested-with') !== undefined) return true
  const accept = soleHeader(headers, 'accept')
  if (accept !== undefined && /text\/html/i.test(accept)) return false
  if (accept !== undefined && accept.trim() !== '') return true
  if (soleHeader(headers, 'authorization') !== undefined) return true
  if (method !== 'GET' && method !== 'HEAD') return true
  return isApiRoute(question.path) || API_PATH.test(question.path)
}

/** 401 with what a script needs to go on (RFC 6750 §3: no error code, for no token was sent). */
export function apiChallenge(question: Question, login: string): Answer {
  const fault = new Fault('ERR_NOT_SIGNED_IN', { method: question.method, path: question.path })
  const body = {
    error: 'not_signed_in',
    code: fault.number,
    message: fault.message,
    hint: 'run `kfdoor login` against this door, or send `Authorization: Bearer TOKEN`',
    login,
  }
  return json(401, `${JSON.stringify(body)}\n`, [
    ['www-authenticate', 'Bearer realm="kfdoor"'],
    ['cache-control', 'no-store'],
  ])
}
