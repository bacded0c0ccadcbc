import type { Clock } from '../base/index.ts'
import type { KeyStore, SigningKeys } from '../identity/index.ts'
import type { DexConfig } from './config.ts'
import type { PasswordConnector } from './connectors/connector.ts'
import { ldapConnector } from './connectors/ldap.ts'
import { passwordDb } from './connectors/password-db.ts'
import { errorReply, type IssuerContext, type IssuerEvent, type Visit } from './context.ts'
import { handleDevice } from './device.ts'
import type { TokenIdentity } from './exchange.ts'
import { handleApproval } from './finish.ts'
import type { DexGeneration } from './generation.ts'
import { percentDecode } from './go-url.ts'
import { handleIntrospection } from './introspection.ts'
import { handleAuth, handleConnector, handleLogin } from './login.ts'
import { handleDiscovery, handleKeys, handleUserInfo } from './metadata.ts'
import { notFound } from './reply.ts'
import { createSignInLimiter } from './sign-in-limiter.ts'
import { createStore } from './store.ts'
import { handleToken } from './token.ts'

export interface IssuerOptions {
  readonly config: DexConfig
  readonly generation: DexGeneration
  readonly keys: SigningKeys
  readonly clock: Clock
  /** In place of those the configuration names. */
  readonly connectors?: readonly PasswordConnector[]
  /** Issuers whose tokens can be exchanged for ours, by the `connector_id` a client names. */
  readonly exchanges?: ReadonlyMap<string, TokenIdentity>
  /** Where refresh tokens outlive the process; nowhere when left out. The text is a secret. */
  readonly store?: KeyStore
  readonly log?: (event: IssuerEvent) => void
}

export interface Issuer {
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** The path everything lies under: `/dex`. */
  readonly path: string
  /**
   * Answers everything under `path`; 404 for the rest. `remoteAddress` is who is counted when
   * passwords are guessed.
   */
  handle(request: Request, info?: { readonly remoteAddress?: string }): Promise<Response>
  close(): Promise<void>
}

/** Form bodies larger than this are answered 413. */
const LARGEST_FORM = 1024 * 1024

/**
 * Dex's face: the same paths, statuses, redirects and texts, in the generation asked for.
 *
 * Pages, links and redirects name paths only, so the issuer works under whatever origin the door
 * has, while its tokens and its discovery name `config.issuer`. It sets no cookie: a sign-in is one
 * opaque id in the URL, used once.
 *
 * @example
 * const issuer = createIssuer({ config, generation: dexGeneration('v2.45.0'), keys, clock: Date.now })
 * const answer = await issuer.handle(new Request('http://door/dex/healthz'))
 */
export function createIssuer(options: IssuerOptions): Issuer {
  const { config, generation, keys, clock, log = () => {} } = options
  const connectors = options.connectors ?? connectorsOf(config)
  const base = new URL(config.issuer).pathname.replace(/\/$/, '')
  const context: IssuerContext = {
    config,
    generation,
    keys,
    clock,
    store: createStore(clock, options.store, (reason) =>
      log({ kind: 'failed', path: 'refresh tokens', reason }),
    ),
    connectors: new Map(connectors.map((one) => [one.id, one])),
    exchanges: options.exchanges ?? new Map(),
    limiter: createSignInLimiter(clock),
    base,
    log,
  }

  return {
    issuer: config.issuer,
    path: base,
    async handle(request, info) {
      const url = new URL(request.url)
      const body = await readForm(request)
      if (!body) return errorReply({ request }, 413, 'Request body too large.')
      await context.store.ready
      context.store.tidy()
      const form = new URLSearchParams([...body, ...url.searchParams])
      const visit: Visit = { request, url, body, form, remoteAddress: info?.remoteAddress ?? 'unknown' }
      try {
        return (await route(context, visit)) ?? notFound()
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        log({ kind: 'failed', path: url.pathname, reason })
        return errorReply({ request }, 500, 'Internal server error.')
      }
    },
    async close() {},
  }
}

function connectorsOf(config: DexConfig): PasswordConnector[] {
  const made: PasswordConnector[] = []
  for (const one of config.connectors) {
    if (one.kind === 'local') made.push(passwordDb(config.passwords, { name: one.name }))
    if (one.kind === 'ldap') made.push(ldapConnector(one.id, one.name, one.ldap))
  }
  return made
}

function route(context: IssuerContext, visit: Visit): Promise<Response | undefined> | Response | undefined {
  const { pathname } = visit.url
  if (!pathname.startsWith(`${context.base}/`)) return undefined
  const path = pathname.slice(context.base.length)
  switch (path) {
    case '/.well-known/openid-configuration':
      return handleDiscovery(context)
    case '/keys':
      return handleKeys(context)
    case '/token':
      return handleToken(context, visit)
    case '/userinfo':
      return handleUserInfo(context, visit)
    case '/auth':
      return handleAuth(context, visit)
    case '/token/introspect':
      return context.generation.lists.introspection ? handleIntrospection(context, visit) : undefined
    case '/approval':
      return handleApproval(context, visit)
    case '/healthz':
      return new Response('Health check passed', { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  }
  if (path.startsWith('/device') && context.generation.lists.deviceAndGrants) {
    return handleDevice(context, visit, path)
  }
  const [, segment = '', login] = /^\/auth\/([^/]+)(\/login)?$/.exec(path) ?? []
  const connectorId = percentDecode(segment)
  if (segment === '') return undefined
  if (connectorId === undefined) return errorReply(visit, 400, 'Requested resource does not exist')
  if (login === undefined) return handleConnector(context, visit, connectorId)
  return context.generation.requestAtAuth ? undefined : handleLogin(context, visit, connectorId)
}

/** The fields of a form body; empty for other types, undefined when it is too large. */
async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (!request.body || type !== 'application/x-www-form-urlencoded') return new URLSearchParams()
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of request.body) {
    size += part.byteLength
    if (size > LARGEST_FORM) return undefined
    parts.push(part)
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'))
}
