/**
 * Random changes of random doors, and random intents at releases' own doors: the plan says who gains and loses,
 * passes through no moment that is more open than both ends, and can be undone. Found out by samples.
 *
 * `KFDOOR_SEED` repeats a run, `KFDOOR_PLANS` makes it longer.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '../src/base/index.ts'
import { viewOptions } from '../src/cli/map/view-options.ts'
import {
  type Change,
  createOf,
  deleteOf,
  enableM2m,
  enableTls,
  expose,
  type Grantee,
  type Intended,
  keyOf,
  type RawDoor,
  readRawDoor,
  splitGateway,
  updateOf,
  usualAudience,
} from '../src/planner/index.ts'
import { type Principal, parsePrincipal } from '../src/policy/index.ts'
import { aMesh } from '../src/regions/random-mesh.test.ts'
import { aWorld, planFor, type TestWorld, worldOf } from './change/intent-world.ts'
import { asked } from './change/planned.ts'
import { heldBySamples } from './change/sampled.ts'

const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const many = Number(process.env.KFDOOR_PLANS ?? 1)
const repeat = `seed ${seed}: KFDOOR_SEED=${seed} npm test -- e2e/change-random.test.ts`

const samplesOf = (paths: readonly string[], hosts: readonly string[], principals: readonly string[]) =>
  fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    host: fc.constantFrom(...hosts),
    path: fc.constantFrom(...paths),
    headers: fc.constantFrom([], [['x-team', 'red'] as const], [['x-team', 'blue'] as const]),
    principal: fc.constantFrom(...principals),
  })
const callers = [
  'anonymous',
  'anonymous+forged',
  'user:somebody-else@example.com',
  'sa:team/one',
  'sa:team/two',
  'sa:team/two+forged',
]
const small = fc.array(
  samplesOf(
    [
      '/',
      '/a',
      '/a/',
      '/a/b',
      '/a/x',
      '/b',
      '/b/',
      '/b/c/x',
      '/v1',
      '/v1/x',
      '/V1/x',
      '/x',
      '/a/{*}',
      '//a/b',
    ],
    ['a.example.com', 'b.example.com', 'A.example.com', 'else.where'],
    callers,
  ),
  { minLength: 60, maxLength: 60 },
)

/** What makes one door of the other, object by object. */
function between(before: RawDoor, after: RawDoor): readonly Change[] {
  const [old, fresh] = [before, after].map(
    ({ objects }) => new Map(objects.map((raw) => [keyOf(raw.name), raw])),
  ) as [Map<string, RawDoor['objects'][number]>, Map<string, RawDoor['objects'][number]>]
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key): readonly Change[] => {
    const [was, is] = [old.get(key), fresh.get(key)]
    if (was === undefined) return is === undefined ? [] : [createOf(is.object, 'neutral', 'random')]
    if (is === undefined) return [deleteOf(was, 'neutral', 'random')]
    if (JSON.stringify(was.object) === JSON.stringify(is.object)) return []
    const edit = (copy: Record<string, unknown>) => Object.assign(copy, structuredClone(is.object))
    return [updateOf(was, edit, 'neutral', 'random')]
  })
}

test('random changes of random doors fare as planned', (context) => {
  context.diagnostic(repeat)
  const total = { plans: 0, asked: 0, gained: 0, lost: 0, moments: 0, refused: 0 }
  const drawn = fc.record({
    old: aMesh,
    fresh: aMesh,
    keep: fc.array(fc.boolean(), { maxLength: 9 }),
    samples: small,
  })
  for (const [at, { old, fresh, keep, samples }] of fc.sample(drawn, { seed, numRuns: 8 * many }).entries()) {
    try {
      const world = worldOf([{ file: 'door.yaml', text: old }])
      const all = between(world.door, readRawDoor([{ file: 'door.yaml', text: fresh }]))
      const changes = all.filter((_, index) => keep[index] ?? true).slice(0, 5)
      if (changes.length === 0) continue
      const principals = callers.map((text) => parsePrincipal(text) as Principal)
      const plan = planFor(world, { changes, risks: [], callers: [], principals }, 'test')
      const told = heldBySamples(world.door.inputs, plan, world.view, samples)
      total.plans++
      for (const key of ['asked', 'gained', 'lost', 'moments'] as const) total[key] += told[key]
    } catch (error) {
      // Istio's webhook would not take the door that came of it.
      if (isFault(error) && error.code === 'ERR_MESH_INVALID') total.refused++
      else throw new Error(`drawn ${at}, ${repeat}`, { cause: error })
    }
  }
  context.diagnostic(JSON.stringify(total))
  assert.ok(total.plans > 3 && total.gained + total.lost > 3, 'the changes change too little')
})

const own = 'kubeflow-user-example-com'
const grantees: readonly Grantee[] = [
  { kind: 'sa', namespace: 'team-a', name: 'ci' },
  { kind: 'sa', namespace: own, name: 'default-editor' },
  { kind: 'user', email: 'user@example.com' },
  { kind: 'user', email: 'somebody-else@example.com' },
  { kind: 'group', name: 'ml' },
]
const exposure = fc
  .record({
    what: fc.constantFrom(
      { kind: 'model', name: 'sklearn-iris' } as const,
      { kind: 'model', name: 'sklearn-irisv2' } as const,
      { kind: 'notebook', name: 'my-notebook' } as const,
      { kind: 'service', name: 'katib-ui', namespace: 'kubeflow' } as const,
    ),
    to: fc.subarray([...grantees], { minLength: 1, maxLength: 3 }),
    open: fc.constantFrom(false, false, false, false, true),
    audience: fc.constantFrom(usualAudience, 'models'),
    methods: fc.constantFrom(undefined, ['GET'], ['GET', 'POST']),
    at: fc.constantFrom({}, {}, { host: 'iris.example.com' }, { path: '/serving/iris' }),
    keys: fc.constant('http://keys.istio-system.svc.cluster.local/keys'),
  })
  .map(({ what, to, open, audience, methods, at, keys }) => ({
    name: `expose ${what.name}`,
    intend: (world: TestWorld) =>
      expose(
        world,
        asked(open ? [] : to, {
          ...what,
          ...at,
          audience,
          public: open,
          ...(methods && { methods }),
          jwksUri: keys,
        }),
      ),
  }))
const intent: fc.Arbitrary<{ readonly name: string; readonly intend: (world: TestWorld) => Intended }> =
  fc.oneof(
    { weight: 6, arbitrary: exposure },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        { name: 'tls enable', intend: (world: TestWorld) => enableTls(world, { secret: 'kubeflow-tls' }) },
        { name: 'm2m enable', intend: (world: TestWorld) => enableM2m(world, {}) },
        { name: 'split-gateway', intend: (world: TestWorld) => splitGateway(world, {}) },
      ),
    },
  )

/** Somebody's own policies, beside the release's. */
const theirs = fc.array(
  fc.record({
    action: fc.constantFrom('ALLOW', 'DENY', 'DENY'),
    at: fc.constantFrom('istio-system', own),
    rule: fc.constantFrom(
      { to: [{ operation: { paths: ['/pipeline/*'] } }] },
      { to: [{ operation: { methods: ['DELETE'] } }] },
      {
        to: [{ operation: { notPaths: ['/models/*', '/dex/*'] } }],
        from: [{ source: { notRequestPrincipals: ['*'] } }],
      },
      { from: [{ source: { requestPrincipals: ['*'] } }] },
      { to: [{ operation: { hosts: ['*.example.com'] } }] },
    ),
  }),
  { maxLength: 2 },
)
const policyOf = ({ action, at, rule }: { action: string; at: string; rule: object }, index: number) =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `theirs-${index}`, namespace: at },
    spec: {
      action,
      rules: [rule],
      ...(at === 'istio-system' && { selector: { matchLabels: { app: 'istio-ingressgateway' } } }),
    },
  })

const base = `/models/${own}/sklearn-iris`
const everybody = [
  'anonymous',
  'anonymous+forged',
  `sa:team-a/ci,aud=${usualAudience}`,
  'sa:team-a/ci,aud=models',
  `sa:team-b/etl,aud=${usualAudience}`,
  `sa:${own}/default-editor,aud=${usualAudience}`,
  'user:user@example.com',
  'user:somebody-else@example.com',
]
const places = [
  '/',
  `${base}/v1/models/sklearn-iris:predict`,
  `${base}/v1/models/sklearn-iris`,
  `${base}/`,
  `/${base}/v1/models/sklearn-iris:predict`,
  `/models/${own}/sklearn-irisv2/v2/models/sklearn-irisv2/infer`,
  '/serving/iris/v1/models/sklearn-iris:predict',
  '/v1/models/sklearn-iris:predict',
  `/notebook/${own}/my-notebook/lab`,
  '/services/kubeflow/katib-ui/katib/',
  '/pipeline/apis/v2beta1/runs',
  '/dex/auth',
]
const whole = fc.array(
  samplesOf(places, ['kubeflow.example.com', 'iris.example.com', 'else.where'], everybody),
  { minLength: 40, maxLength: 40 },
)

/** What an exposure is for, as everybody: drawn samples rarely meet it. */
const aimed = places.flatMap((path) =>
  everybody.flatMap((principal) =>
    ['GET', 'POST'].map((method) => ({
      method,
      host: path.startsWith('/v1/') ? 'iris.example.com' : 'kubeflow.example.com',
      path,
      headers: [],
      principal,
    })),
  ),
)

test('random intents at doors of releases fare as planned', (context) => {
  context.diagnostic(repeat)
  const drawn = fc.record({
    release: fc.constantFrom('26.03', 'v1.9', 'v1.8', 'v1.6'),
    theirs,
    intents: fc.array(intent, { minLength: 1, maxLength: 2 }),
    samples: whole,
  })
  const told = { plans: 0, asked: 0, gained: 0, lost: 0, moments: 0 }
  for (const { release, theirs, intents, samples } of fc.sample(drawn, { seed, numRuns: 12 * many })) {
    if (told.plans >= 2 * many) break
    const texts = theirs.map(policyOf)
    let world = {
      ...aWorld([`profiles/${release}/release`, `profiles/${release}/demo`], ...texts),
      view: viewOptions,
    }
    for (const { name, intend } of intents) {
      const about = `${release} ${name} beside ${texts.join(' ')}`
      let intended: Intended
      try {
        intended = intend(world)
      } catch (error) {
        if (!isFault(error)) throw new Error(about, { cause: error })
        context.diagnostic(`${about}: ${error.message.replaceAll('\n', ' ').slice(0, 160)}`)
        continue
      }
      if (intended.changes.length === 0) continue
      const { inputs } = world.door
      const principals = everybody.map((text) => parsePrincipal(text) as Principal)
      const { access: _, ...rest } = intended
      const plan = planFor(world, { ...rest, principals: [...(rest.principals ?? []), ...principals] }, name)
      const held = heldBySamples(inputs, plan, viewOptions, [...aimed, ...samples])
      told.plans++
      for (const key of ['asked', 'gained', 'lost', 'moments'] as const) told[key] += held[key]
      world = { ...world.after(plan.spec.changes), view: viewOptions }
    }
  }
  context.diagnostic(JSON.stringify(told))
  assert.ok(told.plans > 0, 'nothing was planned')
})
