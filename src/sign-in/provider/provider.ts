import type { Clock } from '../../base/index.ts'
import type { TokenReview } from '../../identity/index.ts'
import type { Check } from '../../policy/index.ts'
import type { BackChannel } from '../relying-party/back-channel.ts'
import type { RenewalEvent } from '../relying-party/renewal.ts'
import type { CookieSessionsOptions } from '../sessions/cookie.ts'
import type { SessionStore } from '../sessions/store.ts'
import type { ApiErrors } from './api-errors.ts'
import type { Answer, SchemeOf, Until } from './question.ts'

/** One of Kubeflow's auth services. */
export interface AuthProvider {
  readonly kind: 'authservice' | 'oauth2-proxy'
  /** The session cookie's name. */
  readonly cookieName: string
  /**
   * Envoy's ext_authz question: 200 lets the request through with the headers to add, anything else
   * is what the caller gets. Neither throws nor rejects: what cannot be decided is a 503. Answers
   * without a promise where the session is in memory and nothing has to be asked.
   */
  check(check: Check, until?: Until): Answer | Promise<Answer>
  /** The same service when a route leads to it, as `/oauth2/…` does. */
  handle(request: Request, info?: { readonly remoteAddress?: string }): Promise<Response>
  /** A session without a sign-in, for `kfdoor token --user`. @throws Fault ERR_SESSION_NEEDS_TOKEN */
  mintSession(user: MintedUser): Promise<MintedSession>
  /** Ends the session of a Cookie header, or of the cookie's bare value; false when there is none. */
  endSession(cookie: string): Promise<boolean>
  /** Ends all sessions of a user; resolves how many there were. */
  endSessionsOf(userId: string): Promise<number>
  close(): Promise<void>
}

export interface MintedUser {
  /** The value of the claim the provider takes for the user, normally the e-mail address. */
  readonly user: string
  readonly email?: string
  readonly groups?: readonly string[]
  readonly subject?: string
  readonly preferredUsername?: string
  /** An ID token of the door's issuer for its client; oauth2-proxy sends it to the gateway. */
  readonly idToken?: string
  /** Milliseconds; the settings' own lifetime by default and at most. */
  readonly lifetime?: number
}

export interface MintedSession {
  /** `name=value`, as a Cookie header has it. */
  readonly cookie: string
  /** As an answer would set them. */
  readonly setCookies: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** What a provider needs from outside. */
export interface ProviderPorts {
  readonly sessions: SessionStore | CookieSessionsOptions
  /** Reaches the issuer by its name in the mesh. */
  readonly fetch: BackChannel
  readonly clock: Clock
  /** TokenReview of the cluster; without it no service account token is taken by authservice. */
  readonly tokenReview?: (token: string, audiences: readonly string[]) => Promise<TokenReview>
  /** By default plain http for a check, which does not tell, and the URL's own for a request. */
  readonly scheme?: SchemeOf
  /** 32 bytes; see LoginAttemptsOptions. */
  readonly loginKey?: Uint8Array
  readonly apiErrors?: ApiErrors
  readonly log?: (event: SignInEvent) => void
}

/** What happened, for a log: no token, cookie value, code or password is ever in it. */
export type SignInEvent =
  | { readonly event: 'signed-in'; readonly user: string }
  | { readonly event: 'signed-out'; readonly user?: string }
  /** By the issuer's word; how many sessions ended, 0 where they lie in browsers. */
  | { readonly event: 'signed-out-by-issuer'; readonly ended: number }
  | { readonly event: 'sign-in-refused'; readonly reason: string }
  | { readonly event: 'unavailable'; readonly reason: string }
  | RenewalEvent
