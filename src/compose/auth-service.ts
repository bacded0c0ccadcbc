import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Clock, Fault, type Problem, renderProblem } from '../base/index.ts'
import type { ServiceAccountIssuer } from '../identity/index.ts'
import type { Mesh } from '../mesh/index.ts'
import {
  type AuthProvider,
  authProviderKind,
  createAuthService,
  createOAuth2Proxy,
  memorySessions,
  type ProviderPorts,
  readAuthServiceSettings,
  readOAuth2ProxySettings,
  type SessionStore,
  type SignInEvent,
  sqliteSessions,
} from '../sign-in/index.ts'
import type { LocalIssuer } from './local-issuer.ts'
import { readIfThere, writePrivateFile } from './private-file.ts'
import type { State } from './state.ts'

/** The auth service the mesh names, run here, and the client it is at the issuer. */
export interface LocalAuthService {
  readonly provider: AuthProvider
  readonly clientId: string
  /** The oldest oidc-authservice signs out at `GET /logout`. */
  readonly oldest?: boolean
}

export interface LocalAuthServiceOptions {
  readonly mesh: Mesh
  readonly sessions: SessionStore
  readonly state: State
  readonly issuer: LocalIssuer | undefined
  readonly accounts: ServiceAccountIssuer
  readonly apiErrors: 'release' | 'json'
  readonly tls: boolean
  readonly clock: Clock
  readonly warn: (problem: Problem) => void
  readonly log: (event: SignInEvent) => void
}

export function openSessions(state: State, clock: Clock): SessionStore {
  return state.ephemeral ? memorySessions(clock) : sqliteSessions(state.database('sessions.db'), clock)
}

/**
 * Which of Kubeflow's auth services runs follows from the YAML: the CUSTOM provider or EnvoyFilter
 * the mesh names. A mesh that names none asks nobody.
 *
 * @throws Fault ERR_MESH_INVALID
 */
export function startAuthService(options: LocalAuthServiceOptions): LocalAuthService | undefined {
  const { mesh, issuer, accounts, clock } = options
  const kind = authProviderKind(mesh)
  if (kind === undefined) return undefined
  const ports: ProviderPorts = {
    sessions: options.sessions,
    fetch: backChannel(issuer),
    clock,
    tokenReview: async (token, audiences) => accounts.review(token, audiences),
    scheme: () => (options.tls ? 'https' : 'http'),
    loginKey: loginKey(options.state),
    apiErrors: options.apiErrors,
    log: options.log,
  }
  if (kind === 'authservice') {
    const { settings, problems } = readAuthServiceSettings(mesh)
    return {
      provider: createAuthService(sound(settings, problems, options.warn), ports),
      clientId: settings?.clientId ?? '',
      oldest: settings?.vintage === '28c59ef',
    }
  }
  const { settings, problems } = readOAuth2ProxySettings(mesh)
  return {
    provider: createOAuth2Proxy(sound(settings, problems, options.warn), ports),
    clientId: settings?.clientId ?? '',
  }
}

function sound<S>(
  settings: S | undefined,
  problems: readonly Problem[],
  warn: (problem: Problem) => void,
): S {
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (settings === undefined || errors.length > 0) {
    throw new Fault('ERR_MESH_INVALID', {
      problems: (errors.length > 0 ? errors : problems).map(renderProblem),
    })
  }
  for (const problem of problems) warn(problem)
  return settings
}

/** Binds a sign-in begun before a restart to the browser that began it. */
function loginKey(state: State): Uint8Array {
  if (state.ephemeral) return randomBytes(32)
  const file = join(state.folder, 'login.key')
  const known = readIfThere(file)
  if (known !== undefined) return Buffer.from(known, 'base64')
  const fresh = randomBytes(32)
  writePrivateFile(file, fresh.toString('base64'))
  return fresh
}

/** Calls of the auth service to the issuer by its mesh name, answered in this process. */
function backChannel(issuer: LocalIssuer | undefined): ProviderPorts['fetch'] {
  return async (url, init) => {
    const { origin } = new URL(url)
    if (issuer && origin === new URL(issuer.issuer.issuer).origin) {
      return issuer.issuer.handle(new Request(url, init), { remoteAddress: 'mesh' })
    }
    return fetch(url, { ...init, redirect: 'error', signal: init?.signal ?? AbortSignal.timeout(10_000) })
  }
}

/** An ID token as Dex would have made it at a sign-in: what oauth2-proxy passes on to the gateway. */
export async function mintIdToken(
  issuer: LocalIssuer,
  clientId: string,
  user: { readonly email: string; readonly groups: readonly string[] },
  now: number,
): Promise<string> {
  const known = issuer.config.passwords.find(({ email }) => email === user.email)
  const seconds = Math.floor(now / 1000)
  return issuer.keys.sign({
    iss: issuer.issuer.issuer,
    sub: known?.userId ?? randomUUID(),
    aud: clientId,
    exp: seconds + Math.floor(issuer.config.expiry.idTokens / 1000),
    iat: seconds,
    email: user.email,
    email_verified: true,
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    name: known?.username ?? user.email,
  })
}
