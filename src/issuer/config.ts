/** Dex's own configuration, read and with its defaults filled in. Times are milliseconds. */
export interface DexConfig {
  /** The `iss` of every token, for example `http://dex.auth.svc.cluster.local:5556/dex`. */
  readonly issuer: string
  readonly clients: readonly DexClient[]
  /** In the order Dex lists them; the password database is `local`, "Email", and last. */
  readonly connectors: readonly ConnectorConfig[]
  readonly passwords: readonly StaticPassword[]
  readonly oauth2: {
    readonly skipApprovalScreen: boolean
    readonly alwaysShowLoginScreen: boolean
    readonly responseTypes: readonly string[]
    /** Empty: the grants of this Dex; else only those of them. */
    readonly grantTypes: readonly string[]
    /** Connector id the password grant asks; undefined = no such grant. */
    readonly passwordConnector?: string
  }
  readonly expiry: {
    readonly idTokens: number
    readonly signingKeys: number
    readonly authRequests: number
    readonly deviceRequests: number
    readonly refreshTokens: RefreshPolicy
  }
  /** What the chooser page calls the issuer: `frontend.issuer`. */
  readonly frontendIssuer: string
}

export interface RefreshPolicy {
  readonly rotate: boolean
  /** A token replaced this recently is taken once more, for clients that lost the answer. */
  readonly reuseInterval: number
  /** 0 = for ever. */
  readonly absoluteLifetime: number
  readonly validIfNotUsedFor: number
}

export interface DexClient {
  readonly id: string
  /** Empty for a public client that has none. */
  readonly secret: string
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly public: boolean
  /** Clients that may ask for tokens with this one in their audience. */
  readonly trustedPeers: readonly string[]
}

export interface StaticPassword {
  readonly email: string
  /** bcrypt, `$2a$`, `$2b$` or `$2y$`. */
  readonly hash: string
  readonly username: string
  readonly name?: string
  readonly preferredUsername?: string
  readonly emailVerified?: boolean
  readonly userId: string
  readonly groups: readonly string[]
}

export type ConnectorConfig =
  | { readonly kind: 'local'; readonly id: 'local'; readonly name: string }
  | { readonly kind: 'ldap'; readonly id: string; readonly name: string; readonly ldap: LdapConfig }
  /** Asks a service on the internet to sign the user in, which a door on a laptop cannot be given. */
  | { readonly kind: 'elsewhere'; readonly id: string; readonly name: string; readonly type: string }

export interface LdapConfig {
  /** `host` or `host:port`. */
  readonly host: string
  readonly insecureNoSsl: boolean
  readonly insecureSkipVerify: boolean
  readonly startTls: boolean
  /** Path of a PEM file. */
  readonly rootCa?: string
  /** PEM, from `rootCAData`. */
  readonly rootCaData?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly bindDn: string
  readonly bindPw: string
  readonly usernamePrompt: string
  readonly userSearch: {
    readonly baseDn: string
    readonly filter: string
    readonly username: string
    readonly scope: 'sub' | 'one'
    readonly idAttr: string
    readonly emailAttr: string
    readonly nameAttr: string
    readonly preferredUsernameAttr: string
    readonly emailSuffix: string
  }
  readonly groupSearch: {
    readonly baseDn: string
    readonly filter: string
    readonly scope: 'sub' | 'one'
    readonly userMatchers: readonly {
      readonly userAttr: string
      readonly groupAttr: string
      readonly recursionGroupAttr: string
    }[]
    readonly nameAttr: string
  }
}
