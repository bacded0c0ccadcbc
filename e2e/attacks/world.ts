import { createPrivateKey, generateKeyPairSync, createPublicKey as publicOf, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type DoorPort,
  type ListenerSpec,
  type RunningGateway,
  startGateway,
} from '../../src/gateway/index.ts'
import { createVerifier } from '../../src/identity/index.ts'
import { parseMesh } from '../../src/mesh/index.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../../src/pki/index.ts'
import { type Check, type CheckAnswer, compileDoor, type Door } from '../../src/policy/index.ts'

/**
 * The world the attacks assume: the real engine on `world.yaml`, a provider that knows sessions by
 * cookie, and workloads that record what reaches them.
 */
export const cookieName = 'kfdoor_session'
const issuer = 'https://door.test/dex'
const cluster = 'https://kubernetes.default.svc.cluster.local'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }
const jwks = JSON.stringify({ keys: [jwk] })

const users: Readonly<Record<string, { email: string; groups: string[] }>> = {
  user: { email: 'user@example.com', groups: ['team-a'] },
  admin: { email: 'admin@example.com', groups: ['admins'] },
  attacker: { email: 'mallory@example.com', groups: ['team-b'] },
}

export const sessionValue = (who: string) => Buffer.from(`a session of ${who}`).toString('base64url')
export const cookieOf = (who: string) => `${cookieName}=${sessionValue(who)}`

export function tokenOf(who: string): string {
  const person = users[who]
  const now = Math.floor(Date.now() / 1000)
  const claims = person
    ? { iss: issuer, aud: 'kfdoor', sub: who, ...person }
    : {
        iss: cluster,
        aud: ['istio-ingressgateway.istio-system.svc.cluster.local'],
        sub: 'system:serviceaccount:kubeflow-user-example-com:default-editor',
      }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part({ ...claims, iat: now, exp: now + 3600 })}`
  const key = createPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

const tokens = new Map<string, string>()
const sessions = new Map(Object.keys(users).map((who) => [sessionValue(who), who]))

async function ask(check: Check): Promise<CheckAnswer> {
  const cookies = check.headers
    .filter(([name]) => name.toLowerCase() === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
  // Two cookies of that name: one of them was planted, and nobody can tell which.
  const who = cookies.length === 1 ? sessions.get(cookies[0]?.slice(cookieName.length + 1) ?? '') : undefined
  if (who === undefined) return { status: 302, headers: [['location', '/dex/auth']] }
  let token = tokens.get(who)
  if (token === undefined) {
    token = tokenOf(who)
    tokens.set(who, token)
  }
  return { status: 200, headers: [['authorization', `Bearer ${token}`]] }
}

const settings = (normalization: string) => `---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    pathNormalization: {normalization: ${normalization}}
    extensionProviders:
    - name: kfdoor
      envoyExtAuthzHttp:
        service: kfdoor.istio-system.svc.cluster.local
        port: 9000
        includeRequestHeadersInCheck: [cookie, authorization]
        headersToUpstreamOnAllow: [authorization]
---
apiVersion: v1
kind: Service
metadata: {name: kfdoor, namespace: istio-system}
spec: {ports: [{name: http, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
`
const backendServices = ['app.kubeflow', 'internal.kubeflow', 'mtls.kubeflow', 'model.ns-a'].map((name) => {
  const [service, namespace] = name.split('.')
  return `---
apiVersion: v1
kind: Service
metadata: {name: ${service}, namespace: ${namespace}}
spec: {ports: [{name: http, port: 80}]}
`
})

const doors = new Map<string, Door>()
function doorFor(normalization: string): Door {
  let door = doors.get(normalization)
  if (!door) {
    const text = readFileSync(new URL('world.yaml', import.meta.url), 'utf8')
    const { mesh, problems } = parseMesh([
      { file: 'world.yaml', text: text + settings(normalization) + backendServices.join('') },
    ])
    const errors = problems.filter(({ severity }) => severity === 'error')
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
    door = compileDoor(mesh, {
      fetched: (uri) =>
        uri.endsWith('/keys') || uri.endsWith('jwks')
          ? jwks
          : JSON.stringify({ jwks_uri: `${new URL(uri).origin}/keys` }),
    })
    doors.set(normalization, door)
  }
  return door
}

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
  readonly gateway: RunningGateway
  readonly port: number
  readonly tlsPort: number
  readonly caPem: string
  readonly seen: Seen[]
  readonly log: string[]
  close(): Promise<void>
}

let tls:
  | Promise<{
      caPem: string
      door: { certPem: string; keyPem: string }
      mtls: { certPem: string; keyPem: string }
    }>
  | undefined

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
  }
}

export async function openWorld(options: {
  readonly parity?: string
  readonly limits?: Parameters<typeof startGateway>[0]['limits']
}): Promise<World> {
  const door = doorFor(options.parity ?? 'DEFAULT')
  const proxy = door.gateway()
  const verifier = createVerifier(
    door.keys(proxy).map(({ id, jwk: key }) => ({ id, issuer: '', jwk: key as JsonWebKey })),
  )
  const seen: Seen[] = []
  const log: string[] = []
  const backends = new Map<string, Server>()
  for (const name of ['app', 'model', 'internal', 'mtls']) backends.set(name, await recorder(name, seen))
  const urlOf = (name: string) =>
    `http://127.0.0.1:${((backends.get(name) as Server).address() as AddressInfo).port}`

  const port: DoorPort = {
    decide: (request, context) => door.decide(proxy, request, context),
    verify: async (request, answers) => {
      await verifier.prepare([
        ...door.tokensIn(request, proxy),
        ...answers.flatMap((answer) => [...door.tokensIn({ headers: answer.headers, path: '/' }, proxy)]),
      ])
      return verifier.verified
    },
    ask,
    upstream: (target) => ({ kind: 'origin', url: urlOf(target.destination.host.split('.')[0] ?? '') }),
    identityHeaders: ['kubeflow-userid', 'kubeflow-groups', 'x-jwt-payload'],
  }
  tls ??= certificates()
  const { caPem, door: doorLeaf, mtls: mtlsLeaf } = await tls
  const common = { gateway: 'istio-system/istio-ingressgateway', address: '127.0.0.1', port: 0 }
  const listeners: ListenerSpec[] = [
    { ...common, meshPort: 80, targetPort: 8080 },
    {
      ...common,
      meshPort: 443,
      targetPort: 8443,
      tls: [
        { hosts: ['door.test', '*.door.test'], ...doorLeaf },
        { hosts: ['mtls.test'], ...mtlsLeaf, client: { mode: 'MUTUAL', caPem } },
      ],
    },
  ]
  const gateway = await startGateway({
    listeners,
    door: port,
    hardening: options.parity ? 'istio-parity' : 'default',
    limits: options.limits,
    log: (entry) => log.push(JSON.stringify(entry)),
    clock: Date.now,
  })
  return {
    gateway,
    port: gateway.listeners[0]?.port ?? 0,
    tlsPort: gateway.listeners[1]?.port ?? 0,
    caPem,
    seen,
    log,
    close: async () => {
      await gateway.close(0)
      for (const server of backends.values()) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

async function recorder(backend: string, seen: Seen[]): Promise<Server> {
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
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}
