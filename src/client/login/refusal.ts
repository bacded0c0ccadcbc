import { Fault } from '../../base/index.ts'
import type { Answer } from '../http/agent.ts'
import { doorWords, isHtml } from '../page/door-words.ts'
import { readPage } from '../page/html.ts'

/** The form came back after the password went in. */
interface FormAgain {
  readonly user: string
  readonly words: string
  /** The page announces an error, and does not merely show the form. */
  readonly announced: boolean
}

const csrf = /csrf|more than 1 tabs|cookie .* not present/i
const expired =
  /session (?:error|has expired|expired)|login session|requested resource does not exist|expired auth|invalid or expired|state .*(?:not found|expired)|took too long/i
const limited = /too many|rate limit|try again later|locked/i
const setup = /unregistered redirect_uri|invalid client_id|unauthorized request/i

/**
 * An answer that ends a sign-in, as a fault with the door's own words. Which fault follows from what the
 * door says and with which status, not from which door it is.
 */
export function refusalOf(answer: Answer, door: URL, hint?: string, again?: FormAgain): Error {
  const words = again?.words || doorWords(answer)
  const { status } = answer
  const facts = { door: door.href, words: words || `${status} without a word` }
  if (status === 429 || (limited.test(words) && status >= 400)) {
    return new Fault('ERR_SIGN_IN_LIMITED', {
      ...facts,
      retryAfter: answer.headers.get('retry-after') ?? undefined,
    })
  }
  if (again) {
    return new Fault('ERR_CREDENTIALS_WRONG', {
      ...facts,
      words: again.announced && words ? words : 'it shows the form again',
      user: again.user,
    })
  }
  if (csrf.test(words)) return new Fault('ERR_SIGN_IN_CSRF', { ...facts, hint })
  if (expired.test(words) && !setup.test(words)) return new Fault('ERR_SIGN_IN_EXPIRED', facts)
  if (status >= 500 && status !== 500) {
    return new Fault('ERR_DOOR_UNREACHABLE', {
      url: door.href,
      reason: `it answers ${status}${words ? `: ${words}` : ''}`,
    })
  }
  if (status < 400 && isHtml(answer)) {
    const { title } = readPage(answer.body, answer.url)
    return new Fault('ERR_HTML_ANSWER', {
      url: answer.url.origin + answer.url.pathname,
      status,
      title: title.slice(0, 80),
    })
  }
  return new Fault('ERR_SIGN_IN_REFUSED', { ...facts, status })
}
