/**
 * A Kubeflow door of real parts only: Envoy with what istiod configures it with for a release's own YAML,
 * oauth2-proxy with the release's settings, Dex with the release's users, and an echo behind them.
 */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { run } from '../door.ts'
import { type Dex, type DexConfig, PUBLISHED_HASH, startDex } from '../parts/dex.ts'
import { ensureEnvoy } from '../parts/envoy.ts'
import { type OAuth2Proxy, startOAuth2Proxy } from '../parts/oauth2-proxy.ts'
import { freePort, startNeighbour } from '../parts/process.ts'

const ISSUER = 'http://dex.auth.svc.cluster.local:5556/dex'
const CLIENT = { id: 'kubeflow-oidc-authservice', secret: 'pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok' }
export const USER = { email: 'user@example.com', password: '12341234' }

/** Dex as a release ships it, with memory for its storage. */
export const dexConfig = (redirectUri: string, more: DexConfig = {}): DexConfig & { issuer: string } => ({
  issuer: ISSUER,
  oauth2: { skipApprovalScreen: true },
  enablePasswordDB: true,
  staticPasswords: [{ email: USER.email, hash: PUBLISHED_HASH, username: 'user', userID: '15841185641784' }],
  staticClients: [{ ...CLIENT, name: 'Dex Login Application', redirectURIs: [redirectUri] }],
  ...more,
})

const release = (name: string) => fileURLToPath(new URL(`../../profiles/${name}/release`, import.meta.url))

/** `oauth2_proxy.cfg` of 26.03, with Dex where it is here. */
export function oauth2ProxyConfig(
  dexPort: number,
  change: (text: string) => string = (text) => text,
): string {
  const text = readFileSync(join(release('26.03'), 'auth-service.yaml'), 'utf8')
  for (const document of parseAllDocuments(text)) {
    const found: unknown = document.getIn(['data', 'oauth2_proxy.cfg'])
    if (typeof found === 'string')
      return change(
        found.replace(/^((?:redeem|oidc_jwks)_url = ")http:\/\/[^/]+/gm, `$1http://127.0.0.1:${dexPort}`),
      )
  }
  throw new Error('the release holds no oauth2_proxy.cfg')
}

/** The environment of its Deployment. */
export const oauth2ProxyEnvironment = {
  OAUTH2_PROXY_CLIENT_ID: CLIENT.id,
  OAUTH2_PROXY_CLIENT_SECRET: CLIENT.secret,
  OAUTH2_PROXY_COOKIE_SECRET: '7d16fee92f8d11b8940b081b3f8b8acb',
  OAUTH2_PROXY_COOKIE_SECURE: 'false',
  OAUTH2_PROXY_SSL_INSECURE_SKIP_VERIFY: 'true',
  OAUTH2_PROXY_SKIP_JWT_BEARER_TOKENS: 'true',
}

export interface RealDoorOptions {
  readonly dex?: DexConfig
  /** Another auth service on this port, instead of a real oauth2-proxy. */
  readonly service?: (dexPort: number) => Promise<{ readonly port: number; close(): Promise<unknown> }>
  readonly settings?: (text: string) => string
  readonly serviceEnv?: Readonly<Record<string, string>>
  /** What answers behind the door; without it, an echo. */
  readonly backend?: string
  readonly upstreams?: readonly string[]
  /** A folder with tls.crt and tls.key: the release with its TLS overlay. */
  readonly tls?: string
}

export interface RealDoor {
  readonly url: string
  readonly dex: Dex
  readonly service: { readonly port: number; log?(): string }
  readonly envoyLog: () => string
  close(): Promise<void>
}

export async function startRealDoor(options: RealDoorOptions = {}): Promise<RealDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-real-door-'))
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const one of undo.splice(0).reverse()) await one()
  }
  try {
    const dex = await startDex(dexConfig('/oauth2/callback', options.dex))
    undo.push(() => dex.close())
    const service: OAuth2Proxy | { readonly port: number; close(): Promise<unknown> } = options.service
      ? await options.service(dex.port)
      : await startOAuth2Proxy(oauth2ProxyConfig(dex.port, options.settings), {
          ...oauth2ProxyEnvironment,
          ...options.serviceEnv,
        })
    undo.push(() => service.close())
    const echo = createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ path: request.url, headers: request.headers }))
    })
    undo.push(() => ended(echo))
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const backend = options.backend ?? `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
    const [http, https, admin] = [await freePort(), await freePort(), await freePort()]
    const exported = await run([
      ...['export', 'envoy', '-f', options.tls ? 'profile:26.03' : release('26.03'), '-o', 'json'],
      ...['--listen', `8080=127.0.0.1:${http}`],
      ...(options.tls
        ? ['--listen', `8443=127.0.0.1:${https}`, '--secret', `istio-system/kubeflow-door-tls=${options.tls}`]
        : []),
      ...['--provider', `oauth2-proxy=http://127.0.0.1:${service.port}`],
      ...['--upstream', `dex.auth=http://127.0.0.1:${dex.port}`],
      ...['--upstream', `oauth2-proxy.oauth2-proxy=http://127.0.0.1:${service.port}`],
      ...(options.upstreams ?? []).flatMap((one) => ['--upstream', one]),
      ...['--default-upstream', backend],
    ])
    if (exported.code !== 0) throw new Error(exported.err)
    const config = JSON.parse(exported.out) as Record<string, unknown>
    const file = join(folder, 'envoy.json')
    const socket = { address: { socket_address: { address: '127.0.0.1', port_value: admin } } }
    writeFileSync(file, JSON.stringify({ ...config, admin: socket }), { mode: 0o600 })
    const envoy = await startNeighbour(
      await ensureEnvoy(),
      ['-c', file, '--base-id', String(http), '--concurrency', '1', '--log-level', 'warning'],
      { ready: async () => (await fetch(`http://127.0.0.1:${admin}/ready`)).ok },
    )
    undo.push(() => envoy.stop())
    const url = options.tls ? `https://localhost:${https}` : `http://127.0.0.1:${http}`
    return { url, dex, service, envoyLog: envoy.output, close }
  } catch (error) {
    await close()
    throw error
  }
}

const ended = (server: Server) =>
  new Promise<void>((done) => {
    server.closeAllConnections()
    server.close(() => done())
  })

/** `kfdoor` as somebody with a home of their own. */
export function somebody(env: NodeJS.ProcessEnv = {}) {
  const home = mkdtempSync(join(tmpdir(), 'kfdoor-somebody-'))
  return {
    home,
    kfdoor: (args: readonly string[], more: NodeJS.ProcessEnv = {}, input?: string) =>
      run(args, {
        env: { PATH: process.env.PATH, HOME: home, ...env, ...more },
        ...(input !== undefined && { input }),
      }),
    forget: () => rmSync(home, { recursive: true, force: true }),
  }
}
