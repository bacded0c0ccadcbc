import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../base/index.ts'
import { applyChanges } from './apply-changes.ts'
import { createOf, deleteOf, updateOf } from './changes.ts'
import { inverseOf } from './inverse-of.ts'
import type { Change, Intended } from './plan.ts'
import { parsePlan, planText } from './plan-file.ts'
import { planName } from './plan-name.ts'
import { type PlanOptions, planOf } from './plan-of.ts'
import { findRaw, readRawDoor } from './raw-door.ts'

/** One gateway, an application behind it, and a policy that asks for a token. */
const text = `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  template:
    metadata: {labels: {istio: ingressgateway}}
    spec: {serviceAccountName: istio-ingressgateway, containers: [{name: istio-proxy, image: istio/proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: kubeflow}
spec: {selector: {app: app}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: kubeflow, labels: {app: app}}
spec: {containers: [{name: app, image: app, ports: [{containerPort: 80}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: kubeflow}
spec:
  hosts: ["*"]
  gateways: [door]
  http: [{match: [{uri: {prefix: /app/}}], route: [{destination: {host: app.kubeflow.svc.cluster.local}}]}]
---
# Who may come in.
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: need-token, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: DENY
  rules:
  - from: [{source: {notRequestPrincipals: ["*"]}}] # nobody without a token
    to: [{operation: {notPaths: ["/login"]}}]
`
const door = readRawDoor([{ file: 'door.yaml', text }])

const options: PlanOptions = {
  intent: 'try',
  subject: 'App',
  command: ['kfdoor', 'try'],
  source: { kind: 'files', paths: ['door.yaml'] },
  now: 1_790_000_000,
  view: () => ({}),
}

const intended = (changes: readonly Change[]): Intended => ({ changes, risks: [], callers: [] })
const policy = () => {
  const found = findRaw(door, { kind: 'AuthorizationPolicy', namespace: 'istio-system', name: 'need-token' })
  assert.ok(found)
  return found
}
const exempt = () =>
  updateOf(
    policy(),
    (copy) => copy.spec.rules[0].to[0].operation.notPaths.push('/app/*'),
    'neutral',
    'let in',
  )
const close = () =>
  createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'only-get', namespace: 'istio-system' },
      spec: {
        selector: { matchLabels: { istio: 'ingressgateway' } },
        action: 'DENY',
        rules: [{ to: [{ operation: { paths: ['/app/*'], notMethods: ['GET'] } }] }],
      },
    },
    'neutral',
    'only reading',
  )

test('a change that opens is named as that, with who gains', () => {
  const plan = planOf(door, intended([exempt()]), options)
  assert.equal(plan.spec.changes[0]?.effect, 'opens')
  assert.deepEqual([...new Set(plan.spec.access.public.map(({ principal }) => principal))], ['anonymous'])
  assert.match(plan.metadata.name, /^try-app-[0-9a-f]{6}$/)
  assert.ok(plan.spec.findings.new.some(({ code }) => code === 'KFD0203'))
})

test('two deletions are one plan where what is deleted says the same', () => {
  const gone = (paths: readonly string[]) => {
    const raw = policy()
    const object = structuredClone(raw.object) as { spec: { rules: [{ to: unknown }] } }
    object.spec.rules[0].to = [{ operation: { paths } }]
    return planName('undo', 'x', [deleteOf({ ...raw, object: object as never }, 'opens', '')], options.source)
  }
  assert.equal(gone(['/a']), gone(['/a']))
  assert.notEqual(gone(['/a']), gone(['/b']))
})

test('what closes is made first, in whatever order an intent names it', () => {
  for (const changes of [
    [exempt(), close()],
    [close(), exempt()],
  ]) {
    const { spec } = planOf(door, intended(changes), options)
    assert.deepEqual(
      spec.changes.map(({ object }) => object.name),
      ['only-get', 'need-token'],
    )
    assert.deepEqual(spec.risks, [])
    assert.deepEqual([...new Set(spec.access.gained.map(({ witness }) => witness.method))], ['GET'])
  }
})

test('a moment that is more open than both ends is said where no order avoids it', () => {
  // The policy moves to another object: without it everything is open, and it cannot be there twice by name.
  const raw = policy()
  const moved = JSON.parse(JSON.stringify(raw.object)) as { metadata: { name: string } }
  moved.metadata.name = 'need-token-too'
  const safe = planOf(
    door,
    intended([deleteOf(raw, 'closes', 'old'), createOf(moved as never, 'opens', 'new')]),
    options,
  )
  assert.deepEqual(
    safe.spec.changes.map(({ op }) => op),
    ['create', 'delete'],
    'the search finds the order although the intent guessed the effects wrongly',
  )
  assert.deepEqual(safe.spec.access.gained, [])
  // Two locks that hold each other's half: whichever goes first leaves a gap.
  const half = (copy: { spec: { rules: { to?: unknown }[] } }, paths: readonly string[]) => {
    copy.spec.rules[0] = { ...copy.spec.rules[0], to: [{ operation: { paths } }] }
  }
  const two = readRawDoor([
    {
      file: 'door.yaml',
      text: `${text.replace('notPaths: ["/login"]', 'paths: ["/app/a*"]')}---\n${text
        .slice(text.lastIndexOf('apiVersion'))
        .replace('need-token', 'other')
        .replace('notPaths: ["/login"]', 'paths: ["/app/b*"]')}`,
    },
  ])
  const find = (name: string) => {
    const found = findRaw(two, { kind: 'AuthorizationPolicy', namespace: 'istio-system', name })
    assert.ok(found)
    return found
  }
  const swapped = planOf(
    two,
    intended([
      updateOf(find('need-token'), (copy) => half(copy as never, ['/app/b*']), 'neutral', 'swap'),
      updateOf(find('other'), (copy) => half(copy as never, ['/app/a*']), 'neutral', 'swap'),
    ]),
    options,
  )
  assert.deepEqual(swapped.spec.access.gained, [])
  assert.match(swapped.spec.risks.join(), /after change 1 .* gets GET http:\/\/\S+\/app\/[ab]/)
})

test('the inverse gives every text back, and names who loses again', () => {
  const plan = planOf(door, intended([exempt(), close()]), options)
  const changed = applyChanges(door.inputs, plan.spec.changes, 'new.yaml')
  assert.notEqual(changed[0]?.text, text)
  assert.match(
    changed[0]?.text ?? '',
    /# nobody without a token\n {4}to: \[\{operation: \{notPaths: \["\/login", \/app\/\*\]\}\}\]/,
  )
  const inverse = inverseOf(plan)
  const back = applyChanges(changed, inverse.spec.changes, 'new.yaml')
  assert.equal(back[0]?.text, text)
  assert.equal(back[1]?.text, '')
  assert.deepEqual(
    inverse.spec.access.lost.map(({ principal }) => principal),
    plan.spec.access.gained.map(({ principal }) => principal),
  )
  assert.deepEqual(
    inverseOf(inverse).spec.changes,
    plan.spec.changes.map(({ ...each }) => each),
  )
})

test('a plan is read back as it was written, in YAML and in JSON', () => {
  const plan = planOf(door, intended([exempt(), close()]), options)
  for (const format of ['yaml', 'json'] as const) {
    assert.deepEqual(parsePlan('plan', planText(plan, format)), JSON.parse(JSON.stringify(plan)))
  }
})

const wrong: readonly (readonly [what: string, edit: (text: string) => string, message: RegExp])[] = [
  ['no YAML', () => 'a: [b', /^plan:\d+: /],
  ['no mapping', () => '- a', /^plan:1: a plan has to be a mapping/],
  ['another kind', (text) => text.replace('kind: Plan', 'kind: Claims'), /^plan:1: this is no plan/],
  ['an unknown op', (text) => text.replace('op: create', 'op: patch'), /^plan:\d+: `op` has to be/],
  [
    'another object',
    (text) => text.replace(/(after:[\s\S]*?)name: only-get/, '$1name: else'),
    /`after` is another object/,
  ],
  ['no changes', (text) => text.replace('changes:', 'change:'), /`spec.changes` has to be a list/],
  ['paths that are one text', (text) => text.replace(/paths:\n( +)- .*/, 'paths: /'), /`spec.source.paths`/],
  [
    'a path that is a mapping',
    (text) => text.replace(/paths:\n( +)- .*/, 'paths: [{a: b}]'),
    /`spec.source.paths`/,
  ],
  ['a source that is none', (text) => text.replace('kind: files', 'kind: moon'), /`spec.source`/],
  ['an alias bomb', () => `a: &a [x,x]\n${'b: &b [*a,*a]\n'.repeat(2)}`, /^plan:\d+: /],
]
for (const [what, edit, message] of wrong) {
  test(`a plan with ${what} is refused with its line`, () => {
    const good = planText(planOf(door, intended([exempt(), close()]), options), 'yaml')
    assert.throws(
      () => parsePlan('plan', edit(good)),
      (error) => isFault(error) && error.code === 'ERR_MESH_INVALID' && message.test(error.message),
    )
  })
}

test('what somebody else keeps is not planned for', () => {
  const kept = readRawDoor([
    {
      file: 'door.yaml',
      text: text.replace(
        'name: need-token,',
        'name: need-token, labels: {argocd.argoproj.io/instance: mesh},',
      ),
    },
  ])
  const raw = findRaw(kept, { kind: 'AuthorizationPolicy', namespace: 'istio-system', name: 'need-token' })
  assert.ok(raw)
  assert.throws(
    () => planOf(kept, intended([deleteOf(raw, 'opens', '')]), options),
    /AuthorizationPolicy istio-system\/need-token is kept by Argo CD \(`argocd\.argoproj\.io\/instance: mesh`\)/,
  )
  const noted = planOf(kept, intended([deleteOf(raw, 'opens', '')]), { ...options, writtenDown: true })
  assert.match(noted.spec.risks.join(), /is kept by Argo CD .*; the change has to be made there/)
})

test('an object that says something else than the plan knows stops it', () => {
  const plan = planOf(door, intended([exempt()]), options)
  const other = [{ file: 'door.yaml', text: text.replace('/login', '/logout') }]
  assert.throws(
    () => applyChanges(other, plan.spec.changes, 'new.yaml'),
    /says something else now; plan again/,
  )
})
