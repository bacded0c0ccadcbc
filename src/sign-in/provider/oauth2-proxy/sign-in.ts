import { createLoginAttempts } from '../../relying-party/login-attempts.ts'
import { userOf } from '../claims.ts'
import { soleCookie } from '../cookies.ts'
import { encodeQuery, redirect, withQuery } from '../go-http.ts'
import type { ProviderPorts } from '../provider.ts'
import type { Answer, Question } from '../question.ts'
import { isAllowed } from './allowed.ts'
import { noCache, showError, unavailable, wantedBy } from './answers.ts'
import type { Front } from './front.ts'
import { type createKeptSessions, heldOf } from './kept-sessions.ts'

const CSRF_FAILED = 'Login Failed: Unable to find a valid CSRF token. Please try again.'

/** `/oauth2/start` and `/oauth2/callback`: to the issuer, and back with a code. */
export function createSignIn(
  front: Front,
  { endCurrent }: Pick<ReturnType<typeof createKeptSessions>, 'endCurrent'>,
  { loginKey }: Pick<ProviderPorts, 'loginKey'>,
) {
  const { settings, sessions, cookies, ways, wayNamed, clock, log } = front
  const { cookie } = settings
  const attempts = createLoginAttempts({
    clock,
    lifetimeMs: cookie.csrfExpireMs,
    ...(loginKey && { key: loginKey }),
  })
  const claimNames = { userId: settings.userIdClaim, groups: settings.groupsClaim }
  const refused = (
    question: Question,
    reason: string,
    words: string,
    headers?: Answer['headers'],
  ): Answer => {
    log({ event: 'sign-in-refused', reason })
    return showError(front, question, 403, words, headers)
  }

  const start = async (question: Question): Promise<Answer> => {
    const way = wayNamed(question.query.get('provider') ?? '')
    if (!way) return showError(front, question, 400, 'Login Failed: There is no such provider.')
    const former = soleCookie(question.headers, cookies.csrfName)
    const { login, attempt } = attempts.begin(former, wantedBy(front, question), way.name)
    const pkce = settings.codeChallenge
    const query = encodeQuery({
      acr_values: settings.acrValues,
      client_id: way.clientId,
      // `plain` protects nothing S256 does not, and every issuer that knows one knows the other.
      code_challenge: pkce === 'none' ? undefined : attempt.codeChallenge,
      code_challenge_method: pkce === 'none' ? undefined : 'S256',
      nonce: attempt.nonce,
      prompt: way.prompt,
      redirect_uri: way.redirectUri(question),
      response_type: 'code',
      scope: way.scope,
      state: attempt.state,
    })
    const location = withQuery(await way.client.authorizationEndpoint(), query)
    return redirect(question, location, [cookies.setCsrf(question, login, clock()), ...noCache])
  }

  /** The same to a browser that may still have a cookie of a session that is over. */
  const startAnew = async (question: Question): Promise<Answer> => {
    const answer = await start(question)
    return { ...answer, headers: [...answer.headers, ...cookies.forgetSession(question)] }
  }

  const callback = async (question: Question): Promise<Answer> => {
    const { query } = question
    const error = query.get('error')
    if (error !== null) {
      const words = `Login Failed: The upstream identity provider returned an error: ${error.slice(0, 200)}`
      return refused(question, 'the issuer refused the sign-in', words)
    }
    const login = soleCookie(question.headers, cookies.csrfName)
    const attempt = attempts.finish(login, query.get('state') ?? undefined)
    const way = attempt && wayNamed(attempt.via)
    // An answer at another issuer's door is none (RFC 9700 §4.4).
    if (!attempt || !way || (ways.length > 1 && way.callbackPath !== question.path))
      return refused(question, 'the state is not of a sign-in this browser has begun', CSRF_FAILED)
    if (!query.get('code'))
      return showError(front, question, 400, 'Login Failed: The callback carries no code.')
    const redeemed = await way.client.redeem(query, attempt, way.redirectUri(question), question.signal)
    if (redeemed.kind === 'unreachable') return unavailable(front, question, redeemed.reason)
    if (redeemed.kind !== 'tokens')
      return refused(
        question,
        redeemed.reason,
        'Login Failed: The issuer did not accept the code. Please try again.',
      )
    if (!attempt.take()) return showError(front, question, 403, CSRF_FAILED)
    const done = [cookies.forgetCsrf(question)]
    const { tokens } = redeemed
    const user =
      userOf(tokens.claims, claimNames) ??
      (settings.skipProfile
        ? undefined
        : userOf((await way.client.userInfo(tokens, question.signal)) ?? tokens.claims, claimNames))
    const unverified = tokens.claims.email_verified === false && !settings.allowUnverifiedEmail
    if (!user || unverified || !isAllowed(settings, user)) {
      const reason = 'the user is not among those allowed'
      return refused(question, reason, 'Invalid session: unauthorized', done)
    }
    await endCurrent(question)
    const { sid } = tokens.claims
    const content = {
      user,
      issuer: way.issuer,
      ...(typeof sid === 'string' && { sid }),
      ...heldOf(front, tokens),
    }
    const { id } = await sessions.start(content, cookie.expireMs)
    log({ event: 'signed-in', user: user.userId })
    const attributes = cookies.attributes(question)
    const set = cookies.carrier.write(question.headers, id, attributes, clock(), cookie.expireMs)
    return redirect(question, attempt.target, [...done, ...set])
  }

  return { start, startAnew, callback }
}
