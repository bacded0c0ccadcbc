import { Fault, isFault } from '../../base/index.ts'
import type { User } from '../sessions/sessions.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import { text } from './go-http.ts'
import { showSignIn, unavailable } from './oauth2-proxy/answers.ts'
import { createFront } from './oauth2-proxy/front.ts'
import { createKeptSessions } from './oauth2-proxy/kept-sessions.ts'
import { createPass } from './oauth2-proxy/pass.ts'
import { createSignIn } from './oauth2-proxy/sign-in.ts'
import { createSignOut } from './oauth2-proxy/sign-out.ts'
import { createWhoIsIt } from './oauth2-proxy/who-is-it.ts'
import type { OAuth2ProxySettings } from './oauth2-proxy-settings.ts'
import type { AuthProvider, MintedUser, ProviderPorts } from './provider.ts'
import {
  type Answer,
  type Question,
  questionOfCheck,
  questionOfRequest,
  responseOf,
  withForm,
} from './question.ts'
import { cookieHeader } from './session-cookie.ts'

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
  const { apiErrors = 'release' } = ports
  const { cookie } = settings
  const front = createFront(settings, ports)
  const { prefix, sessions, cookies, ways, clock, log } = front
  const kept = createKeptSessions(front, ports)
  const signIn = createSignIn(front, kept, ports)
  const signOut = createSignOut(front, kept, ports)
  const { userInfo, authOnly } = createWhoIsIt(front, kept)
  const pass = createPass(front, kept, signIn, apiErrors)
  const backChannelLogout = createBackChannelLogout({
    issuers: ways.map(({ client }) => client),
    sessions,
    clock,
    log,
  })

  /** Answered to who is routed here only: in a check, a 200 would let the request through. */
  const housekeeping = ({ path }: Question): Answer | undefined => {
    if (path === '/ping' || path === '/ready') return text(200, 'OK')
    return path === '/robots.txt' ? text(200, 'User-agent: *\nDisallow: /\n') : undefined
  }

  const ownPrefix = `${prefix}/`
  const callbackPaths = new Set(ways.map(({ callbackPath }) => callbackPath))
  const isOwnPath = (path: string) => path.startsWith(ownPrefix) || callbackPaths.has(path)
  const answer = (question: Question, routed: boolean): Answer | Promise<Answer> =>
    isOwnPath(question.path) ? answerOwn(question, routed) : pass(question)
  const answerOwn = async (question: Question, routed: boolean): Promise<Answer> => {
    if (callbackPaths.has(question.path)) return signIn.callback(question)
    switch (question.path) {
      case `${prefix}/start`:
        return signIn.start(question)
      case `${prefix}/callback`:
        return signIn.callback(question)
      case `${prefix}/sign_in`:
        await kept.endCurrent(question)
        return settings.skipProviderButton ? signIn.start(question) : showSignIn(front, question, 200)
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
    return pass(question)
  }

  /** Whatever went wrong, the door stays shut. */
  const safely = (question: Question, routed: boolean): Answer | Promise<Answer> => {
    const failed = (error: unknown) =>
      unavailable(front, question, isFault(error) ? error.message : 'the auth service failed')
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
      const setCookies = cookies.carrier
        .write([], id, set, session.createdAt, lifetime)
        .map(([, value]) => value)
      return {
        cookie: cookieHeader(setCookies),
        setCookies,
        expiresAt: session.expiresAt,
      }
    },
    async endSession(text) {
      const id = text.includes('=') ? cookies.carrier.read([['cookie', text]]) : text
      return id !== undefined && sessions.end(id)
    },
    endSessionsOf: (userId) => sessions.endAllOf(userId),
    async close() {},
  }
}
