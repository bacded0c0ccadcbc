import type { HeaderList } from '../../../policy/index.ts'
import { pageHeaders } from '../../pages/layout.ts'
import { errorPage, languageOf, signInPage } from '../../pages/oauth2-proxy-pages.ts'
import { returnTarget } from '../../relying-party/return-target.ts'
import { statusText } from '../go-http.ts'
import type { Answer, Question } from '../question.ts'
import type { Front } from './front.ts'

export const noCache: HeaderList = [
  ['cache-control', 'no-cache, no-store, must-revalidate, max-age=0'],
  ['expires', 'Thu, 01 Jan 1970 00:00:00 UTC'],
]

export const forbidden: Answer = { ...statusText(403, 'Forbidden'), about: { kind: 'refused' } }

/** Also to a browser whose session is over: it forgets the cookie. */
export const unauthorized = ({ cookies }: Front, question: Question, more: HeaderList = []): Answer =>
  statusText(401, 'Unauthorized', [...cookies.forgetSession(question), ...more])

export const showError = (
  { prefix }: Front,
  question: Question,
  status: number,
  message: string,
  headers: HeaderList = [],
): Answer => ({
  status,
  headers: [...headers, ...pageHeaders],
  body: errorPage(languageOf(question.headers), prefix, status, message),
})

export function unavailable(front: Front, question: Question, reason: string): Answer {
  front.log({ event: 'unavailable', reason })
  const answer = showError(front, question, 503, 'The issuer does not answer. Please try again.')
  return { ...answer, about: { kind: 'unavailable' } }
}

/** The page that offers the ways in. */
export const showSignIn = (front: Front, question: Question, status: 200 | 403): Answer => ({
  status,
  headers: [...front.cookies.forgetSession(question), ...pageHeaders],
  body: signInPage(languageOf(question.headers), front.prefix, front.ways, wantedBy(front, question)),
})

/** Where the browser goes afterwards: what it asked for, or what `rd` names. */
export const wantedBy = (front: Front, { query, path, target }: Question): string =>
  returnTo(front, query.get('rd') ?? (path.startsWith(`${front.prefix}/`) ? '/' : target))

/** The door itself, when the way back would lead into the sign-in again. */
export function returnTo({ prefix, settings }: Front, text: string | null): string {
  const to = returnTarget(text, settings.whitelistDomains)
  return to === prefix || to.startsWith(`${prefix}/`) || to.startsWith(`${prefix}?`) ? '/' : to
}
