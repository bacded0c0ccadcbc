/** Builders for this room's tests: every default is valid, nothing costs a real bcrypt hash. */
import type { KeyStore, SigningKeys } from '../identity/index.ts'
import { createSigningKeys } from '../identity/index.ts'
import type { DexConfig } from './config.ts'
import type { Identity, PasswordConnector } from './connectors/connector.ts'
import type { IssuerEvent } from './context.ts'
import type { TokenIdentity } from './exchange.ts'
import { dexGeneration } from './generation.ts'
import { createIssuer, type Issuer } from './issuer.ts'

export const ORIGIN = 'https://door.test'
export const START = Date.UTC(2026, 0, 1)

let sharedKeys: Promise<SigningKeys> | undefined
const someKeys = () => {
  sharedKeys ??= createSigningKeys({ clock: () => START, algorithm: 'RS256' })
  return sharedKeys
}

export function aConfig(over: Partial<DexConfig> = {}): DexConfig {
  return {
    issuer: 'http://dex.auth.svc.cluster.local:5556/dex',
    clients: [
      {
        id: 'kubeflow-oidc-authservice',
        secret: 's3cret:with/odd+signs',
        name: 'Dex Login Application',
        redirectUris: ['/oauth2/callback', '/authservice/oidc/callback', `${ORIGIN}/oauth2/callback`],
        public: false,
        trustedPeers: ['other'],
      },
      {
        id: 'other',
        secret: 'other',
        name: 'Other',
        redirectUris: ['/other'],
        public: false,
        trustedPeers: [],
      },
      { id: 'cli', secret: '', name: 'CLI', redirectUris: [], public: true, trustedPeers: [] },
    ],
    connectors: [{ kind: 'local', id: 'local', name: 'Email' }],
    passwords: [],
    oauth2: {
      skipApprovalScreen: true,
      alwaysShowLoginScreen: false,
      responseTypes: ['code'],
      grantTypes: [],
      passwordConnector: 'local',
    },
    expiry: {
      idTokens: 24 * 3_600_000,
      signingKeys: 6 * 3_600_000,
      authRequests: 24 * 3_600_000,
      deviceRequests: 300_000,
      refreshTokens: { rotate: true, reuseInterval: 0, absoluteLifetime: 0, validIfNotUsedFor: 0 },
    },
    frontendIssuer: 'dex',
    ...over,
  }
}

export const someone: Identity = {
  userId: '15841185641784',
  username: 'user',
  preferredUsername: '',
  email: 'user@example.com',
  emailVerified: true,
  groups: ['team-a'],
}

/** Knows one person and their password. */
export function aConnector(
  over: Partial<PasswordConnector> & { readonly password?: string } = {},
): PasswordConnector {
  const { password = '12341234', ...rest } = over
  return {
    id: 'local',
    name: 'Email',
    type: 'local',
    prompt: 'Email Address',
    login: async (_, given) => (given === password ? { kind: 'in', identity: someone } : { kind: 'wrong' }),
    refresh: async (identity) => identity,
    ...rest,
  }
}

export interface Bench {
  readonly issuer: Issuer
  readonly events: IssuerEvent[]
  /** ms; moves when it is set. */
  now: number
  get(path: string, headers?: Record<string, string>): Promise<Response>
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>
}

export async function aBench(
  given: {
    readonly tag?: string
    readonly config?: Partial<DexConfig>
    readonly connectors?: readonly PasswordConnector[]
    readonly store?: KeyStore
    readonly exchanges?: ReadonlyMap<string, TokenIdentity>
  } = {},
): Promise<Bench> {
  const events: IssuerEvent[] = []
  const bench = { now: START }
  const issuer = createIssuer({
    config: aConfig(given.config),
    generation: dexGeneration(given.tag ?? 'v2.45.0'),
    keys: await someKeys(),
    clock: () => bench.now,
    connectors: given.connectors ?? [aConnector()],
    ...(given.store ? { store: given.store } : {}),
    ...(given.exchanges ? { exchanges: given.exchanges } : {}),
    log: (event) => events.push(event),
  })
  return Object.assign(bench, {
    issuer,
    events,
    get: (path: string, headers: Record<string, string> = {}) =>
      issuer.handle(new Request(new URL(path, ORIGIN), { headers })),
    post: (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
      issuer.handle(
        new Request(new URL(path, ORIGIN), { method: 'POST', body: new URLSearchParams(form), headers }),
      ),
  })
}

/** An authorization request's path; members that are '' are left out. */
export function authPath(over: Record<string, string> = {}, at = '/dex/auth/local'): string {
  const query = {
    client_id: 'kubeflow-oidc-authservice',
    redirect_uri: '/oauth2/callback',
    response_type: 'code',
    scope: 'openid email groups profile offline_access',
    state: 'abc:/',
    ...over,
  }
  return `${at}?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''))}`
}

/** Goes through a whole sign-in (2.36–2.45) and returns the code. */
export async function aCode(bench: Bench, over: Record<string, string> = {}): Promise<string> {
  const form = (await bench.get(authPath(over))).headers.get('location') ?? ''
  const back = await bench.post(form, { login: 'user@example.com', password: '12341234' })
  return new URL(back.headers.get('location') ?? '', ORIGIN).searchParams.get('code') ?? ''
}

export function basic(id: string, secret: string): Record<string, string> {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
