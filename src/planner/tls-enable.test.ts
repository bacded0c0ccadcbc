import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, planFor, refusal } from '../../e2e/change/intent-world.ts'
import type { Difference } from '../regions/index.ts'
import { enableTls } from './tls-enable.ts'

const ask = { secret: 'kubeflow-tls' }
/** Who gets where, whatever the scheme. */
const ways = (list: readonly Difference[]) =>
  list
    .map(({ principal, witness }) => `${principal} ${witness.method} ${witness.url.replace(/^https?:/, '')}`)
    .sort()

const rows: readonly (readonly [profile: string, changed: readonly string[]])[] = [
  [
    '26.03',
    [
      'Gateway kubeflow-gateway',
      'AuthorizationPolicy istio-ingressgateway-oauth2-proxy',
      'AuthorizationPolicy istio-ingressgateway-require-jwt',
    ],
  ],
  [
    'v1.9',
    [
      'Gateway kubeflow-gateway',
      'AuthorizationPolicy istio-ingressgateway-oauth2-proxy',
      'AuthorizationPolicy istio-ingressgateway-require-jwt',
    ],
  ],
  ['v1.8', ['Gateway kubeflow-gateway', 'EnvoyFilter authn-filter']],
  ['v1.6', ['Gateway kubeflow-gateway', 'EnvoyFilter authn-filter']],
]

for (const [profile, changed] of rows) {
  test(`${profile}: everybody gets over https where he got over http, and nowhere else`, () => {
    const world = aWorld([`profiles/${profile}/release`])
    const { spec } = planFor(world, enableTls(world, ask), 'tls enable')
    const gateway = spec.changes.find(({ object }) => object.kind === 'Gateway')
    assert.ok(gateway?.op === 'update')
    assert.deepEqual((gateway.after.spec as { servers: unknown }).servers, [
      { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'], tls: { httpsRedirect: true } },
      {
        port: { number: 443, name: 'https', protocol: 'HTTPS' },
        hosts: ['*'],
        tls: { mode: 'SIMPLE', credentialName: 'kubeflow-tls' },
      },
    ])
    assert.deepEqual(
      spec.changes.map(({ object }) => `${object.kind} ${object.name}`).sort(),
      [...changed].sort(),
    )
    assert.ok(spec.access.gained.length > 0)
    // Callers inside the mesh who say http:// meet the redirect as well: they lose.
    const lost = new Set(ways(spec.access.lost))
    assert.deepEqual(
      ways(spec.access.gained).filter((way) => !lost.has(way)),
      [],
    )
    assert.ok(spec.access.gained.every(({ witness }) => witness.url.startsWith('https:')))
    assert.deepEqual([spec.access.changed, spec.access.unknown], [[], []])
    assert.match(spec.risks.join('\n'), /the Secret `kubeflow-tls` has to be in `istio-system`/)
    // Made once, there is nothing left to do.
    assert.deepEqual(enableTls(world.after(spec.changes), ask).changes, [])
  })
}

test('the port that redirects is left with its policies where another Gateway serves it in earnest', () => {
  const other = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: other, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http-shop, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [other], http: [{route: [{destination: {host: centraldashboard.kubeflow.svc.cluster.local}}]}]}
`
  const world = aWorld(['profiles/26.03/release'], other)
  const { changes, risks } = enableTls(world, ask)
  assert.deepEqual(
    changes.map(({ object }) => object.kind),
    ['Gateway'],
  )
  assert.match(
    risks.join('\n'),
    /asked to sign in before it is redirected: .*would get GET http:\/\/shop\.example\.com.*shop\/other/,
  )
})

test('cert-manager is asked for a Certificate beside the pods', () => {
  const world = aWorld(['profiles/26.03/release'])
  const issuer = { kind: 'ClusterIssuer', name: 'letsencrypt' } as const
  assert.match(
    refusal(() => enableTls(world, { ...ask, issuer })),
    /ERR_INTENT_REFUSED[\s\S]*name some[\s\S]*--host/,
  )
  const { changes } = enableTls(world, { ...ask, issuer, hosts: ['kubeflow.example.com'] })
  const certificate = changes.find(({ object }) => object.kind === 'Certificate')
  assert.deepEqual(certificate?.object.namespace, 'istio-system')
  assert.ok(certificate?.op === 'create')
  assert.deepEqual((certificate.after.spec as { dnsNames: unknown }).dnsNames, ['kubeflow.example.com'])
})

test('MUTUAL is said to turn callers away', () => {
  const { changes, risks } = enableTls(aWorld(['profiles/26.03/release']), { ...ask, mutual: true })
  assert.match(JSON.stringify(changes), /"mode":"MUTUAL"/)
  assert.match(risks.join('\n'), /kubeflow-tls-cacert/)
})

const onGateway = (...servers: readonly string[]) =>
  aWorld(
    ['profiles/26.03/release'],
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [${servers.join(', ')}]}
`,
  )
const http = (hosts: string, name = 'http') =>
  `{port: {number: 80, name: ${name}, protocol: HTTP}, hosts: [${hosts}]}`
const https = (hosts: string, tls: string, name = 'https') =>
  `{port: {number: 443, name: ${name}, protocol: HTTPS}, hosts: [${hosts}], tls: {${tls}}}`
const own = (credentialName: string, mode = 'SIMPLE') => `mode: ${mode}, credentialName: ${credentialName}`

/** What stands on each server afterwards: its hosts, then `redirects`, or mode and Secret. */
const gateways: readonly (readonly [
  what: string,
  servers: readonly string[],
  hosts: readonly string[] | undefined,
  want: readonly string[],
])[] = [
  [
    'a name with a certificate of its own keeps it',
    [http('"*"'), https('minio.example.com', own('minio'))],
    ['kubeflow.example.com'],
    ['* redirects', 'minio.example.com SIMPLE minio', '* SIMPLE kubeflow-tls'],
  ],
  [
    'nobody says which, and 80 serves all: it is for what 80 serves',
    [http('"*"'), https('minio.example.com', own('minio'))],
    undefined,
    ['* redirects', 'minio.example.com SIMPLE minio', '* SIMPLE kubeflow-tls'],
  ],
  [
    'the server that serves the name gets another certificate',
    [http('"*"'), https('"*"', own('old')), https('kubeflow.example.com', own('own'), 'https-own')],
    ['kubeflow.example.com'],
    ['* redirects', '* SIMPLE old', 'kubeflow.example.com SIMPLE kubeflow-tls'],
  ],
  [
    'what serves other names goes on in plain text',
    [http('kubeflow.example.com'), http('minio.example.com', 'http-minio')],
    ['kubeflow.example.com'],
    ['kubeflow.example.com redirects', 'minio.example.com', 'kubeflow.example.com SIMPLE kubeflow-tls'],
  ],
  [
    'a host in another spelling, for one namespace',
    [http('kubeflow/Kubeflow.example.com')],
    ['kubeflow.example.com'],
    ['kubeflow/Kubeflow.example.com redirects', 'kubeflow/Kubeflow.example.com SIMPLE kubeflow-tls'],
  ],
  [
    'callers who had to show certificates still have to',
    [http('"*"'), https('"*"', own('old', 'MUTUAL'))],
    undefined,
    ['* redirects', '* MUTUAL kubeflow-tls'],
  ],
  [
    'what redirects already is given a certificate',
    ['{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"], tls: {httpsRedirect: true}}'],
    undefined,
    ['* redirects', '* SIMPLE kubeflow-tls'],
  ],
]
for (const [what, servers, hosts, want] of gateways) {
  test(`a Gateway where ${what}`, () => {
    const { changes } = enableTls(onGateway(...servers), { ...ask, ...(hosts && { hosts }) })
    const [change] = changes
    assert.ok(change?.op === 'update')
    const after = (change.after.spec as { servers: readonly { hosts: string[]; tls?: object }[] }).servers
    assert.deepEqual(
      after.map(({ hosts: served, tls = {} }) =>
        [served.join(','), ...('httpsRedirect' in tls ? ['redirects'] : Object.values(tls))].join(' '),
      ),
      want,
    )
  })
}

const taken = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: other, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: shop}}]}
`
const noPort = `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {app: istio-ingressgateway, istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
`
const refused: readonly (readonly [what: string, call: () => unknown, words: RegExp])[] = [
  [
    '443 is somebody else’s',
    () => enableTls(aWorld(['profiles/26.03/release'], taken), ask),
    /Gateway `shop\/other` serves port 443/,
  ],
  [
    'no port 443',
    () => enableTls(aWorld(['profiles/26.03/release'], noPort), ask),
    /no Service in front of .* has a port 443/,
  ],
  [
    'servers with certificates of their own, and nobody says which',
    () =>
      enableTls(
        onGateway(https('a.example.com', own('a')), https('b.example.com', own('b'), 'https-b')),
        ask,
      ),
    /certificates of their own, for a\.example\.com and for b\.example\.com.*`--host`/s,
  ],
  [
    'a name the Gateway does not serve',
    () => enableTls(onGateway(http('a.example.com')), { ...ask, hosts: ['b.example.com'] }),
    /serves a\.example\.com and none of what `--host` names/,
  ],
  [
    'what is passed through',
    () => enableTls(onGateway(http('"*"'), https('"*"', 'mode: PASSTHROUGH')), ask),
    /serves port 443 of the same pods for \* already/,
  ],
  [
    'an unknown Gateway',
    () => enableTls(aWorld(['profiles/26.03/release']), { ...ask, gateway: 'a/b' }),
    /ERR_USAGE: there is no Gateway `a\/b`.*kubeflow\/kubeflow-gateway/,
  ],
  [
    'no Istio',
    () => enableTls(aWorld([], 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n'), ask),
    /there is no Istio in this door/,
  ],
  [
    'a Gateway without its pods',
    () =>
      enableTls(
        aWorld(
          [],
          'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: a}\nspec: {selector: {a: b}, servers: [{port: {number: 80, name: h, protocol: HTTP}, hosts: ["*"]}]}\n',
        ),
        ask,
      ),
    /no Gateway of this door selects pods that are in it/,
  ],
  [
    'ambient only',
    () =>
      enableTls(
        aWorld(
          [],
          'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {istio.io/dataplane-mode: ambient}}\n',
        ),
        ask,
      ),
    /this mesh is ambient/,
  ],
]
for (const [what, call, words] of refused) {
  test(`refused: ${what}`, () => {
    assert.match(refusal(call), words)
  })
}

test('what Argo CD keeps is not changed behind its back', () => {
  const kept = `apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow, annotations: {argocd.argoproj.io/tracking-id: "kubeflow:networking.istio.io/Gateway:kubeflow/kubeflow-gateway"}}
spec: {selector: {istio: ingressgateway}, servers: [{hosts: ["*"], port: {name: http, number: 80, protocol: HTTP}}]}
`
  const world = aWorld(['profiles/26.03/release'], kept)
  assert.match(
    refusal(() => planFor(world, enableTls(world, ask), 'tls enable')),
    /ERR_MANAGED_ELSEWHERE.*Argo CD \(`argocd\.argoproj\.io\/tracking-id: kubeflow:/,
  )
})
