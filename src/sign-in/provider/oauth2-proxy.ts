import { andThen, Fault, isFault } from '../../base/index.ts'
import type { HeaderList } from '../../policy/index.ts'
import { pageHeaders } from '../pages/layout.ts'
import { errorPage, languageOf, signInPage } from '../pages/oauth2-proxy-pages.ts'
import { deadline, guarded } from '../relying-party/back-channel.ts'
import type { Tokens } from '../relying-party/issuer-client.ts'
import { createLoginAttempts } from '../relying-party/login-attempts.ts'
import { createRenewal } from '../relying-party/renewal.ts'
import { returnTarget } from '../relying-party/return-target.ts'
import { createSessions, type Session, type SessionContent, type User } from '../sessions/sessions.ts'
import { apiChallenge, isApiCaller } from './api-errors.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import { createBearerSessions } from './bearer-session.ts'
import { headerText, userOf } from './claims.ts'
import { type CookieAttributes, clearCookie, setCookie, soleCookie } from './cookies.ts'
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
  withForm,
} from './question.ts'
import { cookieHeader, sessionCookie } from './session-cookie.ts'
import { waysOf } from './ways.ts'

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
  const ways = waysOf(settings, ports)
  const [first] = ways
  const wayNamed = (name: string) => ways.find((one) => one.name === name)
  const wayOf = ({ issuer }: Session) => ways.find((one) => one.issuer === issuer) ?? first
  const carrier = sessionCookie(cookie.name)
  const byBearer = createBearerSessions(settings, first.client, ports)
  const claimNames = { userId: settings.userIdClaim, groups: settings.groupsClaim }

  /** What a session keeps of the tokens: no more than it needs. */
  const heldOf = ({ idToken, accessToken, refreshToken }: Tokens) => {
    const renews = Boolean(settings.refreshMs && refreshToken && sessions.renewable)
    return {
      idToken,
      ...(settings.passAccessToken && { accessToken }),
      ...(renews && { refreshToken, renewAt: clock() + (settings.refreshMs ?? 0) }),
    }
  }
  const contentAfter = ({ user, issuer, sid }: Session, tokens: Tokens): SessionContent => ({
    // Groups that were taken away are gone with the next tokens.
    user: { ...user, ...userOf(tokens.claims, claimNames), userId: user.userId },
    ...(issuer !== undefined && { issuer }),
    ...(sid !== undefined && { sid }),
    ...heldOf(tokens),
  })

  // --- who asks ----------------------------------------------------------------------------------

  const attributes = ({ scheme, host }: Pick<Question, 'scheme' | 'host'>): CookieAttributes => {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    const domain = cookie.domains.find((one) => `.${name}`.endsWith(`.${one.replace(/^\./, '')}`))
    return {
      path: cookie.path,
      // RFC 6265 §5.2.3: a dot in front says nothing.
      ...(domain && { domain: domain.replace(/^\./, '') }),
      secure: cookie.secure || scheme === 'https',
      sameSite: cookie.sameSite,
    }
  }
  const csrfAttributes = (question: Question): CookieAttributes => ({
    ...attributes(question),
    ...(settings.csrfSameSite && { sameSite: settings.csrfSameSite }),
  })
  const forget = (question: Question, name: string) =>
    ['set-cookie', clearCookie(name, attributes(question))] as const
  /** Only what the browser has needs to be cleared. */
  const forgetSession = (question: Question): HeaderList =>
    carrier.clear(question.headers, attributes(question))
  /** Resolves the session that was ended. */
  const endCurrent = async (question: Question): Promise<Session | undefined> => {
    const id = carrier.read(question.headers)
    const session = id === undefined ? undefined : await sessions.find(id)
    if (id === undefined || !session || !(await sessions.end(id))) return undefined
    log({ event: 'signed-out', user: session.user.userId })
    return session
  }
  const renewals = ways.map(
    ({ client }) =>
      [client, createRenewal({ sessions, issuer: client, clock, content: contentAfter, log })] as const,
  )
  const renewed = (id: string, session: Session): Session | undefined | Promise<Session | undefined> => {
    if (session.renewAt === undefined || session.renewAt > clock()) return session
    const { client } = wayOf(session)
    const renew = renewals.find(([one]) => one === client)?.[1]
    return renew ? renew(id, session) : session
  }

  /** A domain rule sees the part after the one and only `@` (CVE-2026-40574). */
  const isDomainAllowed = (email: string) => {
    if (settings.emailDomains.includes('*')) return true
    if (settings.allowedEmails?.includes(email.toLowerCase())) return true
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
    /** `forbidden`: a bad token, where that is the end of it. */
    | { readonly kind: 'none' | 'denied' | 'forbidden' | 'unreachable' }
  const findSession = (question: Question): Found | Promise<Found> =>
    andThen(byBearer(question), (bearer) => {
      if (bearer.kind === 'session')
        return isAllowed(bearer.session.user) ? { ...bearer, by: 'header' } : { kind: 'denied' }
      if (bearer.kind === 'bad' && !settings.bearerLoginFallback) return { kind: 'forbidden' }
      const id = carrier.read(question.headers)
      const judge = (session: Session | undefined): Found | Promise<Found> => {
        if (!session) return { kind: bearer.kind === 'unreachable' ? 'unreachable' : 'none' }
        if (isAllowed(session.user)) return { kind: 'session', session, by: 'cookie' }
        return endCurrent(question).then(() => ({ kind: 'denied' }))
      }
      if (id === undefined) return judge(undefined)
      return andThen(sessions.find(id), (found) =>
        found ? andThen(renewed(id, found), judge) : judge(found),
      )
    })

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
  /** Every request of a session is let in by the same answer, so it is made once. */
  const letIn = new WeakMap<Session, Answer>()
  const admit = (found: Found & { readonly kind: 'session' }): Answer => {
    let answer = letIn.get(found.session)
    if (answer === undefined) {
      answer = admitted(200, found)
      letIn.set(found.session, answer)
    }
    return answer
  }
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
      body: signInPage(languageOf(question.headers), prefix, ways, wanted(question)),
    }
  }

  const start = async (question: Question): Promise<Answer> => {
    const way = wayNamed(question.query.get('provider') ?? '')
    if (!way) return showError(question, 400, 'Login Failed: There is no such provider.')
    const former = soleCookie(question.headers, csrfName)
    const { login, attempt } = attempts.begin(former, wanted(question), way.name)
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
    const value = setCookie(csrfName, login, csrfAttributes(question), clock(), cookie.csrfExpireMs)
    return redirect(question, location, [['set-cookie', value], ...NO_CACHE])
  }

  const startAnew = async (question: Question): Promise<Answer> => {
    const answer = await start(question)
    return { ...answer, headers: [...answer.headers, ...forgetSession(question)] }
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
    const way = attempt && wayNamed(attempt.via)
    // An answer at another issuer's door is none (RFC 9700 §4.4).
    if (!attempt || !way || (ways.length > 1 && way.callbackPath !== question.path)) {
      log({ event: 'sign-in-refused', reason: 'the state is not of a sign-in this browser has begun' })
      return showError(question, 403, CSRF_FAILED)
    }
    if (!query.get('code')) return showError(question, 400, 'Login Failed: The callback carries no code.')
    const redeemed = await way.client.redeem(query, attempt, way.redirectUri(question), question.signal)
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
      (settings.skipProfile
        ? undefined
        : userOf((await way.client.userInfo(tokens, question.signal)) ?? tokens.claims, claimNames))
    const unverified = tokens.claims.email_verified === false && !settings.allowUnverifiedEmail
    if (!user || unverified || !isAllowed(user)) {
      log({ event: 'sign-in-refused', reason: 'the user is not among those allowed' })
      return showError(question, 403, 'Invalid session: unauthorized', done)
    }
    await endCurrent(question)
    const { sid } = tokens.claims
    const content = {
      user,
      issuer: way.issuer,
      ...(typeof sid === 'string' && { sid }),
      ...heldOf(tokens),
    }
    const { id } = await sessions.start(content, cookie.expireMs)
    log({ event: 'signed-in', user: user.userId })
    const set = carrier.write(question.headers, id, attributes(question), clock(), cookie.expireMs)
    return redirect(question, attempt.target, [...done, ...set])
  }

  /** At the issuer too, where that is wanted and it has a place for it (RP-Initiated Logout §2). */
  const signOutLocation = async (question: Question, session: Session | undefined): Promise<string> => {
    const to = target(question.query.get('rd'))
    if (!settings.signOutAtIssuer || !session) return to
    const way = wayOf(session)
    const endpoint = await way.client.endSessionEndpoint().catch(() => undefined)
    if (!endpoint) return to
    const back = to.startsWith('/') ? `${question.scheme}://${question.host}${to}` : to
    // Without the ID token: a URL stands in logs and histories. The issuer asks the person instead.
    return withQuery(endpoint, encodeQuery({ client_id: way.clientId, post_logout_redirect_uri: back }))
  }
  const signOut = async (question: Question): Promise<Answer> => {
    const session = await endCurrent(question)
    const { backendLogoutUrl } = settings
    if (backendLogoutUrl && session?.idToken) {
      const url = backendLogoutUrl.replaceAll('{id_token}', encodeURIComponent(session.idToken))
      // The session is over here, whatever is said there.
      await guarded(ports.fetch)(url, { signal: deadline(question.signal) }).catch(() => {
        log({ event: 'unavailable', reason: 'the backend logout URL does not answer' })
      })
    }
    const location = await signOutLocation(question, session)
    return redirect(question, location, [...forgetSession(question), ...NO_CACHE])
  }
  const backChannelLogout = createBackChannelLogout({
    issuers: ways.map(({ client }) => client),
    sessions,
    clock,
    log,
  })

  /** Also to a browser whose session is over: it forgets the cookie. */
  const unauthorized = (question: Question, more: HeaderList = []): Answer =>
    statusText(401, 'Unauthorized', [...forgetSession(question), ...more])
  const userInfo = async (question: Question): Promise<Answer> => {
    const found = await findSession(question)
    if (found.kind === 'forbidden') return forbidden
    if (found.kind !== 'session') return unauthorized(question, NO_CACHE)
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
    if (found.kind === 'forbidden') return forbidden
    if (found.kind !== 'session') return unauthorized(question)
    const { user } = found.session
    // A filter that is there and names nobody admits nobody.
    const fits = (name: string, isOne: (wanted: string) => boolean) =>
      !question.query.has(name) ||
      question.query.getAll(name).some((one) => one.split(',').some((each) => each && isOne(each)))
    const [, domain = '', ...more] = user.email.split('@')
    return fits('allowed_groups', (group) => user.groups.includes(group)) &&
      fits('allowed_emails', (email) => email === user.email) &&
      fits('allowed_email_domains', (wanted) =>
        more.length > 0 || domain === ''
          ? false
          : /^\*?\./.test(wanted)
            ? domain.endsWith(wanted.replace(/^\*/, ''))
            : domain === wanted,
      )
      ? admitted(202, found)
      : forbidden
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

  const forbidden: Answer = { ...statusText(403, 'Forbidden'), about: { kind: 'refused' } }
  const proxy = (question: Question): Answer | Promise<Answer> =>
    andThen(findSession(question), (found) =>
      found.kind === 'session' ? admit(found) : turnAway(question, found.kind),
    )
  const turnAway = async (question: Question, kind: Exclude<Found['kind'], 'session'>): Promise<Answer> => {
    if (kind === 'forbidden') return forbidden
    if (isExempt(question)) return { ...text(200, 'Authenticated'), about: { kind: 'exempt' } }
    if (kind === 'denied') {
      const refusal = wantsJson(question)
        ? json(403, '{}')
        : showError(question, 403, 'The session failed authorization checks', forgetSession(question))
      return { ...refusal, about: { kind: 'refused' } }
    }
    if (kind === 'unreachable') return unavailable(question, 'the keys of an issuer cannot be had')
    if (apiErrors === 'json' && isApiCaller(question, isApiRoute)) {
      const login = `${prefix}/start?${encodeQuery({ rd: wanted(question) })}`
      return { ...apiChallenge(question, login), about: { kind: 'nobody', api: { login } } }
    }
    const challenge =
      wantsJson(question) || isApiRoute(question.path)
        ? json(401, '{}', forgetSession(question))
        : await (settings.skipProviderButton ? startAnew(question) : signIn(question, 403))
    return { ...challenge, about: { kind: 'nobody' } }
  }

  /** Answered to who is routed here only: in a check, a 200 would let the request through. */
  const housekeeping = ({ path }: Question): Answer | undefined => {
    if (path === '/ping' || path === '/ready') return text(200, 'OK')
    return path === '/robots.txt' ? text(200, 'User-agent: *\nDisallow: /\n') : undefined
  }

  const ownPrefix = `${prefix}/`
  const callbackPaths = new Set(ways.map(({ callbackPath }) => callbackPath))
  const isOwnPath = (path: string) => path.startsWith(ownPrefix) || callbackPaths.has(path)
  const answer = (question: Question, routed: boolean): Answer | Promise<Answer> => {
    if (!isOwnPath(question.path)) return proxy(question)
    return answerOwn(question, routed)
  }
  const answerOwn = async (question: Question, routed: boolean): Promise<Answer> => {
    if (callbackPaths.has(question.path)) return callback(question)
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
      case `${prefix}/backchannel-logout`:
        // A check carries no body: let through, as nobody, to where a route brings it here.
        return routed ? backChannelLogout(question) : { ...text(200, 'OK'), about: { kind: 'exempt' } }
    }
    return proxy(question)
  }

  /** Whatever went wrong, the door stays shut. */
  const safely = (question: Question, routed: boolean): Answer | Promise<Answer> => {
    const failed = (error: unknown) =>
      unavailable(question, isFault(error) ? error.message : 'the auth service failed')
    try {
      const found = (routed && housekeeping(question)) || answer(question, routed)
      return found instanceof Promise ? found.catch(failed) : found
    } catch (error) {
      return failed(error)
    }
  }

  return {
    kind: 'oauth2-proxy',
    cookieName: cookie.name,
    check: (check, until) => safely(questionOfCheck(check, ports.scheme, until), false),
    async handle(request) {
      const question = await withForm(questionOfRequest(request, ports.scheme), request)
      return responseOf(await safely(question, true), request.method)
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
      const setCookies = carrier.write([], id, set, session.createdAt, lifetime).map(([, value]) => value)
      return {
        cookie: cookieHeader(setCookies),
        setCookies,
        expiresAt: session.expiresAt,
      }
    },
    async endSession(text) {
      const id = text.includes('=') ? carrier.read([['cookie', text]]) : text
      return id !== undefined && sessions.end(id)
    },
    endSessionsOf: (userId) => sessions.endAllOf(userId),
    async close() {},
  }
}
