import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, planFor, refusal } from '../../e2e/change/intent-world.ts'
import { expose } from './expose/expose.ts'
import { enableM2m, type M2mAsk } from './m2m-enable.ts'
import type { Plan } from './plan.ts'

const door = () => aWorld(['profiles/26.03/release'])
const rulesOf = ({ spec }: Plan) => {
  const change = spec.changes.find(({ object }) => object.kind === 'RequestAuthentication')
  assert.ok(change && change.op !== 'delete')
  return (
    change.after.spec as {
      readonly jwtRules: readonly {
        readonly issuer: string
        readonly jwksUri: string
        readonly audiences?: readonly string[]
      }[]
    }
  ).jwtRules
}
const audience = 'istio-ingressgateway.istio-system.svc.cluster.local'
const proxy = 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks'
const both = ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc']
const eks = 'https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9'
const gke = 'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c'
const aks =
  'https://westeurope.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/11111111-1111-1111-1111-111111111111/'

const rows: readonly (readonly [
  what: string,
  ask: M2mAsk,
  issuers: readonly string[],
  keys: string,
  proxied: boolean,
])[] = [
  ['nothing said', {}, both, proxy, true],
  ['kubeadm', { distribution: 'kubeadm' }, both, proxy, true],
  ['kind', { distribution: 'kind' }, both, proxy, true],
  ['minikube', { distribution: 'minikube' }, both, proxy, true],
  ['k3s', { distribution: 'k3s' }, both, proxy, true],
  ['Rancher’s RKE2', { distribution: 'rke2' }, both, proxy, true],
  ['OpenShift', { distribution: 'openshift' }, both, proxy, true],
  [
    'an API server that says its own name',
    { discovered: { issuer: both[1] as string, jwksUri: 'https://10.0.0.1:6443/openid/v1/jwks' } },
    both,
    proxy,
    true,
  ],
  ['EKS', { distribution: 'eks', issuer: eks }, [eks], `${eks}/keys`, false],
  ['GKE', { issuer: gke }, [gke], `${gke}/jwks`, false],
  ['AKS', { discovered: { issuer: aks, jwksUri: '' } }, [aks], `${aks}openid/v1/jwks`, false],
  [
    'an issuer of one’s own',
    { issuer: 'https://issuer.example.com' },
    ['https://issuer.example.com'],
    proxy,
    true,
  ],
  ['keys elsewhere', { jwksUri: 'http://keys.test/jwks' }, both, 'http://keys.test/jwks', false],
]
for (const [what, ask, issuers, keys, proxied] of rows) {
  test(`${what}: issuers, keys, audience`, () => {
    const world = door()
    const plan = planFor(world, enableM2m(world, ask), 'm2m enable')
    assert.deepEqual(
      rulesOf(plan).map((rule) => rule.issuer),
      issuers,
    )
    for (const rule of rulesOf(plan)) assert.deepEqual([rule.jwksUri, rule.audiences], [keys, [audience]])
    assert.equal(
      plan.spec.changes.some(({ object }) => object.kind === 'Deployment'),
      proxied,
    )
    const { access } = plan.spec
    assert.match(
      plan.spec.risks[0] ?? '',
      /an account gets through on [1-9]\d* routes where it did not, for example GET http/,
    )
    // The proxy itself is a Service like any other: pods may read the cluster's public keys there.
    const gained = access.gained.filter(({ witness }) => !witness.url.includes('cluster-jwks-proxy'))
    assert.ok(gained.every(({ principal }) => principal.startsWith('sa:')))
    assert.ok(
      gained.every(({ principal }) => !/wrong-audience|unknown-issuer|exp=past/.test(principal)),
      'only tokens that are right',
    )
    // Whichever issuer the cluster has, its accounts are asked about with tokens of that one.
    assert.ok(gained.length > 0)
    assert.deepEqual([access.public, access.lost], [[], []])
    assert.deepEqual(enableM2m(world.after(plan.spec.changes), ask).changes, [])
  })
}

test('any audience is said to be dangerous', () => {
  const { risks } = enableM2m(door(), { audiences: [] })
  assert.match(risks.join('\n'), /every token of the cluster counts/)
})

test('a rule of one spelling gets the other beside it', () => {
  const half = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: m2m-token-issuer, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules: [{issuer: "https://kubernetes.default.svc.cluster.local", jwksUri: "${proxy}"}]
`
  const world = aWorld(['profiles/26.03/release'], half)
  const plan = planFor(world, enableM2m(world, {}), 'm2m enable')
  assert.deepEqual(
    rulesOf(plan).map((rule) => rule.issuer),
    both,
  )
})

test('where one spelling is read, the other has its keys from the same place, and no proxy is made', () => {
  const half = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules: [{issuer: "${both[1]}", jwksUri: "http://keys.test/jwks", audiences: [door]}]
`
  const plan = planFor(
    aWorld([], ''),
    enableM2m(aWorld(['profiles/26.03/release'], half), { audiences: ['door'] }),
    'm2m enable',
  )
  assert.deepEqual(
    plan.spec.changes.map(({ object }) => object.kind),
    ['RequestAuthentication'],
  )
  assert.deepEqual(
    rulesOf(plan).map(({ issuer, jwksUri }) => [issuer, jwksUri]),
    [[both[0], 'http://keys.test/jwks']],
  )
})

test('a RequestAuthentication of that name before other pods is left to them', () => {
  const world = aWorld(
    ['profiles/26.03/release'],
    `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: m2m-token-issuer, namespace: istio-system}
spec: {selector: {matchLabels: {app: cluster-local-gateway}}, jwtRules: [{issuer: a, jwksUri: "http://keys.test/"}]}
`,
  )
  const { changes } = enableM2m(world, {})
  assert.deepEqual(
    changes
      .filter(({ object }) => object.kind === 'RequestAuthentication')
      .map(({ op, object }) => `${op} ${object.name}`),
    ['create m2m-token-issuer-kubeflow-gateway'],
  )
})

const reads = (audiences: string, keys = `jwksUri: "${proxy}"`) => {
  const rules = both.map((issuer) => `{issuer: "${issuer}", ${keys}, audiences: ${audiences}}`)
  return aWorld(
    ['profiles/26.03/release'],
    `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules: [${rules.join(', ')}]
`,
  )
}

const already: readonly (readonly [
  what: string,
  audiences: string,
  ask: M2mAsk,
  said: RegExp,
  not: RegExp,
])[] = [
  ['for an audience of its own', '[door]', {}, /--audience=door/, /names no audience/],
  [
    'for the one that is asked for',
    '[a, door]',
    { audiences: ['door'] },
    /--audience=door/,
    /names no audience/,
  ],
  [
    'for any',
    '[]',
    {},
    /`istio-system\/tokens` \(test-0\.yaml:6\) names no audience: every token/,
    /--audience=/,
  ],
  ['for any, as asked', '[]', { audiences: [] }, /already/, /names no audience/],
]
for (const [what, audiences, ask, said, not] of already) {
  test(`tokens are read already, ${what}: nothing is made, and the callers’ side is the rule’s`, () => {
    const { changes, risks, callers } = enableM2m(reads(audiences), ask)
    const text = [...risks, ...callers.map((each) => each.text)].join('\n')
    assert.deepEqual(changes, [])
    assert.match(text, said)
    assert.doesNotMatch(text, not)
  })
}

test('what the API server says is compared with what is asked, and RBAC’s no with its way out', () => {
  const discovered = { issuer: eks, jwksUri: '' }
  const own = { issuer: both[1] as string, jwksUri: '' }
  const risks = (ask: M2mAsk) => enableM2m(door(), ask).risks.join('\n')
  assert.match(
    risks({ issuer: both[0] as string, discovered }),
    /the API server signs as https:\/\/oidc\.eks/,
  )
  assert.doesNotMatch(risks({ issuer: both[0] as string, discovered: own }), /signs as/)
  assert.match(
    risks({ discovered: { ...own, mayRead: false } }),
    /RBAC does not let `system:serviceaccount:istio-system:cluster-jwks-proxy`.*kubectl create clusterrolebinding/,
  )
  assert.doesNotMatch(risks({ discovered: { ...own, mayRead: true } }), /RBAC does not let/)
  assert.doesNotMatch(risks({ discovered: { ...discovered, mayRead: false } }), /RBAC does not let/)
})

test('the release’s own overlay leaves nothing to do', () => {
  const { changes, risks } = enableM2m(aWorld(['profiles/26.03/release', 'profiles/26.03/demo']), {})
  assert.deepEqual(changes, [])
  assert.match(risks.join(), /already/)
})

test('EKS: who gains is asked about with tokens of the cluster’s own issuer, by m2m enable and by expose', () => {
  const world = door()
  const enabled = planFor(world, enableM2m(world, { issuer: eks }), 'm2m enable')
  const names = enabled.spec.access.gained.map(({ principal }) => principal)
  assert.ok(names.includes(`sa:default/default,aud=${audience},iss=${eks}`), names.join('\n'))

  const demo = aWorld(['profiles/26.03/release', 'profiles/26.03/demo'])
  const intended = expose(demo, {
    kind: 'model',
    name: 'sklearn-iris',
    to: [{ kind: 'sa', namespace: 'team-a', name: 'ci' }],
    public: false,
    audience,
    issuers: [eks],
    jwksUri: `${eks}/keys`,
    timeout: '300s',
  })
  const { gained, public: open } = planFor(demo, intended, 'expose').spec.access
  assert.deepEqual(open, [])
  const own = `sa:team-a/ci,aud=${audience},iss=${eks}`
  assert.deepEqual([...new Set(gained.map(({ principal }) => principal))].sort(), [own, `${own}+forged`])
})

const refused: readonly (readonly [what: string, call: () => unknown, words: RegExp])[] = [
  [
    'EKS without its issuer',
    () => enableM2m(door(), { distribution: 'eks' }),
    /eks signs with an issuer of each cluster’s own/,
  ],
  [
    'an issuer nobody filled in',
    () => enableM2m(door(), { issuer: 'https://oidc.eks.REGION.amazonaws.com/id/CLUSTER_ID' }),
    /is no issuer of a cluster/,
  ],
  [
    'AKS without the last slash of its issuer',
    () =>
      enableM2m(door(), {
        distribution: 'aks',
        issuer: 'https://eastus.oic.prod-aks.azure.com/11111111-1111-1111-1111-111111111111/22222222',
      }),
    /is no issuer of aks, which writes them https:\/\/REGION\.oic\.prod-aks\.azure\.com\/TENANT_ID\/ID\/.*its last slash too/s,
  ],
  ...(
    [
      ['for another audience', '[door]', { audiences: ['b'] }, /takes tokens for door, and none for b/],
      ['for one, where any is asked for', '[door]', { audiences: [] }, /takes tokens for door only/],
      [
        'with keys from elsewhere',
        '[]',
        { jwksUri: 'http://k.test/' },
        /has its keys from http:\/\/cluster-jwks-proxy/,
      ],
    ] as const
  ).map(
    ([what, audiences, ask, words]) =>
      [`tokens that are read already ${what}`, () => enableM2m(reads(audiences), ask), words] as const,
  ),
  ...['keys', 'ftp://x/y', 'https://user:hunter2@keys.test/jwks', 'http://'].map(
    (jwksUri) =>
      [
        `--jwks-uri ${jwksUri}`,
        () => enableM2m(door(), { jwksUri }),
        /^ERR_USAGE: `--jwks-uri` is no address of keys(?!.*hunter2)/,
      ] as const,
  ),
  ['an empty audience', () => enableM2m(door(), { audiences: [''] }), /ERR_USAGE.*`--audience` is empty/],
  ['an empty image', () => enableM2m(door(), { proxyImage: '' }), /ERR_USAGE.*is no image/],
  [
    'credentials in an issuer',
    () => enableM2m(door(), { issuer: 'https://user:hunter2@issuer.test' }),
    /^ERR_USAGE: `https:\/\/…@issuer\.test` is no issuer/,
  ],
  ['an issuer that is none', () => enableM2m(door(), { issuer: 'kubernetes' }), /is no issuer of a cluster/],
  [
    'a door whose auth service is asked about every request',
    () => enableM2m(aWorld(['profiles/v1.8/release']), {}),
    /nobody would get in by one: the auth service of EnvoyFilter `istio-system\/authn-filter`/,
  ],
  [
    'no Istio',
    () => enableM2m(aWorld([], 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n'), {}),
    /there is no Istio/,
  ],
]
for (const [what, call, words] of refused) {
  test(`refused: ${what}`, () => {
    assert.match(refusal(call), words)
  })
}
