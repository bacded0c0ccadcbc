import type { HeaderList } from '../policy/index.ts'

/** How a proxy asks: Envoy's two ways, nginx's, Traefik's, or a request that was routed here itself. */
export type Via = 'http' | 'grpc' | 'auth-request' | 'forward-auth' | 'direct'

/** What a proxy asks about one request. */
export interface AuthzCheck {
  readonly via: Via
  readonly method: string
  /** The request target as the client sent it, query included; empty when the proxy names none. */
  readonly target: string
  readonly host: string
  /** Names in lower case. Forwarded headers of a peer that is not trusted are not among them. */
  readonly headers: HeaderList
}

/**
 * Lets the request through. `set` overwrites what the client sent; what is in `remove` and was not
 * set is taken out, so no client names itself.
 */
export interface Allow {
  readonly kind: 'allow'
  readonly id: string
  readonly reason: 'session' | 'token' | 'token-review' | 'exempt'
  readonly who?: string | undefined
  /** 200; 202 where oauth2-proxy says so to nginx. */
  readonly status: number
  readonly set: HeaderList
  readonly remove: readonly string[]
  /** `set` is new: whoever keeps what he makes of a list can wait until he sees it again. */
  readonly isNew?: boolean
  /** Of the sign-in, for a browser that was routed to the port checks come on; a proxy reads the status. */
  readonly page?: { readonly headers: HeaderList; readonly body: string }
}

/** The caller gets an answer of ours: a way to sign in, a page of the sign-in, or a refusal. */
export interface Refuse {
  readonly kind: 'challenge' | 'sign-in' | 'deny'
  readonly id: string
  readonly reason: Reason
  readonly who?: string
  /** For the log only: rules, names, what exactly was wrong. Never a secret. */
  readonly detail?: string
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

export type Verdict = Allow | Refuse

export type Reason =
  | 'not-signed-in'
  | 'sign-in'
  | 'not-admitted'
  | 'token-not-accepted'
  | 'token-expired'
  | 'token-audience'
  | 'unavailable'
  | 'bad-check'
  | 'failed'

/** At once where everything is in memory: a session or token that is known asks nobody. */
export type Authorize = (check: AuthzCheck) => Verdict | Promise<Verdict>
