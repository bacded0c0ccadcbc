import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aContext, aDoorRequest, anAnswer, meshOf } from './builders.test.ts'
import type { Context, DoorRequest, PeerCertificate } from './decision.ts'
import { compileSidecar } from './sidecar.ts'

const workload = { namespace: 'team-a', labels: { app: 'web' }, serviceAccount: 'web' }
const services = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: team-a }
spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: tcp-db, port: 5432 }] }
---`
const mode = (name: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: pa, namespace: team-a }
spec: { mtls: { mode: ${name} } }
---`
const policy = (action: string, rule: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${action.toLowerCase()}, namespace: team-a }
spec: { action: ${action}, rules: [${rule}] }
---`

const caller: PeerCertificate = {
  uris: ['spiffe://cluster.local/ns/team-b/sa/client'],
  dnsNames: [],
  subject: 'CN=client',
  trusted: true,
}
const istio = ['istio-http/1.1', 'istio', 'http/1.1']
const mtls = { peer: caller, alpn: istio }

function decide(yaml: string, request: Partial<DoorRequest> = {}, context: Partial<Context> = {}) {
  return compileSidecar(meshOf(services + yaml), workload, {}).decide(
    aDoorRequest(request),
    aContext(context),
  )
}

function told(yaml: string, request: Partial<DoorRequest>): string {
  const decision = decide(yaml, request)
  switch (decision.kind) {
    case 'forward':
      return decision.upstream
    case 'drop':
      return decision.error
    case 'reply':
      return String(decision.status)
    default:
      return decision.reason
  }
}

const closed = 'connection closed without response'
const failed = 'tls handshake failed'
const web = 'inbound|8080||'
const foreign = { ...caller, uris: ['spiffe://elsewhere/ns/a/sa/b'] }

type Row = readonly [name: string, yaml: string, request: Partial<DoorRequest>, want: string]
const connections: readonly Row[] = [
  ['PERMISSIVE takes plain text', '', {}, web],
  ['PERMISSIVE takes mutual TLS', '', mtls, web],
  ['PERMISSIVE does not take another protocol inside TLS', '', { peer: caller, alpn: ['http/1.1'] }, failed],
  ['STRICT refuses plain text', mode('STRICT'), {}, closed],
  ['STRICT takes mutual TLS of any protocol', mode('STRICT'), { peer: caller, alpn: ['http/1.1'] }, web],
  ['STRICT wants a certificate', mode('STRICT'), { scheme: 'https', alpn: istio }, failed],
  ['of the mesh’s authority', mode('STRICT'), { peer: { ...caller, trusted: false }, alpn: istio }, failed],
  ['and of the mesh’s trust domain', mode('STRICT'), { peer: foreign, alpn: istio }, failed],
  ['DISABLE refuses TLS', mode('DISABLE'), mtls, failed],
  ['DISABLE takes plain text', mode('DISABLE'), {}, web],
  ['a port nobody declares is passed through', '', { port: 9999 }, 'InboundPassthroughCluster'],
  ['under the same mode', mode('STRICT'), { port: 9999 }, closed],
  ['a TCP port', '', { port: 5432 }, 'inbound|5432||'],
]

const admin = '{ to: [{ operation: { paths: ["/admin"] } }] }'
const friends = '{ from: [{ source: { namespaces: [team-b] } }] }'
const onlyWeb = '{ to: [{ operation: { paths: ["/admin"], ports: ["8080"] } }] }'
const policies: readonly Row[] = [
  ['a principal comes from the certificate', policy('ALLOW', friends), mtls, web],
  ['plain text is nobody', policy('ALLOW', friends), {}, '403'],
  ['the same on a port nobody declares', policy('ALLOW', friends), { port: 9999 }, '403'],
  ['a path on an HTTP port', policy('DENY', admin), { path: '/admin' }, '403'],
  ['another path', policy('DENY', admin), {}, web],
  ['DENY of a path closes a TCP port to everyone', policy('DENY', admin), { port: 5432 }, closed],
  ['unless a port limits it', policy('DENY', onlyWeb), { port: 5432 }, 'inbound|5432||'],
  ['ALLOW of a path opens no TCP port', policy('ALLOW', admin), { port: 5432, path: '/admin' }, closed],
  ['a policy of another namespace', policy('DENY', '{}').replace('team-a', 'team-b'), {}, web],
  [
    'the last X-Forwarded-For entry is the client',
    policy('ALLOW', '{ from: [{ source: { remoteIpBlocks: [10.0.0.9] } }] }'),
    { headers: [['X-Forwarded-For', '1.1.1.1, 10.0.0.9']] },
    web,
  ],
  [
    'the TCP peer stays the peer',
    policy('ALLOW', '{ from: [{ source: { ipBlocks: [10.0.0.9] } }] }'),
    { headers: [['X-Forwarded-For', '10.0.0.9']] },
    '403',
  ],
]

for (const [name, yaml, request, want] of [...connections, ...policies]) {
  test(name, () => {
    assert.equal(told(yaml, request), want)
  })
}

test('on a port nobody describes, STRICT goes by the protocol the caller offers first', () => {
  const yaml = mode('STRICT') + policy('DENY', admin)
  const at = { port: 9999, path: '/x', peer: caller }
  assert.equal(told(yaml, { ...at, alpn: ['istio-http/1.1'] }), 'InboundPassthroughCluster')
  assert.equal(told(yaml, { ...at, alpn: ['istio'] }), closed)
})

test('the workload is told who called, and never by the caller', () => {
  const forged: Partial<DoorRequest> = { headers: [['x-forwarded-client-cert', 'URI=spiffe://forged']] }
  const certificate = (request: Partial<DoorRequest>) => {
    const decision = decide('', request)
    assert.ok(decision.kind === 'forward')
    return decision.proxyHeaders?.find(([name]) => name === 'x-forwarded-client-cert')?.[1]
  }
  assert.equal(certificate(forged), undefined)
  assert.equal(
    certificate({ ...mtls, ...forged }),
    'URI=spiffe://forged,By=spiffe://cluster.local/ns/team-a/sa/web;Subject="CN=client";URI=spiffe://cluster.local/ns/team-b/sa/client',
  )
})

const authorizer = (kind: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: auth
      ${kind}: { service: auth.sys.svc.cluster.local, port: 9000 }
---
apiVersion: v1
kind: Service
metadata: { name: auth, namespace: sys }
spec: { ports: [{ name: grpc, port: 9000 }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: c, namespace: team-a }
spec: { action: CUSTOM, provider: { name: auth }, rules: [{}] }
---`

test('on a TCP port a gRPC authorizer is asked about the connection', () => {
  const yaml = authorizer('envoyExtAuthzGrpc')
  const asked = decide(yaml, { ...mtls, port: 5432 })
  assert.ok(asked.kind === 'ask')
  assert.equal(asked.check.path, '')
  assert.deepEqual(asked.check.grpc?.source.principal, caller.uris[0])
  const answered = (code: string) =>
    decide(yaml, { ...mtls, port: 5432 }, { answers: [anAnswer({ grpc: { code } })] })
  assert.equal(answered('OK').kind, 'forward')
  const refused = answered('PermissionDenied')
  assert.equal(refused.kind === 'drop' && refused.error, closed)
  assert.equal(refused.checks.length, 1)
})

test('an HTTP authorizer cannot be, and then nobody is', () => {
  assert.equal(told(authorizer('envoyExtAuthzHttp'), { port: 5432 }), 'inbound|5432||')
})

test('steps begin with what the port takes, and name the policy that says so', () => {
  const [first] = decide(mode('STRICT'), {}).steps
  assert.deepEqual(
    [first?.phase, first?.outcome, first?.reason, first?.object?.name],
    ['sidecar', 'rejected', 'mtls-required', 'pa'],
  )
})

test('a request that is no HTTP is answered like at any proxy', () => {
  assert.equal(told('', { host: '' }), '400')
})
