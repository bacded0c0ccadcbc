import { createPublicKey as publicOf } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decideWholePath } from '../../src/compose/decide.ts'
import { keySources } from '../../src/compose/jwks.ts'
import { type RunningAuthz, serveAuthz } from '../../src/compose/serve-authz/serve-authz.ts'
import type { AuthzSettings } from '../../src/compose/serve-authz/settings.ts'
import { type DoorPort, type ListenerSpec, startGateway } from '../../src/gateway/index.ts'
import { parseMesh } from '../../src/mesh/index.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../../src/pki/index.ts'
import { compileDoor } from '../../src/policy/index.ts'
import {
  type AuthProvider,
  createOAuth2Proxy,
  memorySessions,
  type OAuth2ProxySettings,
  routePattern,
} from '../../src/sign-in/index.ts'
import { type ConsoleSide, withConsole } from './console-world.ts'
import { type Directory, openDirectory } from './directory.ts'
import { CLIENT_SECRET, type Issuers, type JwksState, openIssuers } from './issuers.ts'
import { type ProxySide, withProxy } from './proxy-world.ts'
import { people } from './recipes.ts'

/**
 * The world the attacks assume: the real gateway, engine, issuer, sign-in and ext_authz service on
 * `world.yaml`, with workloads that record what reaches them. What of it a setup needs is opened.
 */
export const cookieName = 'kfdoor_session'

/** One request as a workload read it. */
export interface Seen {
  readonly backend: string
  readonly method: string
  readonly path: string
  readonly host: string
  readonly headers: readonly (readonly [string, string])[]
  body: string
}

export interface World {
  readonly setup: string
  readonly port: number
  readonly tlsPort: number
  readonly caPem: string
  readonly clientCert: { readonly certPem: string; readonly keyPem: string }
  readonly seen: Seen[]
  readonly issuers: Issuers
  readonly directory: Directory | undefined
  /** Whom the sessions of this world belong to: the gateway's sign-in, or the ext_authz service's. */
  readonly provider: AuthProvider
  readonly authz: RunningAuthz | undefined
  /** Of the setups `console`, `plan` and `plan-stale`. */
  readonly opened?: ConsoleSide
  /** Of the setup `cli-proxy`. */
  readonly proxied?: ProxySide
  readonly attacker: { readonly port: number; readonly hits: string[] }
  /** All that was logged so far. */
  log(): Promise<string>
  /** A cookie `name=value` of a fresh session. */
  session(who: string): Promise<string>
  /** Milliseconds the world's clock is ahead of the machine's. */
  shift(ms: number): void
  now(): number
  close(): Promise<void>
}

const parity: Readonly<Record<string, string>> = {
  'parity-base': 'BASE',
  'parity-decode': 'DECODE_AND_MERGE_SLASHES',
  'parity-merge': 'MERGE_SLASHES',
  'parity-none': 'NONE',
}
const jwksStates: Readonly<Record<string, JwksState>> = {
  'jwks-rotated': 'rotated',
  'jwks-down': 'down',
  'jwks-down-warm': 'down-warm',
  'jwks-redirect-to-metadata': 'redirect',
  'jwks-huge': 'huge',
  'jwks-hangs': 'hangs',
  'jwks-weak-key': 'weak-key',
  'jwks-enc-key': 'enc-key',
}

/** Which setups need a world of their own; the others share one. */
export function worldOf(setup: string): string | undefined {
  if (
    ['anon', 'user', 'admin', 'bearer', 'limits', 'tls-two-hosts', 'sign-in', 'callback', 'issuer'].includes(
      setup,
    )
  )
    return 'door'
  if (parity[setup] ?? jwksStates[setup]) return setup
  const own = ['bearer-ec', 'bearer-domain-rule', 'two-audiences', 'sign-in-whitelist', 'ldap']
  if (own.includes(setup)) return setup
  if (setup === 'cli-proxy') return setup
  if (setup === 'console' || setup === 'plan') return 'console'
  if (setup === 'plan-stale') return setup
  if (['authz-http', 'authz-grpc', 'authz-http-trusted'].includes(setup)) return 'authz'
  return undefined
}

/** What the harness adds to `world.yaml`: where the provider, the issuer and the workloads are. */
const additions = (normalization: string | undefined, world: string) => `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    pathNormalization: {normalization: ${normalization ?? 'DEFAULT'}}
    extensionProviders:
    - name: kfdoor
      envoyExtAuthzHttp:
        service: kfdoor.istio-system.svc.cluster.local
        port: 9000
        includeRequestHeadersInCheck: [cookie, authorization, accept]
        headersToUpstreamOnAllow: [authorization]
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: sign-in, namespace: istio-system}
spec:
  hosts: ["*"]
  gateways: [kubeflow/kubeflow-gateway]
  http:
  - match: [{uri: {prefix: /dex/}}]
    route: [{destination: {host: dex.auth.svc.cluster.local, port: {number: 80}}}]
  - match: [{uri: {prefix: /oauth2/}}]
    route: [{destination: {host: kfdoor.istio-system.svc.cluster.local, port: {number: 9000}}}]
${['app.kubeflow', 'internal.kubeflow', 'mtls.kubeflow', 'model.ns-a', 'dex.auth', 'kfdoor.istio-system']
  .map((name) => {
    const [service, namespace] = name.split('.')
    const port = service === 'kfdoor' ? 9000 : 80
    return `---
apiVersion: v1
kind: Service
metadata: {name: ${service}, namespace: ${namespace}}
spec: {ports: [{name: http, port: ${port}}]}
`
  })
  .join('')}${world === 'two-audiences' ? strict : ''}${world === 'bearer-domain-rule' ? domainRule : ''}`

const strict = `---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: strict, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules: [{issuer: https://door.test/dex, audiences: [strict], forwardOriginalToken: true}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: strict, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: DENY
  rules:
  - to: [{operation: {paths: ["/strict/*"]}}]
    when: [{key: "request.auth.audiences", notValues: [strict]}]
`
const domainRule = `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: domain, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: DENY
  rules:
  - to: [{operation: {notPaths: ["/public/*", "/dex/*", "/oauth2/*"]}}]
    when: [{key: "request.auth.claims[email]", notValues: ["*@example.com"]}]
`

const signInSettings = (world: string): OAuth2ProxySettings => ({
  issuer: 'https://door.test/dex',
  clientId: 'kfdoor',
  clientSecret: CLIENT_SECRET,
  skipDiscovery: true,
  loginUrl: '/dex/auth',
  redeemUrl: 'https://door.test/dex/token',
  jwksUrl: 'https://door.test/dex/keys',
  redirectUrl: 'https://door.test/oauth2/callback',
  scope: 'openid email profile groups',
  codeChallenge: 'S256',
  proxyPrefix: '/oauth2',
  providerName: 'Dex',
  skipProviderButton: true,
  forceJsonErrors: false,
  apiRoutes: [],
  skipAuthRoutes: world === 'authz' ? [routePattern('^/public/'), routePattern('^/dex/')] : [],
  skipAuthPreflight: false,
  setAuthorizationHeader: true,
  setXAuthRequest: true,
  passAccessToken: false,
  cookie: {
    name: cookieName,
    path: '/',
    domains: [],
    expireMs: 86_400_000,
    secure: true,
    sameSite: 'Lax',
    csrfExpireMs: 900_000,
  },
  emailDomains: world === 'bearer-domain-rule' ? ['example.com'] : ['*'],
  allowedGroups: [],
  whitelistDomains: world === 'sign-in-whitelist' ? ['.apps.test', 'tools.test:8443'] : [],
  userIdClaim: 'email',
  emailClaim: 'email',
  groupsClaim: 'groups',
  skipJwtBearerTokens: false,
  extraJwtIssuers: [],
  bearerLoginFallback: true,
})

const authzSettings = (auditLog: string): AuthzSettings => {
  const at = { host: '127.0.0.1', port: 0 }
  const claims = {
    userClaim: 'email',
    groupsClaim: 'groups',
    userPrefix: '',
    groupsPrefix: '',
    transformers: [],
    requiredClaims: {},
    allowedGroups: [],
    allowedUsers: [],
  }
  return {
    listen: at,
    grpcListen: at,
    pathPrefix: '/check',
    trustedProxies: ['127.0.0.2/32'],
    scheme: 'https',
    drainMs: 0,
    identity: { user: 'kubeflow-userid', groups: 'kubeflow-groups', userPrefix: '' },
    signIn: {
      style: 'oauth2-proxy',
      settings: signInSettings('authz'),
      apiErrors: 'json',
      nameSessions: true,
    },
    machines: {
      issuers: [
        {
          issuer: 'https://door.test/dex',
          audiences: ['kfdoor'],
          jwksUri: 'https://door.test/dex/keys',
          ...claims,
        },
      ],
    },
    sessions: { store: 'memory' },
    auditLog,
  }
}

/** Attacks that wait for a limit get a shorter one; that the defaults are as promised is a test of its own. */
const limits = { headerMs: 600, bodyIdleMs: 600 }

export async function openWorld(world: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-attacks-'))
  const lines: string[] = []
  const note = (line: string) => void lines.push(line)
  let offset = 0
  const clock = () => Date.now() + offset
  const attackerHits: string[] = []
  const attacker = await listening(
    createServer((request, response) => {
      attackerHits.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`)
      response.end('{"keys":[]}')
    }),
  )
  const directory = world === 'ldap' ? await openDirectory() : undefined
  const issuers = await openIssuers({
    algorithm: world === 'bearer-ec' ? 'ES256' : 'RS256',
    clock,
    ...(directory && { ldapPort: directory.port }),
    redirectTo: `http://127.0.0.1:${portOf(attacker)}/latest/meta-data`,
    log: note,
  })
  /** The issuer's public address, wherever it is called from here. */
  const toIssuer = async (url: string, init?: RequestInit): Promise<Response> =>
    issuers.issuer.handle(new Request(url, init), { remoteAddress: 'mesh' })
  const toNetwork = (url: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${issuers.jwks.port}${new URL(url).pathname}`, init)

  // --- the door ------------------------------------------------------------------------------------
  const text = readFileSync(new URL('world.yaml', import.meta.url), 'utf8')
  const inputs = [{ file: 'world.yaml', text: text + additions(parity[world], world) }]
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  const provider = createOAuth2Proxy(signInSettings(world), {
    sessions: memorySessions(clock),
    fetch: toIssuer,
    clock,
    scheme: () => 'https',
    apiErrors: 'json',
    log: (event) => note(JSON.stringify(event)),
  })
  const seen: Seen[] = []
  const backends = new Map<string, Server>()
  for (const name of ['app', 'model', 'internal', 'mtls']) backends.set(name, await recorder(name, seen))
  const sources = keySources(
    mesh,
    {
      dex: { issuer: 'https://nobody.invalid', jwks: () => ({ keys: [] }) },
      serviceAccounts: {
        issuers: ['https://kubernetes.default.svc.cluster.local'],
        jwks: issuers.clusterJwks,
      },
    },
    ((url: string, init?: RequestInit) => toNetwork(url, init)) as typeof fetch,
  )
  const hardening = parity[world] ? 'istio-parity' : 'default'
  const doorPort = (): DoorPort => ({
    ...decideWholePath(compileDoor(mesh, { fetched: sources.text }), hardening),
    ask: async (check, signal) => provider.check(check, signal),
    upstream: (target) => {
      const [name = ''] = target.destination.host.split('.')
      if (name === 'dex')
        return { kind: 'handler', handle: (request, info) => issuers.issuer.handle(request, info) }
      if (name === 'kfdoor') return { kind: 'handler', handle: (request) => provider.handle(request) }
      const backend = backends.get(name)
      return backend && { kind: 'origin', url: `http://127.0.0.1:${portOf(backend)}` }
    },
    identityHeaders: ['kubeflow-userid', 'kubeflow-groups', 'x-jwt-payload'],
  })
  const state = jwksStates[world] ?? 'good'
  if (state === 'down-warm' || state === 'rotated') await sources.refresh()
  issuers.jwks.set(state)
  await sources.refresh()

  tls ??= certificates()
  const certs = await tls
  const common = { gateway: 'istio-system/istio-ingressgateway', address: '127.0.0.1', port: 0 }
  const listeners: ListenerSpec[] = [
    { ...common, meshPort: 80, targetPort: 8080 },
    {
      ...common,
      meshPort: 443,
      targetPort: 8443,
      tls: [
        { hosts: ['door.test', '*.door.test'], ...certs.door },
        { hosts: ['mtls.test'], ...certs.mtls, client: { mode: 'MUTUAL', caPem: certs.caPem } },
      ],
    },
  ]
  const gateway = await startGateway({
    listeners,
    door: doorPort(),
    hardening,
    outerPorts: { [common.gateway]: { 80: 80, 443: 443 } },
    limits,
    log: (entry) => note(JSON.stringify(entry)),
    clock,
  })

  // --- the ext_authz service -----------------------------------------------------------------------
  const auditFile = join(folder, 'audit.log')
  const authz =
    world === 'authz'
      ? await serveAuthz(authzSettings(auditFile), {
          env: {},
          clock,
          outside: {
            text: async (url) => (await toNetwork(url)).text(),
            fetch: toIssuer,
            close: async () => {},
          },
        })
      : undefined
  const mine = authz?.provider ?? provider

  const opened: World = {
    setup: world,
    port: gateway.listeners[0]?.port ?? 0,
    tlsPort: gateway.listeners[1]?.port ?? 0,
    caPem: certs.caPem,
    clientCert: certs.client,
    seen,
    issuers,
    directory,
    provider: mine,
    authz,
    attacker: { port: portOf(attacker), hits: attackerHits },
    log: async () => {
      await authz?.flushLog()
      return lines.join('\n') + (authz ? readFileSync(auditFile, 'utf8') : '')
    },
    async session(who) {
      const { email = who, groups = [] } = people[who] ?? {}
      const seconds = Math.floor(clock() / 1000)
      const idToken = await issuers.sign({
        iss: 'https://door.test/dex',
        aud: 'kfdoor',
        sub: who,
        email,
        email_verified: true,
        groups,
        iat: seconds,
        exp: seconds + 86_400,
      })
      return (await mine.mintSession({ user: email, groups, subject: who, idToken })).cookie
    },
    shift: (ms) => {
      offset = ms
    },
    now: clock,
    close: async () => {
      await gateway.close(0)
      await authz?.close(0)
      for (const server of [...backends.values(), attacker]) {
        server.closeAllConnections()
        server.close()
      }
      directory?.close()
      await issuers.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  if (world === 'console' || world === 'plan-stale') {
    return withConsole(opened, inputs, world === 'plan-stale', folder)
  }
  if (world !== 'cli-proxy') return opened
  return withProxy(opened, { port: portOf(backends.get('app') as Server), seen })
}

let tls: ReturnType<typeof certificates> | undefined

async function certificates() {
  const authority = await createAuthority({ names: doorNames(['door.test', 'mtls.test']), clock: Date.now })
  const leaf = async (names: string[]) => {
    const key = await generateKey('ecdsa')
    return {
      certPem: await issueLeaf(authority, {
        names: doorNames(names),
        publicKey: publicOf(key),
        clock: Date.now,
      }),
      keyPem: keyPem(key),
    }
  }
  return {
    caPem: authority.certPem,
    door: await leaf(['door.test', '*.door.test']),
    mtls: await leaf(['mtls.test']),
    client: await leaf(['client.door.test']),
  }
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

function recorder(backend: string, seen: Seen[]): Promise<Server> {
  const server = createServer((request, response) => {
    const headers: [string, string][] = []
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      headers.push([request.rawHeaders[at] as string, request.rawHeaders[at + 1] as string])
    }
    const one: Seen = {
      backend,
      method: request.method ?? '',
      path: request.url ?? '',
      host: request.headers.host ?? '',
      headers,
      body: '',
    }
    seen.push(one)
    request.on('data', (part) => {
      one.body += part
    })
    request.on('error', () => {})
    request.on('end', () => response.end(`marker ${backend}`))
  })
  server.on('upgrade', (request, socket) => {
    seen.push({
      backend,
      method: 'UPGRADE',
      path: request.url ?? '',
      host: request.headers.host ?? '',
      headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      body: '',
    })
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
  })
  return listening(server)
}
