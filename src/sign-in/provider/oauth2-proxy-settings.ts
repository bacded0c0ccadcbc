/** oauth2-proxy's settings, as far as a door uses them, with its defaults filled in. */
export interface OAuth2ProxySettings {
  readonly issuer: string
  readonly clientId: string
  /** Never printed. */
  readonly clientSecret: string
  readonly skipDiscovery: boolean
  readonly loginUrl?: string
  readonly redeemUrl?: string
  readonly jwksUrl?: string
  readonly profileUrl?: string
  readonly redirectUrl: string
  /** A relative `redirectUrl` is completed with the scheme and host of the request, unless `relative_redirect_url`. */
  readonly completeRedirectUrl?: boolean
  readonly scope: string
  readonly prompt?: string
  readonly codeChallenge: 'S256' | 'plain' | 'none'
  /** `/oauth2` */
  readonly proxyPrefix: string
  readonly providerName: string
  readonly skipProviderButton: boolean
  readonly forceJsonErrors: boolean
  readonly apiRoutes: readonly PathPattern[]
  readonly skipAuthRoutes: readonly RoutePattern[]
  readonly skipAuthPreflight: boolean
  readonly setAuthorizationHeader: boolean
  readonly setXAuthRequest: boolean
  readonly passAccessToken: boolean
  readonly cookie: {
    readonly name: string
    readonly path: string
    readonly domains: readonly string[]
    readonly expireMs: number
    readonly secure: boolean
    readonly sameSite: 'Lax' | 'Strict' | 'None'
    readonly csrfExpireMs: number
  }
  /** `*` = any. */
  readonly emailDomains: readonly string[]
  /** Empty = any. */
  readonly allowedGroups: readonly string[]
  readonly whitelistDomains: readonly string[]
  readonly userIdClaim: string
  readonly emailClaim: string
  readonly groupsClaim: string
  readonly skipJwtBearerTokens: boolean
  readonly extraJwtIssuers: readonly { readonly issuer: string; readonly audience: string }[]
  readonly bearerLoginFallback: boolean
  /** Of `oidc_extra_audiences`: bearer tokens for them count like those for the client. */
  readonly extraAudiences?: readonly string[]
  /** Signature algorithms that are taken; all good ones without it. */
  readonly signingAlgorithms?: readonly string[]
  /** Lower case; whoever is on the list is let in beside `emailDomains`. */
  readonly allowedEmails?: readonly string[]
  readonly acrValues?: string
  readonly csrfSameSite?: 'Lax' | 'Strict' | 'None'
  /** The userinfo endpoint is never asked for a claim the ID token lacks. */
  readonly skipProfile?: boolean
  readonly allowUnverifiedEmail?: boolean
  /** New tokens after so long, where the issuer gives refresh tokens; 0 or none = never. */
  readonly refreshMs?: number
  /** A sign-out ends the session at the issuer too (RP-Initiated Logout). */
  readonly signOutAtIssuer?: boolean
  /** Called at a sign-out; `{id_token}` in it stands for the session's. */
  readonly backendLogoutUrl?: string
  /** Further issuers one may sign in at, beside the one above. */
  readonly others?: readonly OtherIssuer[]
}

export interface OtherIssuer {
  /** In URLs: lower-case letters, digits and `-`. */
  readonly name: string
  /** On the sign-in page. */
  readonly title: string
  readonly issuer: string
  readonly clientId: string
  /** Never printed. */
  readonly clientSecret: string
  /** As registered; `<redirectUrl>/<name>` without it, so that no issuer's answer is taken for another's. */
  readonly redirectUrl?: string
  readonly scope?: string
  readonly prompt?: string
  /** Given for all that is not to be discovered. */
  readonly loginUrl?: string
  readonly redeemUrl?: string
  readonly jwksUrl?: string
  readonly profileUrl?: string
}

/** A Go regular expression, compiled by an engine of the same kind. */
export interface PathPattern {
  readonly source: string
  matches(path: string): boolean
}

/** `METHOD=regex`, `METHOD!=regex` or `regex`. */
export interface RoutePattern extends PathPattern {
  readonly method?: string
  /** `!=`: every path but those. */
  readonly negated: boolean
}
