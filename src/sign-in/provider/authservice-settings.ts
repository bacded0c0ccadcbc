/** oidc-authservice's settings (common/settings.go), with its defaults filled in. Paths end in `/` where it adds one. */
export interface AuthServiceSettings {
  /**
   * `28c59ef` (Kubeflow 1.4–1.6): cookie or X-Auth-Token only, `/logout`, one fixed callback.
   * `e236439` (1.7–1.8): tokens, `/authservice/…`, the `oidc_state_csrf` cookie's name.
   */
  readonly vintage: '28c59ef' | 'e236439'
  readonly issuer: string
  /** Where browsers go in place of the discovered endpoint: `/dex/auth`. */
  readonly authUrl?: string
  readonly clientId: string
  /** Never printed. */
  readonly clientSecret: string
  /** As registered: `/login/oidc`, `/authservice/oidc/callback`. */
  readonly redirectUrl: string
  /** With `openid`. */
  readonly scopes: readonly string[]
  /** `/authservice/`; unused by 28c59ef. */
  readonly urlPrefix: string
  /** Path prefixes that need no session. */
  readonly skipAuth: readonly string[]
  readonly userIdHeader: string
  readonly userIdPrefix: string
  /** Of `USERID_TRANSFORMERS`: what the header says in place of the claim's value, before the prefix. */
  readonly transform?: (name: string) => string
  readonly userIdClaim: string
  readonly userIdTokenHeader?: string
  readonly groupsHeader: string
  readonly groupsClaim: string
  /** `*` = everybody. */
  readonly groupsAllowed: readonly string[]
  readonly audiences: readonly string[]
  readonly homepageUrl: string
  /** Empty = back where the browser came from. */
  readonly afterLoginUrl: string
  readonly afterLogoutUrl: string
  readonly sessionMaxAgeMs: number
  readonly sameSite: 'Lax' | 'Strict' | 'None'
  readonly tokenReview: boolean
  readonly idTokens: boolean
}

export const SESSION_COOKIE = 'authservice_session'
export const STATE_COOKIE = 'oidc_state_csrf'
