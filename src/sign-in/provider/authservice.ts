import { andThen, isFault } from '../../base/index.ts'
import { parseCompactJws } from '../../identity/index.ts'
import type { HeaderList } from '../../policy/index.ts'
import { createIssuerClient, type Tokens } from '../relying-party/issuer-client.ts'
import { createLoginAttempts } from '../relying-party/login-attempts.ts'
import { createRenewal } from '../relying-party/renewal.ts'
import { returnTarget } from '../relying-party/return-target.ts'
import { createSessions, type Session, type User } from '../sessions/sessions.ts'
import { apiChallenge, isApiCaller } from './api-errors.ts'
import { type AuthServiceSettings, SESSION_COOKIE, STATE_COOKIE } from './authservice-settings.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import { headerText, userOf } from './claims.ts'
import { type CookieAttributes, clearCookie, setCookie, soleCookie } from './cookies.ts'
import { readingsOf } from './exempt-path.ts'
import { encodeQuery, escapeHtml, json, redirect, text, withQuery } from './go-http.ts'
import type { AuthProvider, MintedUser, ProviderPorts } from './provider.ts'
import {
  type Answer,
  bearerToken,
  type Question,
  questionOfCheck,
  questionOfRequest,
  responseOf,
  soleHeader,
  withForm,
} from './question.ts'
import { cookieHeader, sessionCookie } from './session-cookie.ts'

/** oidc-authservice keeps a state for 20 minutes and means to say so in the cookie. */
const LOGIN_LIFETIME = 15 * 60_000
const CSRF_FAILED =
  'CSRF check failed. This may happen if you opened the login form in more than 1 tabs. Please try to login again.'

/** Someone let in: who, and how they showed it. */
interface Admitted {
  readonly user: User
  readonly method: 'cookie' | 'header'
  readonly idToken?: string
  /** The session and its id, when a session it was. */
  readonly session?: Session
  readonly sessionId?: string
}

/**
 * oidc-authservice as Kubeflow 1.4–1.8 put it before the gateway: 302 to the issuer for whoever has
 * no session, API calls included, and every endpoint of its own answered inside the check
 * (arrikto/oidc-authservice handlers.go at 28c59ef, server.go at e236439).
 *
 * Where it was unsound this one is not: cookies are HttpOnly, Secure on https; the state is bound to
 * the browser in both vintages; nonce and PKCE are sent; sign-out ends the session everywhere.
 *
 * @throws Fault ERR_USAGE when the issuer is plain http outside the mesh
 *
 * @example
 * const provider = createAuthService(settings, { sessions: memorySessions(Date.now), fetch, clock: Date.now })
 */
export function createAuthService(settings: AuthServiceSettings, ports: ProviderPorts): AuthProvider {
  const { clock, log = () => {}, apiErrors = 'release' } = ports
  const sessions = createSessions(ports.sessions, clock)
  const attempts = createLoginAttempts({
    clock,
    lifetimeMs: LOGIN_LIFETIME,
    ...(ports.loginKey && { key: ports.loginKey }),
  })
  const issuer = createIssuerClient({
    issuer: settings.issuer,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    redirectUri: settings.redirectUrl,
    ...(settings.authUrl && { endpoints: { authorization: settings.authUrl } }),
    fetch: ports.fetch,
    clock,
  })
  const old = settings.vintage === '28c59ef'
  const callbackPath =
    URL.parse(settings.redirectUrl, 'https://door.invalid')?.pathname ?? settings.redirectUrl
  const prefix = settings.urlPrefix
  const claimNames = { userId: settings.userIdClaim, groups: settings.groupsClaim }

  const attributes = ({ scheme }: Pick<Question, 'scheme'>): CookieAttributes => ({
    path: '/',
    secure: scheme === 'https',
    sameSite: settings.sameSite,
  })
  const carrier = sessionCookie(SESSION_COOKIE)
  const forget = (question: Question, name: string) =>
    ['set-cookie', clearCookie(name, attributes(question))] as const
  /** Cleared whether the browser has it or not, as authservice does; parts only where there are any. */
  const forgetSession = (question: Question): HeaderList => [
    forget(question, SESSION_COOKIE),
    ...carrier
      .clear(question.headers, attributes(question))
      .filter(([, value]) => !value.startsWith(`${SESSION_COOKIE}=`)),
  ]

  /** authservice's own OAuth client asks for new tokens when the access token has run out. */
  const heldOf = ({ idToken, refreshToken, lifetimeMs }: Tokens) => ({
    idToken,
    ...(refreshToken &&
      lifetimeMs !== undefined &&
      sessions.renewable && { refreshToken, renewAt: clock() + lifetimeMs }),
  })
  const renew = createRenewal({
    sessions,
    issuer,
    clock,
    log,
    content: ({ user, sid }, tokens) => ({
      user: { ...user, ...userOf(tokens.claims, claimNames), userId: user.userId },
      issuer: settings.issuer,
      ...(sid !== undefined && { sid }),
      ...heldOf(tokens),
    }),
  })
  const find = (value: string | undefined): Session | undefined | Promise<Session | undefined> =>
    value === undefined
      ? undefined
      : andThen(sessions.find(value), (session) =>
          session?.renewAt === undefined || session.renewAt > clock() ? session : renew(value, session),
        )

  const ofSession = (session: Session, method: 'cookie' | 'header', sessionId: string): Admitted => ({
    user: session.user,
    session,
    method,
    sessionId,
    ...(session.idToken && { idToken: session.idToken }),
  })
  const bySession = (question: Question): Admitted | undefined | Promise<Admitted | undefined> => {
    const header = old ? soleHeader(question.headers, 'x-auth-token') : bearerToken(question.headers)
    return andThen(find(header), (fromHeader) => {
      if (header !== undefined && fromHeader) return ofSession(fromHeader, 'header', header)
      const cookie = carrier.read(question.headers)
      return andThen(find(cookie), (fromCookie) =>
        cookie !== undefined && fromCookie ? ofSession(fromCookie, 'cookie', cookie) : undefined,
      )
    })
  }

  /** In authservice's order: TokenReview, session, ID token. What it cannot verify falls through. */
  const authenticate = (
    question: Question,
  ): Admitted | Answer | undefined | Promise<Admitted | Answer | undefined> => {
    const token = old ? undefined : bearerToken(question.headers)
    return token === undefined ? bySession(question) : byToken(question, token)
  }
  const byToken = async (question: Question, token: string): Promise<Admitted | Answer | undefined> => {
    const jws = parseCompactJws(token)
    const own = jws?.payload.iss === settings.issuer
    if (jws && !own && settings.tokenReview && ports.tokenReview) {
      const review = await ports.tokenReview(token, settings.audiences)
      if (review.authenticated && review.audiences.some((one) => settings.audiences.includes(one))) {
        const { username, groups } = review.user
        return { user: { subject: username, email: username, groups, userId: username }, method: 'header' }
      }
      if (!review.authenticated && /expired/i.test(review.error)) return text(401, 'Token has expired')
    }
    const found = await bySession(question)
    if (found || !own || !settings.idTokens) return found
    const checked = await issuer.verify(token, [settings.clientId])
    if (checked.kind === 'unreachable') return unavailable('the keys of the issuer cannot be had')
    if (checked.kind !== 'valid')
      return text(401, checked.kind === 'expired' ? 'Token has expired' : 'Unable to verify ID token.')
    const user = userOf(checked.claims, claimNames)
    return user && { user, method: 'header', idToken: token }
  }

  const unavailable = (reason: string): Answer => {
    log({ event: 'unavailable', reason })
    return { ...text(503, 'OIDC Setup is not complete yet.'), about: { kind: 'unavailable' } }
  }

  const isGroupAllowed = ({ groups }: User) =>
    settings.groupsAllowed.includes('*') || groups.some((group) => settings.groupsAllowed.includes(group))

  const nameOf = ({ userId }: User): string => settings.transform?.(userId) ?? userId
  const allow = ({ user, method, idToken }: Admitted): Answer => ({
    status: 200,
    about: { kind: 'admitted', user, by: method },
    headers: [
      [settings.userIdHeader, headerText(settings.userIdPrefix + nameOf(user))],
      ...(old ? [] : [[settings.groupsHeader, headerText(user.groups.join(','))] as const]),
      ...(old ? [] : [['auth-method', method] as const]),
      ...(settings.userIdTokenHeader && idToken ? [[settings.userIdTokenHeader, idToken] as const] : []),
    ],
    ...(old && { body: 'OK' }),
  })
  /** Every request of a session is let in by the same answer, so it is made once. */
  const letIn = { cookie: new WeakMap<Session, Answer>(), header: new WeakMap<Session, Answer>() }
  const admit = (admitted: Admitted): Answer => {
    if (!admitted.session) return allow(admitted)
    const made = letIn[admitted.method]
    let answer = made.get(admitted.session)
    if (answer === undefined) {
      answer = allow(admitted)
      made.set(admitted.session, answer)
    }
    return answer
  }

  const refuse = async (question: Question, admitted: Admitted): Promise<Answer> => {
    if (admitted.sessionId !== undefined) await sessions.end(admitted.sessionId)
    const reason = `user's groups are not among those allowed`
    log({ event: 'sign-in-refused', reason })
    const again = escapeHtml(settings.homepageUrl)
    const body = `User '${escapeHtml(admitted.user.userId)}' failed authorization with reason: ${escapeHtml(reason)}. Click <a href='${again}'> here</a> to login again.`
    return {
      status: 403,
      headers: [['content-type', 'text/html; charset=utf-8'], ...forgetSession(question)],
      body,
      about: { kind: 'refused' },
    }
  }

  const challenge = async (question: Question): Promise<Answer> => {
    const { login, attempt } = attempts.begin(
      soleCookie(question.headers, STATE_COOKIE),
      returnTarget(question.target),
    )
    const query = encodeQuery({
      client_id: settings.clientId,
      code_challenge: attempt.codeChallenge,
      code_challenge_method: 'S256',
      nonce: attempt.nonce,
      redirect_uri: settings.redirectUrl,
      response_type: 'code',
      scope: settings.scopes.join(' '),
      state: attempt.state,
    })
    const location = withQuery(await issuer.authorizationEndpoint(), query)
    const about = { kind: 'nobody' } as const
    if (apiErrors === 'json' && isApiCaller(question))
      return { ...apiChallenge(question, '/'), about: { ...about, api: { login: '/' } } }
    const cookie = setCookie(STATE_COOKIE, login, attributes(question), clock(), LOGIN_LIFETIME)
    return { ...redirect(question, location, [['set-cookie', cookie]]), about }
  }

  const callback = async (question: Question): Promise<Answer> => {
    const { query } = question
    const state = query.get('state')
    if (!query.get('code')) {
      const error = query.get('error')
      if (error !== null) log({ event: 'sign-in-refused', reason: 'the issuer refused the sign-in' })
      return old ? text(400, 'Missing url parameter: code') : redirect(question, settings.homepageUrl)
    }
    if (!state) return text(400, 'Missing url parameter: state')
    const attempt = attempts.finish(soleCookie(question.headers, STATE_COOKIE), state)
    if (!attempt) {
      log({ event: 'sign-in-refused', reason: 'the state is not of a sign-in this browser has begun' })
      return old ? text(500, 'Failed to retrieve state.') : text(400, CSRF_FAILED)
    }
    const redeemed = await issuer.redeem(query, attempt, undefined, question.signal)
    if (redeemed.kind !== 'tokens') {
      log({ event: 'sign-in-refused', reason: redeemed.reason })
      return text(
        500,
        redeemed.stage === 'exchange'
          ? 'Failed to exchange authorization code with token.'
          : 'Unable to verify ID token.',
      )
    }
    if (!attempt.take()) return old ? text(500, 'Failed to retrieve state.') : text(400, CSRF_FAILED)
    const { tokens } = redeemed
    const user =
      userOf(tokens.claims, claimNames) ??
      userOf((await issuer.userInfo(tokens, question.signal)) ?? tokens.claims, claimNames)
    if (!user) return text(500, `Couldn't find userID claim in \`${settings.userIdClaim}' in userinfo.`)
    await endFormer(question)
    const { sid } = tokens.claims
    const content = {
      user,
      issuer: settings.issuer,
      ...(typeof sid === 'string' && { sid }),
      ...heldOf(tokens),
    }
    const { id } = await sessions.start(content, settings.sessionMaxAgeMs)
    log({ event: 'signed-in', user: user.userId })
    const target = settings.afterLoginUrl
      ? withQuery(settings.afterLoginUrl, encodeQuery({ next: attempt.target }))
      : attempt.target
    const { headers } = question
    const set = carrier.write(headers, id, attributes(question), clock(), settings.sessionMaxAgeMs)
    return redirect(question, target, [forget(question, STATE_COOKIE), ...set])
  }

  /** Who signs in again in the same browser leaves no old session behind. */
  const endFormer = async (question: Question) => {
    const former = carrier.read(question.headers)
    if (former !== undefined) await sessions.end(former)
  }

  const logout = async (question: Question): Promise<Answer> => {
    if (old) {
      const found = await bySession(question)
      if (found?.sessionId && (await sessions.end(found.sessionId)))
        log({ event: 'signed-out', user: found.user.userId })
      return { ...redirect(question, '/', found ? forgetSession(question) : []), status: 303 }
    }
    // Only from the header: a form on another site can send a cookie, but not a header.
    const id = bearerToken(question.headers)
    const session = id === undefined ? undefined : await sessions.find(id)
    if (id === undefined || !session || !(await sessions.end(id))) return text(401, 'Unauthorized')
    log({ event: 'signed-out', user: session.user.userId })
    return json(201, JSON.stringify({ afterLogoutURL: settings.afterLogoutUrl }), forgetSession(question))
  }

  const backChannelLogout = createBackChannelLogout({ issuers: [issuer], sessions, clock, log })

  const verifyOnly = async (question: Question): Promise<Answer> => {
    const found = await authenticate(question)
    if (found === undefined) return text(401, 'Unauthorized')
    if ('status' in found) return found
    if (!isGroupAllowed(found.user)) return text(403, 'Forbidden')
    return { ...allow(found), status: 204 }
  }

  const isExempt = (path: string) =>
    readingsOf(path).every((reading) => settings.skipAuth.some((start) => reading.startsWith(start)))

  const answer = (question: Question, routed: boolean): Answer | Promise<Answer> => {
    const { path, method } = question
    if (path === callbackPath && (method === 'GET' || method === 'HEAD')) return callback(question)
    if (old ? path === '/logout' && method === 'GET' : path === `${prefix}logout` && method === 'POST')
      return logout(question)
    // A check carries no body: its prefix is exempt, and a route brings it here.
    if (!old && routed && path === `${prefix}backchannel-logout`) return backChannelLogout(question)
    // A prefix, as its router has it (main.go): without it, the exemption below answers 200 to everybody.
    if (!old && path.startsWith(`${prefix}verify`) && method === 'GET') return verifyOnly(question)
    if (isExempt(path)) return { ...text(200, 'OK'), about: { kind: 'exempt' } }
    return andThen(authenticate(question), (found) => {
      if (found === undefined) return challenge(question)
      if ('status' in found) return found
      return isGroupAllowed(found.user) ? admit(found) : refuse(question, found)
    })
  }

  /** Whatever went wrong, the door stays shut. */
  const safely = (question: Question, routed: boolean): Answer | Promise<Answer> => {
    const failed = (error: unknown) => unavailable(isFault(error) ? error.message : 'the auth service failed')
    try {
      const found = answer(question, routed)
      return found instanceof Promise ? found.catch(failed) : found
    } catch (error) {
      return failed(error)
    }
  }

  return {
    kind: 'authservice',
    cookieName: SESSION_COOKIE,
    check: (check, until) => safely(questionOfCheck(check, ports.scheme, until), false),
    async handle(request) {
      const question = await withForm(questionOfRequest(request, ports.scheme), request)
      return responseOf(await safely(question, true), request.method)
    },
    async mintSession(minted: MintedUser) {
      const lifetime = Math.min(minted.lifetime ?? Number.POSITIVE_INFINITY, settings.sessionMaxAgeMs)
      const { user: userId, email = userId, groups = [], subject = userId } = minted
      const user: User = { subject, email, groups, userId }
      const { id, session } = await sessions.start(
        { user, ...(minted.idToken && { idToken: minted.idToken }) },
        lifetime,
      )
      const cookieAttributes = { path: '/', secure: false, sameSite: settings.sameSite }
      const set = carrier.write([], id, cookieAttributes, session.createdAt, lifetime)
      const setCookies = set.map(([, value]) => value)
      return {
        cookie: cookieHeader(setCookies),
        setCookies,
        expiresAt: session.expiresAt,
      }
    },
    async endSession(cookie) {
      const id = cookie.includes('=') ? carrier.read([['cookie', cookie]]) : cookie
      return id !== undefined && sessions.end(id)
    },
    endSessionsOf: (userId) => sessions.endAllOf(userId),
    async close() {},
  }
}
