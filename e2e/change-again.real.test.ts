/**
 * The same change once more on a real API server: what another plan or somebody took back is written again, and
 * what a rollback made again is whose it was. What only looks the same is left alone.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { isFault } from '../src/base/index.ts'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { planStatus } from '../src/compose/change/plan-status.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { type Change, createOf, deleteOf, readRawDoor, updateOf } from '../src/planner/index.ts'
import { type Anything, changedIn, dumpOf, timeless } from './change/cluster-dump.ts'
import { planWith } from './change/rows.ts'
import { type FaultyProxy, startFaultyProxy } from './parts/faulty-proxy.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds } from './parts/load-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-again-'))
const kubeconfig = join(folder, 'kubeconfig')
const policies = '/apis/security.istio.io/v1/namespaces/default/authorizationpolicies'
let cluster: Cluster
let proxy: FaultyProxy
let states = 0
let state = ''

before(async () => {
  cluster = await startCluster()
  await installKinds(cluster)
  await dumpOf(cluster)
  proxy = await startFaultyProxy(cluster)
  proxy.kubeconfig(kubeconfig, ['admin'])
})
after(async () => {
  await proxy?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  proxy.plan(() => 'pass')
  state = join(folder, `state-${states++}`)
  for (const name of ['one', 'two', 'kept']) await cluster.call('DELETE', `${policies}/${name}`)
  await cluster.call('POST', `${policies}?fieldManager=kubectl`, { body: policy('kept', '/kept') })
})

const policy = (name: string, path: string): Anything => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'default' },
  spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [path] } }] }] },
})
const read = async (name: string) => (await cluster.call('GET', `${policies}/${name}`)).body as Anything
const isThere = async (name: string) => (await cluster.call('GET', `${policies}/${name}`)).status === 200
const rawOf = (object: Anything) => {
  const [raw] = readRawDoor([{ file: 'cluster', text: JSON.stringify(object) }]).objects
  assert.ok(raw)
  return raw
}

async function at(name: string, changes: readonly Change[], home = state) {
  const plan = planWith(name, changes, proxy.url)
  const env = { XDG_STATE_HOME: home }
  const place = await openPlace(plan, { env, kubeconfig, context: 'admin', say: () => {} })
  return {
    apply: async () => (await applyPlan(plan, place)).outcome,
    undo: async (force = false) => (await rollBack(plan, place, { force })).outcome,
    status: async () => {
      const seen = await planStatus(plan, env, place)
      return [seen.state, ...seen.steps.map(({ state: each, edited }) => edited ?? each)]
    },
  }
}

/** Makes two, and changes one that is there. */
const opening = async (home?: string) =>
  at(
    'opens',
    [
      createOf(policy('one', '/one'), 'closes', 'a test'),
      createOf(policy('two', '/two'), 'closes', 'a test'),
      updateOf(
        rawOf(await read('kept')),
        (copy) => {
          copy.spec.rules = [{ to: [{ operation: { paths: ['/kept', '/more'] } }] }]
        },
        'closes',
        'a test',
      ),
    ],
    home,
  )
/** Takes away what the other made, as it is now, and gives back what it changed. */
const closing = async (home?: string) =>
  at(
    'shuts',
    [
      ...(await Promise.all(
        ['one', 'two'].map(async (name) => deleteOf(rawOf(await read(name)), 'opens', 'a test')),
      )),
      updateOf(
        rawOf(await read('kept')),
        (copy) => {
          copy.spec.rules = [{ to: [{ operation: { paths: ['/kept'] } }] }]
        },
        'opens',
        'a test',
      ),
    ],
    home,
  )

const codeOf = (work: Promise<unknown>) =>
  work.then(
    (done) => done,
    (error: unknown) => (isFault(error) ? `${error.code}: ${error.message}` : assert.fail(error as Error)),
  )

describe('what a rollback made again', () => {
  test('is still what the first plan wrote: rolled back as if nothing had been between', async () => {
    const was = await dumpOf(cluster)
    const opens = await opening()
    await opens.apply()
    const { uid } = (await read('one')).metadata
    const shuts = await closing()
    assert.deepEqual([await shuts.apply(), await shuts.undo()], ['applied', 'rolled-back'])
    assert.notEqual((await read('one')).metadata.uid, uid)
    assert.deepEqual(await opens.status(), ['applied', 'written', 'written', 'written'])
    assert.equal(await opens.undo(), 'rolled-back')
    const now = await dumpOf(cluster)
    assert.deepEqual(
      changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path))),
      [],
    )
  })

  test('once, and once more by the same plan', async () => {
    const opens = await opening()
    await opens.apply()
    const shuts = await closing()
    for (const _ of [1, 2])
      assert.deepEqual([await shuts.apply(), await shuts.undo()], ['applied', 'rolled-back'])
    assert.equal(await opens.undo(), 'rolled-back')
  })

  test('with an answer that was lost: the API server says that it is there', async () => {
    const opens = await opening()
    await opens.apply()
    const shuts = await closing()
    await shuts.apply()
    proxy.plan(({ method }) => (method === 'POST' ? 'drop-after' : 'pass'))
    assert.equal(await shuts.undo(), 'rolled-back')
    assert.equal(await opens.undo(), 'rolled-back')
  })

  const others: readonly (readonly [who: string, does: () => Promise<void>])[] = [
    [
      'somebody deleted it and made it anew, to the letter',
      async () => {
        const { metadata, ...object } = await read('one')
        const { uid: _, resourceVersion: __, managedFields: ___, creationTimestamp: ____, ...own } = metadata
        await cluster.call('DELETE', `${policies}/one`)
        const made = await cluster.call('POST', `${policies}?fieldManager=kubectl`, {
          body: { ...object, metadata: own },
        })
        assert.equal(made.status, 201)
      },
    ],
    [
      'it was rolled back from another machine',
      async () => {
        const shuts = await closing(join(folder, `elsewhere-${states}`))
        await shuts.apply()
        await shuts.undo()
      },
    ],
  ]
  for (const [who, does] of others) {
    test(`${who}: of that nothing is known here, shown and left alone until --force`, async () => {
      const opens = await opening()
      await opens.apply()
      await does()
      assert.match(String(await codeOf(opens.undo())), /^ERR_PLAN_EDITED: [\s\S]*one: it was made anew/)
      assert.ok(await isThere('one'))
      assert.equal(await opens.undo(true), 'rolled-back')
      assert.ok(!(await isThere('one')))
    })
  }
})

describe('the same plan once more', () => {
  test('after another took it back: written again, and so is the other', async () => {
    const opens = await opening()
    await opens.apply()
    for (const turn of [1, 2]) {
      const shuts = await closing()
      assert.equal(await shuts.apply(), 'applied', `${turn}`)
      assert.ok(!(await isThere('one')))
      assert.deepEqual(await opens.status(), ['rolled-back', 'undone', 'undone', 'undone'])
      assert.equal(await opens.undo(), 'nothing')
      assert.equal(await opens.apply(), 'applied', `${turn}`)
      assert.ok(await isThere('one'))
    }
    assert.equal(await opens.apply(), 'already')
  })

  test('after somebody took a part of it back: not said to be applied', async () => {
    const opens = await opening()
    await opens.apply()
    await cluster.call('DELETE', `${policies}/two`)
    assert.match(String(await codeOf(opens.apply())), /^ERR_PLAN_EDITED: .*\n.*two: it was deleted/)
    assert.deepEqual(await opens.status(), [
      'applied',
      'written',
      'AuthorizationPolicy default/two: it was deleted',
      'written',
    ])
    assert.equal(await opens.undo(), 'rolled-back')
  })

  test('planned again after a version moved for nothing: it is the plan that is kept', async () => {
    const takes = async () => at('takes', [deleteOf(rawOf(await read('kept')), 'opens', 'a test')])
    const first = await takes()
    await edit('/other')
    assert.match(String(await codeOf(first.apply())), /^ERR_PLAN_STALE/)
    await edit('/kept')
    assert.equal(await (await takes()).apply(), 'applied')
  })

  test('after somebody put back what it changed, the mark left on: written again, and rolled back', async () => {
    const opens = await opening()
    await opens.apply()
    for (const name of ['one', 'two']) await cluster.call('DELETE', `${policies}/${name}`)
    await edit('/kept')
    assert.deepEqual(await opens.status(), ['rolled-back', 'undone', 'undone', 'undone'])
    assert.equal(await opens.apply(), 'applied')
    await edit('/kept')
    assert.equal(await opens.undo(), 'rolled-back')
    const { metadata, spec } = await read('kept')
    assert.deepEqual([metadata.annotations, spec], [undefined, policy('kept', '/kept').spec])
  })
})

async function edit(path: string): Promise<void> {
  const { status } = await cluster.call('PATCH', `${policies}/kept?fieldManager=kubectl`, {
    body: { spec: policy('kept', path).spec },
    contentType: 'application/merge-patch+json',
  })
  assert.equal(status, 200)
}
