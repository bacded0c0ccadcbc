import type { AuthServiceSettings, OAuth2ProxySettings, RedisOptions } from '../../sign-in/index.ts'

/** Everything `serve authz` runs by, after file, environment and flags were laid over one another. */
export interface AuthzSettings {
  readonly listen: ListenAt
  readonly grpcListen?: ListenAt
  readonly metricsListen?: ListenAt
  /** Empty, or `/check`. */
  readonly pathPrefix: string
  /** Addresses and ranges. */
  readonly trustedProxies: readonly string[]
  /** What browsers speak to the door, where no trusted proxy says. */
  readonly scheme: 'http' | 'https'
  readonly drainMs: number
  readonly identity: { readonly user: string; readonly groups: string; readonly userPrefix: string }
  readonly signIn?: SignInSettings
  readonly machines: MachineSettings
  readonly sessions: SessionSettings
  /** `-` = standard error, else a file; undefined = none. */
  readonly auditLog?: string
  /** PEM file trusted beside the system's CAs. */
  readonly caFile?: string
  /** More of them. */
  readonly caFiles?: readonly string[]
  /** The auth service that is replaced: asked too, and its answer given. */
  readonly shadow?: string
  /** The auth service that is replaced: asked about whom we do not know. */
  readonly fallback?: string
  /** A port that only says whether this is ready, as oidc-authservice has one. */
  readonly probeListen?: ListenAt
}

export interface ListenAt {
  readonly host: string
  readonly port: number
}

export type SignInSettings = {
  /** Whether API callers get JSON they can read, or what the release answers. */
  readonly apiErrors: 'json' | 'release'
  /** Identity headers are written beside the auth service's own. */
  readonly nameSessions: boolean
  /** Tokens are the auth service's own matter, as in the seat of one; `machines` then judges none. */
  readonly judgesTokens?: boolean
  /** 32 bytes; replicas that share them share sign-ins in flight. */
  readonly loginKey?: Uint8Array
} & (
  | { readonly style: 'oauth2-proxy'; readonly settings: OAuth2ProxySettings }
  | { readonly style: 'authservice'; readonly settings: AuthServiceSettings }
)

export interface MachineSettings {
  readonly issuers: readonly IssuerSettings[]
  readonly kubernetes?: KubernetesSettings
}

export interface ClaimSettings {
  readonly userClaim: string
  readonly groupsClaim: string
  readonly userPrefix: string
  readonly groupsPrefix: string
  /** Go regular expressions, as `USERID_TRANSFORMERS` has them. */
  readonly transformers: readonly { readonly matches: string; readonly replaces: string }[]
  readonly requiredClaims: Readonly<Record<string, readonly string[]>>
  readonly allowedGroups: readonly string[]
  readonly allowedUsers: readonly string[]
}

export interface IssuerSettings extends ClaimSettings {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Left out: what its discovery document says. */
  readonly jwksUri?: string
  /** A JWKS in a file, instead of one that is fetched. */
  readonly jwksFile?: string
}

export interface KubernetesSettings extends ClaimSettings {
  readonly audiences: readonly string[]
  /** The spellings of the API server's issuer. */
  readonly issuers: readonly string[]
  /** `jwks`: signatures are verified here; `token-review`: the API server is asked about each token. */
  readonly verify: 'jwks' | 'token-review'
  /** Left out: the cluster this runs in. */
  readonly server?: string
  readonly tokenFile?: string
  readonly caFile?: string
  readonly kubeconfig?: string
  readonly context?: string
}

export type SessionSettings =
  | { readonly store: 'memory' }
  | { readonly store: 'sqlite'; readonly file: string }
  | { readonly store: 'redis'; readonly redis: RedisOptions }
  /** In the browser: the first secret seals, all open. */
  | { readonly store: 'cookie'; readonly secrets: readonly Uint8Array[] }
