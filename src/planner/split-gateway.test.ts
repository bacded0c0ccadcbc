import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { aWorld, planFor, refusal } from '../../e2e/change/intent-world.ts'
import { insideCalls, reportedWays } from '../../e2e/change/reports.ts'
import type { AccessDiff } from '../regions/index.ts'
import { deleteOf, type EditableObject, updateOf } from './changes.ts'
import { type AuthnWay, authnOffers, migrateAuthnFilter } from './migrate-authn-filter.ts'
import { splitGateway } from './split-gateway.ts'

const ask = { hosts: ['kubeflow.example.com'], paths: ['/v1/*'] }

/** What opens to whoever comes, by the Service it reaches. */
const opened = (access: AccessDiff) =>
  [
    ...new Set(
      access.public.map(
        ({ witness, to }) =>
          `${new URL(witness.url).pathname} ${to.upstream?.split('|').at(-1)?.split('.')[0]}`,
      ),
    ),
  ].sort()

const rows: Readonly<
  Record<AuthnWay, { readonly changes: readonly string[]; readonly opened: readonly string[] }>
> = {
  'split-gateway': {
    changes: ['update Gateway knative-local-gateway', 'update Service knative-local-gateway'],
    opened: [],
  },
  hosts: {
    changes: [
      'update ConfigMap istio',
      'create AuthorizationPolicy dex-auth',
      'update Gateway kubeflow-gateway',
      'delete EnvoyFilter authn-filter',
    ],
    // The local gateway's port is on the same pods, so whoever reaches that port reaches the model.
    opened: ['/ sklearn-iris-predictor'],
  },
  paths: {
    changes: [
      'update ConfigMap istio',
      'create AuthorizationPolicy dex-auth',
      'delete EnvoyFilter authn-filter',
    ],
    // The report's own way: the dashboard answers below /v1/ too, to everybody.
    opened: ['/v1/ centraldashboard', '/v1/ sklearn-iris-predictor'],
  },
}

test('the third report, three ways side by side: each opens more than the one before', () => {
  const { offers } = authnOffers(insideCalls(), ask)
  assert.deepEqual(
    offers.map(({ way }) => way),
    Object.keys(rows),
  )
  for (const offer of offers) {
    assert.ok(!('refused' in offer), offer.way)
    assert.deepEqual(
      offer.intended.changes.map(({ op, object }) => `${op} ${object.kind} ${object.name}`),
      rows[offer.way].changes,
    )
    assert.deepEqual(opened(offer.access), rows[offer.way].opened)
    assert.match(offer.intended.risks.join(), /istiod does not have to restart/)
    // What it is for: a pod inside reaches the model.
    assert.ok(
      offer.access.gained.some(
        ({ principal, witness }) => principal.startsWith('mesh:') && /sklearn-iris/.test(witness.url),
      ),
    )
  }
})

test('the split keeps the sign-in at the door exactly as it was', () => {
  const world = insideCalls()
  const { spec } = planFor(world, splitGateway(world, {}), 'split-gateway')
  const models = spec.access.gained.filter(({ to }) => !/sklearn-iris-predictor/.test(to.upstream ?? ''))
  assert.deepEqual([models, spec.access.public, spec.access.changed, spec.access.unknown], [[], [], [], []])
  const again = splitGateway(world.after(spec.changes), {})
  assert.deepEqual(
    [again.changes, again.risks],
    [[], ['Gateway `knative-serving/knative-local-gateway` has pods of its own already']],
  )
})

test('without Kubeflow’s own local gateway, pods are made for it, and allowed their port only', () => {
  const whole = insideCalls()
  const gone = whole.door.objects
    .filter(({ name }) => name.name === 'cluster-local-gateway')
    .map((raw) => deleteOf(raw, 'neutral', 'not installed'))
  const world = whole.after(gone)
  const { spec } = planFor(world, splitGateway(world, {}), 'split-gateway')
  assert.deepEqual(spec.changes.map(({ op, object }) => `${op} ${object.kind}`).sort(), [
    'create AuthorizationPolicy',
    'create Deployment',
    'create ServiceAccount',
    'update Gateway',
    'update Service',
  ])
  const policy = spec.changes.find(({ object }) => object.kind === 'AuthorizationPolicy')
  assert.ok(policy?.op === 'create')
  assert.deepEqual((policy.after.spec as { rules: unknown }).rules, [
    { to: [{ operation: { ports: ['8081'] } }] },
  ])
  assert.deepEqual(spec.access.public, [])
  assert.match(spec.risks.join(), /rollout status deployment knative-local-gateway/)
})

test('new pods are of the door’s own istiod', () => {
  const labelsWith = (revision: string | undefined) => {
    const whole = insideCalls()
    const raws = whole.door.objects
    const gateway = raws.find(
      ({ name }) => name.kind === 'Deployment' && name.name === 'istio-ingressgateway',
    )
    assert.ok(gateway)
    const world = whole.after([
      ...raws
        .filter(({ name }) => name.name === 'cluster-local-gateway')
        .map((raw) => deleteOf(raw, 'neutral', 'not installed')),
      updateOf(
        gateway,
        (copy) => {
          const { labels } = copy.spec.template.metadata
          if (revision === undefined) delete labels['istio.io/rev']
          else labels['istio.io/rev'] = revision
        },
        'neutral',
        'another istiod',
      ),
    ])
    const made = splitGateway(world, {}).changes.find(({ object }) => object.kind === 'Deployment')
    assert.ok(made?.op === 'create')
    return (made.after.spec as EditableObject).template.metadata.labels['istio.io/rev']
  }
  assert.deepEqual(
    ['1-28', 'default', undefined].map((revision) => labelsWith(revision)),
    ['1-28', undefined, undefined],
  )
})

const door = (...texts: readonly string[]) => aWorld(['profiles/v1.6/release'], ...texts)
const named = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: dex-auth, namespace: istio-system}
spec: {action: DENY, rules: []}
`
const refused: readonly (readonly [what: string, call: () => unknown, words: RegExp])[] = [
  [
    'a door without the filter',
    () => authnOffers(aWorld(['profiles/26.03/release']), ask),
    /no EnvoyFilter before the door’s pods/,
  ],
  ['by hosts without a host', () => migrateAuthnFilter(door(), 'hosts', {}), /ERR_USAGE.*--host/],
  ['by paths without a path', () => migrateAuthnFilter(door(), 'paths', {}), /ERR_USAGE.*--path/],
  [
    'a policy of that name',
    () => migrateAuthnFilter(door(named), 'paths', ask),
    /an AuthorizationPolicy `istio-system\/dex-auth` already/,
  ],
  [
    'the door as its own local gateway',
    () => splitGateway(insideCalls(), { local: 'kubeflow/kubeflow-gateway' }),
    /ERR_USAGE.*is the door itself/,
  ],
  ['no local gateway', () => splitGateway(door(), { local: 'a/b' }), /there is no Gateway `a\/b`/],
  [
    'no Istio',
    () => splitGateway(aWorld([], 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n'), {}),
    /there is no Istio/,
  ],
]
for (const [what, call, words] of refused) {
  test(`refused: ${what}`, () => {
    assert.match(refusal(call), words)
  })
}

test('docs/change.md tells what these ways open', () => {
  const page = readFileSync(new URL('../../docs/change.md', import.meta.url), 'utf8')
  const { offers } = authnOffers(insideCalls(), ask)
  const cell = (access: AccessDiff, changes: readonly unknown[]) =>
    `${opened(access).join(', ') || 'nothing'} | ${changes.length} objects |`
  const told = (way: AuthnWay) => {
    const offer = offers.find((each) => each.way === way)
    assert.ok(offer && !('refused' in offer))
    return cell(offer.access, offer.intended.changes)
  }
  const theirs = reportedWays.find(({ report, way }) => report === '003' && way === 'CUSTOM policy')
  assert.ok(theirs)
  const { world, changes } = theirs
  const { spec } = planFor(world, { changes, risks: [], callers: [] }, 'report')
  for (const [words, want] of [
    ['the report’s: provider', cell(spec.access, changes)],
    ['--by paths --path', told('paths')],
    ['--by hosts --host', told('hosts')],
    ['--by split-gateway` |', told('split-gateway')],
  ] as const) {
    const line = page
      .split('\n')
      .find((each) => each.startsWith('|') && each.replaceAll("'", '’').includes(words))
    assert.ok(line?.endsWith(want), `${words}: ${want}, told: ${line}`)
  }
})
