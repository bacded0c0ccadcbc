import type { Problem } from '../../../base/index.ts'
import type { AuthServiceSettings } from '../../provider/authservice-settings.ts'
import type { OAuth2ProxySettings } from '../../provider/oauth2-proxy-settings.ts'
import type { RedisTexts } from '../../sessions/redis-options.ts'

/** The seat of an auth service: what it is told, and where it listens and keeps sessions. */
export type CompatSeat = {
  readonly listen: { readonly host: string; readonly port: number }
  readonly metricsListen?: { readonly host: string; readonly port: number }
  /** A port of its own for the probe, as oidc-authservice has. */
  readonly probeListen?: { readonly host: string; readonly port: number }
  readonly sessions: CompatSessions
  /** Addresses and ranges whose forwarded headers count. */
  readonly trustedProxies: readonly string[]
  /** PEM files trusted beside the known CAs. */
  readonly caFiles: readonly string[]
  /** What of it is published with Kubeflow, in words. */
  readonly published: readonly string[]
} & (
  | { readonly style: 'oauth2-proxy'; readonly settings: OAuth2ProxySettings }
  | { readonly style: 'authservice'; readonly settings: AuthServiceSettings }
)

export type CompatSessions =
  /** `secret` is what seals them, where there is one that nobody else knows. */
  | { readonly store: 'cookie'; readonly secret?: Uint8Array }
  | { readonly store: 'redis'; readonly redis: RedisTexts; readonly secret?: Uint8Array }
  /** Wherever the service keeps its own. */
  | { readonly store: 'own' }

export interface CompatReading {
  /** Undefined when any of the problems is an error. */
  readonly seat: CompatSeat | undefined
  readonly problems: readonly Problem[]
}

/** What a reader needs of the world. */
export interface CompatWorld {
  readonly env: Readonly<Record<string, string | undefined>>
  /** @throws when there is no such file */
  readonly readFile: (path: string) => Buffer
}

/** In every kubeflow/manifests release, so the whole world can read them. */
const PUBLISHED_CLIENT_SECRETS = ['pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok', '12341234']
const PUBLISHED_COOKIE_SECRETS = ['7d16fee92f8d11b8940b081b3f8b8acb', '12341234']

export const isPublishedClientSecret = (text: string) => PUBLISHED_CLIENT_SECRETS.includes(text.trim())
export const isPublishedCookieSecret = (secret: Uint8Array) =>
  PUBLISHED_COOKIE_SECRETS.includes(Buffer.from(secret).toString('latin1').trim())
