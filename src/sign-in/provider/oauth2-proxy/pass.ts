import { andThen } from '../../../base/index.ts'
import type { Session } from '../../sessions/sessions.ts'
import { type ApiErrors, apiChallenge, isApiCaller } from '../api-errors.ts'
import { readingsOf } from '../exempt-path.ts'
import { encodeQuery, json, text } from '../go-http.ts'
import type { OAuth2ProxySettings } from '../oauth2-proxy-settings.ts'
import { type Answer, type Question, soleHeader } from '../question.ts'
import { forbidden, showError, showSignIn, unavailable, wantedBy } from './answers.ts'
import type { Front } from './front.ts'
import { identityHeaders } from './identity-headers.ts'
import type { createKeptSessions, Found, FoundSession } from './kept-sessions.ts'
import type { createSignIn } from './sign-in.ts'

/** Whether a request may pass the door, and what whoever may not is told: a page, a redirect, or `{}`. */
export function createPass(
  front: Front,
  { find }: Pick<ReturnType<typeof createKeptSessions>, 'find'>,
  { startAnew }: Pick<ReturnType<typeof createSignIn>, 'startAnew'>,
  apiErrors: ApiErrors,
): (question: Question) => Answer | Promise<Answer> {
  const { settings, prefix, cookies } = front
  /** Every request of a session is let in by the same answer, so it is made once. */
  const letIn = new WeakMap<Session, Answer>()
  const admit = (found: FoundSession): Answer => {
    let answer = letIn.get(found.session)
    if (answer === undefined) {
      answer = admitted(settings, 200, found)
      letIn.set(found.session, answer)
    }
    return answer
  }
  const isApiRoute = (path: string) => settings.apiRoutes.some((route) => route.matches(path))

  const turnAway = async (question: Question, kind: Exclude<Found['kind'], 'session'>): Promise<Answer> => {
    if (kind === 'forbidden') return forbidden
    if (isExempt(settings, question)) return { ...text(200, 'Authenticated'), about: { kind: 'exempt' } }
    if (kind === 'denied') {
      const gone = cookies.forgetSession(question)
      const refusal = wantsJson(settings, question)
        ? json(403, '{}')
        : showError(front, question, 403, 'The session failed authorization checks', gone)
      return { ...refusal, about: { kind: 'refused' } }
    }
    if (kind === 'unreachable') return unavailable(front, question, 'the keys of an issuer cannot be had')
    if (apiErrors === 'json' && isApiCaller(question, isApiRoute)) {
      const login = `${prefix}/start?${encodeQuery({ rd: wantedBy(front, question) })}`
      return { ...apiChallenge(question, login), about: { kind: 'nobody', api: { login } } }
    }
    const challenge =
      wantsJson(settings, question) || isApiRoute(question.path)
        ? json(401, '{}', cookies.forgetSession(question))
        : await (settings.skipProviderButton ? startAnew(question) : showSignIn(front, question, 403))
    return { ...challenge, about: { kind: 'nobody' } }
  }

  return (question) =>
    andThen(find(question), (found) =>
      found.kind === 'session' ? admit(found) : turnAway(question, found.kind),
    )
}

/** 200 lets a request through; 202 is what `/oauth2/auth` says. */
export const admitted = (
  settings: OAuth2ProxySettings,
  status: 200 | 202,
  { session, by }: FoundSession,
): Answer => ({
  ...text(status, 'Authenticated', identityHeaders(settings, session)),
  about: { kind: 'admitted', user: session.user, by },
})

const isExempt = ({ skipAuthPreflight, skipAuthRoutes }: OAuth2ProxySettings, { method, path }: Question) =>
  (skipAuthPreflight && method === 'OPTIONS') ||
  skipAuthRoutes.some(
    (route) =>
      (route.method === undefined || route.method === method) &&
      readingsOf(path).every((reading) => route.matches(reading) !== route.negated),
  )

const wantsJson = ({ forceJsonErrors }: OAuth2ProxySettings, { headers }: Question) =>
  forceJsonErrors ||
  (soleHeader(headers, 'accept') ?? '').split(',').some((one) => one.trim() === 'application/json')
