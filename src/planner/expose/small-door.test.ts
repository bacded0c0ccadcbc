/** Exposures at a door of a few objects, each time with one thing about it that is not as releases have it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, worldOf } from '../../../e2e/change/intent-world.ts'
import { asked, ci } from '../../../e2e/change/planned.ts'
import { compileDoor, explain, parsePrincipal } from '../../policy/index.ts'
import type { EditableObject } from '../changes.ts'
import type { Change } from '../plan.ts'
import { principalOf, usualAudience } from './ask.ts'
import { findEntry } from './entry.ts'
import { expose } from './expose.ts'
import { refuseMore } from './more.ts'
import { findTarget } from './target.ts'
import { findTrust } from './trust.ts'

const pods = (namespace: string, name: string, labels: string) => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec: {template: {metadata: {labels: {app: ${name}, ${labels}}}, spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
`
const route = (
  name: string,
  host: string,
  match: string,
  metadata = '',
) => `apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: ${name}, namespace: kubeflow${metadata}}
spec:
  hosts: ["${host}"]
  gateways: [kubeflow-gateway]
  http: [{match: [{uri: ${match}}], route: [{destination: {host: dashboard.kubeflow.svc.cluster.local, port: {number: 80}}}]}]
---
`
/** Its gateway reads tokens of people, and of accounts by one of two spellings, and lets in whoever has one. */
function door({ takes = '*', host = '*', accounts = '', more = '' } = {}) {
  const text = `${pods('istio-system', 'istio-ingressgateway', 'istio: ingressgateway')}${pods('kubeflow', 'dashboard', 'x: y')}apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["${takes}"]}]}
---
${route('dashboard', host, '{prefix: /}')}apiVersion: security.istio.io/v1beta1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules:
  - {issuer: "https://kubernetes.default.svc.cluster.local", jwksUri: "http://k/keys", forwardOriginalToken: true${accounts}}
  - {issuer: "https://dex/dex", jwksUri: "http://d/keys", forwardOriginalToken: true}
---
apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: require-jwt, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, action: DENY, rules: [{from: [{source: {notRequestPrincipals: ["*"]}}]}]}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris, namespace: team-a, annotations: {serving.kserve.io/deploymentMode: RawDeployment}}
spec: {predictor: {model: {modelFormat: {name: sklearn}}}}
---
${pods('team-a', 'iris-predictor', 'serving.kserve.io/inferenceservice: iris, component: predictor')}${more}`
  return worldOf([{ file: 'door.yaml', text }])
}
type Door = ReturnType<typeof door>

const iris = (audience = usualAudience) => asked([ci], { name: 'iris', audience })
const predict = '/models/team-a/iris/v1/models/iris:predict'

/** Where it arrives; else the verdict. */
function fate(world: Door, as: string, method: string, path: string, host = 'kubeflow.example.com') {
  const principal = parsePrincipal(as)
  assert.ok(principal)
  const question = { method, scheme: 'http', host, path, headers: [], principal, now: world.now } as const
  const result = explain(compileDoor(world.mesh, world.view(world.mesh)), question)
  assert.ok(!('problem' in result))
  return result.verdict === 'allow' ? result.workload?.name : result.verdict
}
const account = (name: string, more = '') => `sa:team-a/${name},aud=${usualAudience}${more}`
const other = ',iss=https://kubernetes.default.svc'

test('accounts whose tokens were read before keep what they had; those read anew get the one thing', () => {
  const before = door()
  const { changes, risks } = expose(before, iris())
  const after = before.after(changes)
  assert.equal(fate(after, account('ci'), 'POST', predict), 'iris-predictor')
  assert.equal(fate(after, account('ci', other), 'POST', predict), 'iris-predictor')
  assert.equal(fate(after, account('etl'), 'POST', predict), 'deny')
  assert.equal(fate(before, account('etl'), 'GET', '/'), 'dashboard')
  assert.equal(fate(after, account('etl'), 'GET', '/'), 'dashboard')
  assert.equal(fate(after, account('etl', other), 'GET', '/'), 'deny')
  assert.match(risks.join('\n'), /no ALLOW policy stands before the pods of iris: whoever calls them inside/)
})

test('where the dashboard is routed for a host alone, the model is too', () => {
  const before = door({ host: 'kf.example.org' })
  const { changes, callers } = expose(before, iris())
  assert.equal(
    fate(before.after(changes), account('ci'), 'POST', predict, 'kf.example.org'),
    'iris-predictor',
  )
  assert.match(callers[0]?.text ?? '', /curl http:\/\/kf\.example\.org\/models\//)
})

for (const [takes, apart] of [
  ['*', true],
  ['kubeflow.example.com', false],
] as const) {
  test(`a host of its own at a Gateway for ${takes} ${apart ? 'has' : 'leaves'} the dashboard's place, and that is said`, () => {
    const before = door({ takes })
    const { changes, risks } = expose(before, { ...iris(), host: 'kubeflow.example.com' })
    const after = before.after(changes)
    assert.equal(fate(after, account('ci'), 'POST', '/v1/models/iris:predict'), 'iris-predictor')
    assert.equal(fate(after, account('etl'), 'GET', '/'), apart ? 'not-found' : 'dashboard')
    assert.equal(/kubeflow\.example\.com serves this and nothing else/.test(risks.join()), apart)
  })
}

test('the pod takes a token for whom the gateway takes it, and for nobody else', () => {
  const closed = `---
apiVersion: v1
kind: Namespace
metadata: {name: team-a, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: nobody, namespace: team-a}
spec: {}
`
  const { changes } = expose(door({ accounts: ', audiences: [machines]', more: closed }), iris('machines'))
  const readers = changes.flatMap((change) =>
    change.op === 'create' && change.object.kind === 'RequestAuthentication' ? [change.after] : [],
  )
  const rules = readers
    .filter(({ metadata }) => (metadata as { readonly namespace: string }).namespace === 'team-a')
    .flatMap(({ spec }) => (spec as { readonly jwtRules: readonly Record<string, unknown>[] }).jwtRules)
  assert.deepEqual(
    rules.map(({ issuer, audiences }) => [issuer, audiences]),
    [
      ['https://kubernetes.default.svc.cluster.local', ['machines']],
      ['https://dex/dex', undefined],
      ['https://kubernetes.default.svc', undefined],
    ],
  )
})

/** Its one account is asked about with a token for a wrong audience too, and by other issuers. */
const knownAccount = `---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ci, namespace: team-a}
`

test('the account that is meant may bring a token of the other spelling', () => {
  const audiences = `, audiences: [${usualAudience}]`
  const second = `---
apiVersion: security.istio.io/v1beta1
kind: RequestAuthentication
metadata: {name: tokens-too, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules: [{issuer: "https://kubernetes.default.svc", jwksUri: "http://k/keys", forwardOriginalToken: true${audiences}}]
`
  const { access } = expose(door({ accounts: audiences, more: knownAccount + second }), iris())
  // Any account had the dashboard there before.
  const names = access?.changed.map(({ principal }) => principal.replace('+forged', ''))
  assert.deepEqual([...new Set(names)].sort(), ['sa:team-a/ci', account('ci'), `sa:team-a/ci${other}`])
})

/** What is said of an exposure to that account whose policies somebody spoiled. */
function spoiled(audience: string, spoil: (rule: EditableObject) => void): string {
  const world = door({ more: knownAccount })
  const ask = iris(audience)
  const changes = expose(world, ask).changes.map((change): Change => {
    if (change.op !== 'create' || change.object.kind !== 'AuthorizationPolicy') return change
    const after = structuredClone(change.after) as EditableObject
    after.spec.rules.forEach(spoil)
    return { ...change, after }
  })
  const entry = findEntry(world.mesh, ask)
  const exposure = {
    ...{ ask, entry, target: findTarget(world.mesh, ask), trust: findTrust(world.mesh, ask, entry) },
    base: '/models/team-a/iris',
  }
  const more = { changes, principals: [principalOf(ci, ask)], reached: new Set<string>() }
  return refusal(() => refuseMore(world, exposure, more))
}

test('and none for an audience that only begins as the one that is asked for', () => {
  const said = spoiled('wrong', ({ when = [] }) => {
    for (const { values, notValues } of when) (values ?? notValues).push('wrong-audience')
  })
  assert.match(said, /sa:team-a\/ci,aud=wrong-audience would get/)
})

test('nor may another account bring one for that audience', () => {
  const said = spoiled('machines', ({ from = [] }) => {
    for (const { source } of from) source.notRequestPrincipals?.push('*')
  })
  assert.match(said, /sa:default\/default,aud=machines would get/)
})

test('a door whose accounts sign by the short spelling alone is asked by that', () => {
  const world = door()
  const { changes } = expose(world, { ...iris(), issuers: ['https://kubernetes.default.svc'] })
  const after = world.after(changes)
  assert.equal(fate(after, account('ci', other), 'POST', predict), 'iris-predictor')
  assert.equal(fate(after, account('ci'), 'POST', predict), 'deny')
})

const refused: readonly (readonly [what: string, world: () => Door, says: RegExp, host?: string])[] = [
  [
    'a host the Gateway is not for',
    () => door({ takes: '*.example.org' }),
    /Gateway kubeflow\/kubeflow-gateway is for \*\.example\.org: name such a host, or put models\.test among/,
    'models.test',
  ],
  [
    'a route of last month is older than what is made now, and wins',
    () => {
      const dated = ', creationTimestamp: "2026-08-01T00:00:00Z"'
      return door({ more: `---\n${route('theirs', '*', '{regex: "/mod.*"}', dated)}` })
    },
    /would go by VirtualService kubeflow\/theirs/,
  ],
  [
    'an audience the gateway does not take',
    () => door({ accounts: ', audiences: [machines]' }),
    /the gateway takes tokens for machines: say which with `--audience`/,
  ],
]
for (const [what, world, says, host] of refused) {
  test(`refused: ${what}`, () => {
    assert.match(
      refusal(() => expose(world(), { ...iris(), ...(host !== undefined && { host }) })),
      says,
    )
  })
}
