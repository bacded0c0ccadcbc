import { deadline, guarded } from '../../relying-party/back-channel.ts'
import type { Session } from '../../sessions/sessions.ts'
import { encodeQuery, redirect, withQuery } from '../go-http.ts'
import type { ProviderPorts } from '../provider.ts'
import type { Answer, Question } from '../question.ts'
import { noCache, returnTo } from './answers.ts'
import type { Front } from './front.ts'
import type { createKeptSessions } from './kept-sessions.ts'

/** `/oauth2/sign_out`: the session ends here, and at the issuer and a backend where that is wanted. */
export function createSignOut(
  front: Front,
  { endCurrent }: Pick<ReturnType<typeof createKeptSessions>, 'endCurrent'>,
  { fetch }: Pick<ProviderPorts, 'fetch'>,
): (question: Question) => Promise<Answer> {
  const { settings, cookies, wayOf, log } = front

  /** At the issuer too, where that is wanted and it has a place for it (RP-Initiated Logout §2). */
  const locationAfter = async (question: Question, session: Session | undefined): Promise<string> => {
    const to = returnTo(front, question.query.get('rd'))
    if (!settings.signOutAtIssuer || !session) return to
    const way = wayOf(session)
    const endpoint = await way.client.endSessionEndpoint().catch(() => undefined)
    if (!endpoint) return to
    const back = to.startsWith('/') ? `${question.scheme}://${question.host}${to}` : to
    // Without the ID token: a URL stands in logs and histories. The issuer asks the person instead.
    return withQuery(endpoint, encodeQuery({ client_id: way.clientId, post_logout_redirect_uri: back }))
  }

  return async (question) => {
    const session = await endCurrent(question)
    const { backendLogoutUrl } = settings
    if (backendLogoutUrl && session?.idToken) {
      const url = backendLogoutUrl.replaceAll('{id_token}', encodeURIComponent(session.idToken))
      // The session is over here, whatever is said there.
      await guarded(fetch)(url, { signal: deadline(question.signal) }).catch(() => {
        log({ event: 'unavailable', reason: 'the backend logout URL does not answer' })
      })
    }
    const location = await locationAfter(question, session)
    return redirect(question, location, [...cookies.forgetSession(question), ...noCache])
  }
}
