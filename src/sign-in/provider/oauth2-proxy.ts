import { Fault, isFault } from '../../base/index.ts'
import type { HeaderList } from '../../policy/index.ts'
import { pageHeaders } from '../pages/layout.ts'
import { errorPage, languageOf, signInPage } from '../pages/oauth2-proxy-pages.ts'
import { createIssuerClient } from '../relying-party/issuer-client.ts'
import { createLoginAttempts } from '../relying-party/login-attempts.ts'
import { returnTarget } from '../relying-party/return-target.ts'
import { createSessions, type Session, type User } from '../sessions/sessions.ts'
import { apiChallenge, isApiCaller } from './api-errors.ts'
import { createBearerSessions } from './bearer-session.ts'
import { headerText, userOf } from './claims.ts'
import { type CookieAttributes, clearCookie, hasCookie, setCookie, soleCookie } from './cookies.ts'
import { readingsOf } from './exempt-path.ts'
import { encodeQuery, json, redirect, statusText, text, withQuery } from './go-http.ts'
import type { OAuth2ProxySettings } from './oauth2-proxy-settings.ts'
import type { AuthProvider, MintedUser, ProviderPorts } from './provider.ts'
import {
  type Answer,
  type Question,
  questionOfCheck,
  questionOfRequest,
  responseOf,
  soleHeader,
} from './question.ts'

const CSRF_FAILED = 'Login Failed: Unable to find a valid CSRF token. Please try again.'
const NO_CACHE: HeaderList = [
  ['cache-control', 'no-cache, no-store, must-revalidate, max-age=0'],
  ['expires', 'Thu, 01 Jan 1970 00:00:00 UTC'],
]

/**
 * oauth2-proxy as Kubeflow 1.9 and later put it beside the gateway: 403 and a sign-in page for a
 * browser, 401 `{}` on API routes, `/oauth2/…` for the sign-in, the ID token in `Authorization` on
 * the way in (oauth2-proxy oauthproxy.go, pkg/middleware).
 *
 * The session lies on this side: its cookie is an id, not the session itself, so signing out ends
 * it for every copy. Paths come from the request line only, never from a forwarded header.
 *
 * @throws Fault ERR_USAGE when the issuer is plain http outside the mesh
 *
 * @example
 * const provider = createOAuth2Proxy(settings, { sessions: memorySessions(Date.now), fetch, clock: Date.now })
 */
export function createOAuth2Proxy(settings: OAuth2ProxySettings, ports: ProviderPorts): AuthProvider {
  const { clock, log = () => {}, apiErrors = 'release' } = ports
  const { cookie, proxyPrefix: prefix } = settings
  const csrfName = `${cookie.name}_csrf`
  const sessions = createSessions(ports.sessions, clock)
  const attempts = createLoginAttempts({
    clock,
    lifetimeMs: cookie.csrfExpireMs,
    ...(ports.loginKey && { key: ports.loginKey }),
  })
  const issuer = createIssuerClient({
    issuer: settings.issuer,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    redirectUri: settings.redirectUrl,
    endpoints: {
      ...(settings.loginUrl && { authorization: settings.loginUrl }),
      ...(settings.redeemUrl && { token: settings.redeemUrl }),
      ...(settings.jwksUrl && { jwks: settings.jwksUrl }),
      ...(settings.profileUrl && { userinfo: settings.profileUrl }),
    },
    skipDiscovery: settings.skipDiscovery,
    fetch: ports.fetch,
    clock,
  })
  const byBearer = createBearerSessions(settings, issuer, ports)
  const claimNames = { userId: settings.userIdClaim, groups: settings.groupsClaim }

  // --- who asks ----------------------------------------------------------------------------------

  const attributes = ({ scheme, host }: Pick<Question, 'scheme' | 'host'>): CookieAttributes => {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    const domain = cookie.domains.find((one) => `.${name}`.endsWith(`.${one.replace(/^\./, '')}`))
    return {
      path: cookie.path,
      ...(domain && { domain }),
      secure: cookie.secure || scheme === 'https',
      sameSite: cookie.sameSite,
    }
  }
  const forget = (question: Question, name: string) =>
    ['set-cookie', clearCookie(name, attributes(question))] as const
  /** Only what the browser has needs to be cleared. */
  const forgetSession = (question: Question): HeaderList =>
    hasCookie(question.headers, cookie.name) ? [forget(question, cookie.name)] : []
  const endCurrent = async (question: Question) => {
    const id = soleCookie(question.headers, cookie.name)
    if (id === undefined) return
    const session = await sessions.find(id)
    if (session && (await sessions.end(id))) log({ event: 'signed-out', user: session.user.userId })
  }

  /** A domain rule sees the part after the one and only `@` (CVE-2026-40574). */
  const isDomainAllowed = (email: string) => {
    if (settings.emailDomains.includes('*')) return true
    const [name, domain, ...more] = email.toLowerCase().split('@')
    if (!name || !domain || more.length > 0) return false
    return settings.emailDomains.some((one) => {
      const wanted = one.toLowerCase()
      return wanted.startsWith('.') || wanted.startsWith('*.')
        ? domain.endsWith(wanted.replace(/^\*/, ''))
        : domain === wanted
    })
  }
  const isAllowed = ({ email, groups }: User) =>
    isDomainAllowed(email) &&
    (settings.allowedGroups.length === 0 || groups.some((group) => settings.allowedGroups.includes(group)))

  type Found =
    | { readonly kind: 'session'; readonly session: Session; readonly by: 'cookie' | 'header' }
    | { readonly kind: 'none' | 'denied' | 'unreachable' }
  const findSession = async (question: Question): Promise<Found> => {
    const bearer = await byBearer(question)
    if (bearer.kind === 'session')
      return isAllowed(bearer.session.user) ? { ...bearer, by: 'header' } : { kind: 'denied' }
    if (bearer.kind === 'bad' && !settings.bearerLoginFallback) return { kind: 'denied' }
    const id = soleCookie(question.headers, cookie.name)
    const session = id === undefined ? undefined : await sessions.find(id)
    if (!session) return { kind: bearer.kind === 'unreachable' ? 'unreachable' : 'none' }
    if (isAllowed(session.user)) return { kind: 'session', session, by: 'cookie' }
    await endCurrent(question)
    return { kind: 'denied' }
  }

  // --- answers -----------------------------------------------------------------------------------

  const identity = ({ user, idToken, accessToken }: Session): HeaderList => [
    ...(settings.setAuthorizationHeader && idToken ? [['authorization', `Bearer ${idToken}`] as const] : []),
    ...(settings.setXAuthRequest
      ? ([
          ['x-auth-request-user', headerText(user.subject)],
          ['x-auth-request-email', headerText(user.email)],
          ...(user.groups.length > 0
            ? [['x-auth-request-groups', headerText(user.groups.join(','))] as const]
            : []),
          ...(user.preferredUsername
            ? [['x-auth-request-preferred-username', headerText(user.preferredUsername)] as const]
            : []),
          ...(settings.passAccessToken && accessToken
            ? [['x-auth-request-access-token', accessToken] as const]
            : []),
        ] as const)
      : []),
    ['gap-auth', headerText(user.email)],
  ]
  const admitted = (status: 200 | 202, { session, by }: Found & { readonly kind: 'session' }): Answer => ({
    ...text(status, 'Authenticated', identity(session)),
    about: { kind: 'admitted', user: session.user, by },
  })
  const showError = (
    question: Question,
    status: number,
    message: string,
    headers: HeaderList = [],
  ): Answer => ({
    status,
    headers: [...headers, ...pageHeaders],
    body: errorPage(languageOf(question.headers), prefix, status, message),
  })
  const unavailable = (question: Question, reason: string): Answer => {
    log({ event: 'unavailable', reason })
    const answer = showError(question, 503, 'The issuer does not answer. Please try again.')
    return { ...answer, about: { kind: 'unavailable' } }
  }
  /** The door itself, when the way back would lead into the sign-in again. */
  const target = (text: string | null | undefined) => {
    const to = returnTarget(text, settings.whitelistDomains)
    return to === prefix || to.startsWith(`${prefix}/`) || to.startsWith(`${prefix}?`) ? '/' : to
  }
  const wanted = (question: Question) =>
    target(question.query.get('rd') ?? (question.path.startsWith(`${prefix}/`) ? '/' : question.target))
  const signIn = async (question: Question, status: number): Promise<Answer> => {
    const headers = forgetSession(question)
    return {
      status,
      headers: [...headers, ...pageHeaders],
      body: signInPage(languageOf(question.headers), prefix, settings.providerName, wanted(question)),
    }
  }

  const start = async (question: Question): Promise<Answer> => {
    const { login, attempt } = attempts.begin(soleCookie(question.headers, csrfName), wanted(question))
    const pkce = settings.codeChallenge
    const query = encodeQuery({
      client_id: settings.clientId,
      // `plain` protects nothing S256 does not, and every issuer that knows one knows the other.
      code_challenge: pkce === 'none' ? undefined : attempt.codeChallenge,
      code_challenge_method: pkce === 'none' ? undefined : 'S256',
      nonce: attempt.nonce,
      prompt: settings.prompt,
      redirect_uri: settings.redirectUrl,
      response_type: 'code',
      scope: settings.scope,
      state: attempt.state,
    })
    const location = withQuery(await issuer.authorizationEndpoint(), query)
    const value = setCookie(csrfName, login, attributes(question), clock(), cookie.csrfExpireMs)
    return redirect(question, location, [['set-cookie', value], ...NO_CACHE])
  }

  const callback = async (question: Question): Promise<Answer> => {
    const { query } = question
    const error = query.get('error')
    if (error !== null) {
      log({ event: 'sign-in-refused', reason: 'the issuer refused the sign-in' })
      const message = `Login Failed: The upstream identity provider returned an error: ${error.slice(0, 200)}`
      return showError(question, 403, message)
    }
    const attempt = attempts.finish(soleCookie(question.headers, csrfName), query.get('state') ?? undefined)
    if (!attempt) {
      log({ event: 'sign-in-refused', reason: 'the state is not of a sign-in this browser has begun' })
      return showError(question, 403, CSRF_FAILED)
    }
    if (!query.get('code')) return showError(question, 400, 'Login Failed: The callback carries no code.')
    const redeemed = await issuer.redeem(query, attempt, question.signal)
    if (redeemed.kind !== 'tokens') {
      if (redeemed.kind === 'unreachable') return unavailable(question, redeemed.reason)
      log({ event: 'sign-in-refused', reason: redeemed.reason })
      return showError(question, 403, 'Login Failed: The issuer did not accept the code. Please try again.')
    }
    if (!attempt.take()) return showError(question, 403, CSRF_FAILED)
    const done = [forget(question, csrfName)]
    const { tokens } = redeemed
    const user =
      userOf(tokens.claims, claimNames) ??
      userOf((await issuer.userInfo(tokens, question.signal)) ?? tokens.claims, claimNames)
    if (!user || tokens.claims.email_verified === false || !isAllowed(user)) {
      log({ event: 'sign-in-refused', reason: 'the user is not among those allowed' })
      return showError(question, 403, 'Invalid session: unauthorized', done)
    }
    await endCurrent(question)
    const { idToken, accessToken } = tokens
    const content = { user, idToken, ...(settings.passAccessToken && { accessToken }) }
    const { id } = await sessions.start(content, cookie.expireMs)
    log({ event: 'signed-in', user: user.userId })
    const value = setCookie(cookie.name, id, attributes(question), clock(), cookie.expireMs)
    return redirect(question, attempt.target, [...done, ['set-cookie', value]])
  }

  const signOut = async (question: Question): Promise<Answer> => {
    await endCurrent(question)
    return redirect(question, target(question.query.get('rd')), [...forgetSession(question), ...NO_CACHE])
  }

  const userInfo = async (question: Question): Promise<Answer> => {
    const found = await findSession(question)
    if (found.kind !== 'session') return statusText(401, 'Unauthorized')
    const { subject, email, groups, preferredUsername } = found.session.user
    const body = {
      user: subject,
      email,
      ...(groups.length > 0 && { groups }),
      ...(preferredUsername && { preferredUsername }),
    }
    return json(200, `${JSON.stringify(body)}\n`, NO_CACHE)
  }

  const authOnly = async (question: Question): Promise<Answer> => {
    const found = await findSession(question)
    if (found.kind !== 'session') return statusText(401, 'Unauthorized')
    const { user } = found.session
    // A filter that is there and names nobody admits nobody.
    const fits = (name: string, has: readonly string[]) =>
      !question.query.has(name) ||
      question.query.getAll(name).some((one) => one.split(',').some((each) => each && has.includes(each)))
    return fits('allowed_groups', user.groups) &&
      fits('allowed_emails', [user.email]) &&
      fits('allowed_email_domains', [user.email.split('@')[1] ?? ''])
      ? admitted(202, found)
      : { ...statusText(403, 'Forbidden'), about: { kind: 'refused' } }
  }

  // --- the proxy ---------------------------------------------------------------------------------

  const isExempt = ({ method, path }: Question) =>
    (settings.skipAuthPreflight && method === 'OPTIONS') ||
    settings.skipAuthRoutes.some(
      (route) =>
        (route.method === undefined || route.method === method) &&
        readingsOf(path).every((reading) => route.matches(reading) !== route.negated),
    )
  const isApiRoute = (path: string) => settings.apiRoutes.some((route) => route.matches(path))
  const wantsJson = ({ headers }: Question) =>
    settings.forceJsonErrors ||
    (soleHeader(headers, 'accept') ?? '').split(',').some((one) => one.trim() === 'application/json')

  const proxy = async (question: Question): Promise<Answer> => {
    const found = await findSession(question)
    if (found.kind === 'session') return admitted(200, found)
    if (isExempt(question)) return { ...text(200, 'Authenticated'), about: { kind: 'exempt' } }
    if (found.kind === 'denied') {
      const refusal = wantsJson(question)
        ? json(403, '{}')
        : showError(question, 403, 'The session failed authorization checks', forgetSession(question))
      return { ...refusal, about: { kind: 'refused' } }
    }
    if (found.kind === 'unreachable') return unavailable(question, 'the keys of an issuer cannot be had')
    if (apiErrors === 'json' && isApiCaller(question, isApiRoute)) {
      const login = `${prefix}/start?${encodeQuery({ rd: wanted(question) })}`
      return { ...apiChallenge(question, login), about: { kind: 'nobody', api: { login } } }
    }
    const challenge =
      wantsJson(question) || isApiRoute(question.path)
        ? json(401, '{}')
        : await (settings.skipProviderButton ? start(question) : signIn(question, 403))
    return { ...challenge, about: { kind: 'nobody' } }
  }

  /** Answered to who is routed here only: in a check, a 200 would let the request through. */
  const housekeeping = ({ path }: Question): Answer | undefined => {
    if (path === '/ping' || path === '/ready') return text(200, 'OK')
    return path === '/robots.txt' ? text(200, 'User-agent: *\nDisallow: /\n') : undefined
  }

  const answer = async (question: Question): Promise<Answer> => {
    switch (question.path) {
      case `${prefix}/start`:
        return start(question)
      case `${prefix}/callback`:
        return callback(question)
      case `${prefix}/sign_in`:
        await endCurrent(question)
        return settings.skipProviderButton ? start(question) : signIn(question, 200)
      case `${prefix}/sign_out`:
        return signOut(question)
      case `${prefix}/userinfo`:
        return userInfo(question)
      case `${prefix}/auth`:
        return authOnly(question)
    }
    return question.path.startsWith(`${prefix}/`) ? statusText(404, '404 page not found') : proxy(question)
  }

  /** Whatever went wrong, the door stays shut. */
  const safely = async (question: Question, routed: boolean): Promise<Answer> => {
    try {
      return (routed && housekeeping(question)) || (await answer(question))
    } catch (error) {
      return unavailable(question, isFault(error) ? error.message : 'the auth service failed')
    }
  }

  return {
    kind: 'oauth2-proxy',
    cookieName: cookie.name,
    check: (check, signal) => safely(questionOfCheck(check, ports.scheme, signal), false),
    async handle(request) {
      return responseOf(await safely(questionOfRequest(request, ports.scheme), true), request.method)
    },
    async mintSession(minted: MintedUser) {
      if (settings.setAuthorizationHeader && minted.idToken === undefined)
        throw new Fault('ERR_SESSION_NEEDS_TOKEN', { provider: 'oauth2-proxy' })
      const lifetime = Math.min(minted.lifetime ?? Number.POSITIVE_INFINITY, cookie.expireMs)
      const {
        user: userId,
        email = userId,
        groups = [],
        subject = userId,
        preferredUsername,
        idToken,
      } = minted
      const user: User = { subject, email, groups, ...(preferredUsername && { preferredUsername }), userId }
      const { id, session } = await sessions.start({ user, ...(idToken && { idToken }) }, lifetime)
      const set = { path: cookie.path, secure: cookie.secure, sameSite: cookie.sameSite }
      return {
        cookie: `${cookie.name}=${id}`,
        setCookies: [setCookie(cookie.name, id, set, session.createdAt, lifetime)],
        expiresAt: session.expiresAt,
      }
    },
    async endSession(text) {
      const id = text.includes('=') ? soleCookie([['cookie', text]], cookie.name) : text
      return id !== undefined && sessions.end(id)
    },
    endSessionsOf: (userId) => sessions.endAllOf(userId),
    async close() {},
  }
}
