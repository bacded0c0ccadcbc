/**
 * Plans carried out on a real API server with the door of each release in it: what comes of them is what
 * was predicted, and rolling back leaves every object as it was, to the byte.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { planStatus } from '../src/compose/change/plan-status.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import type { Plan } from '../src/planner/index.ts'
import { changedIn, clearTo, dumpOf } from './change/cluster-dump.ts'
import { commandRows, planByCommand } from './change/commands.ts'
import { fromPrediction, planRow, readObjects, rows } from './change/rows.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const shared = fileURLToPath(new URL('../../shared/fixtures/kubeflow/', import.meta.url))
const fixtures = ['26.03', 'v1.9', 'v1.8', 'v1.6']
/** There the header a person is known by would do for callers inside the mesh too. */
const refused = new Set(['v1.8 expose sklearn-iris --to user:user@example.com'])

describe('plans on a real API server', {
  skip: existsSync(shared) ? false : 'the fixtures of four releases are not beside the checkout',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-'))
  const kubeconfig = join(folder, 'kubeconfig')
  let cluster: Cluster
  let empty: ReadonlyMap<string, string>

  before(async () => {
    cluster = await startCluster()
    cluster.kubeconfig(kubeconfig)
    await installKinds(cluster)
    empty = await dumpOf(cluster)
  })
  after(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  for (const fixture of fixtures) {
    describe(fixture, () => {
      before(async () => {
        await clearTo(cluster, empty)
        await loadYaml(cluster, [join(shared, fixture)], 'kubectl')
      })

      for (const words of commandRows) {
        const isRefused = refused.has(`${fixture} ${words}`)
        test(`kfdoor ${words}${isRefused ? ' is refused: it would open more than was asked for' : ''}`, async () => {
          const { plan, err, code } = await planByCommand(words, kubeconfig)
          if (isRefused) {
            assert.equal(code, 2, err)
            assert.match(err, /KFD1932: .* is refused:\n/)
            assert.equal(plan, undefined)
            return
          }
          assert.ok(plan, err)
          await thereAndBack(plan, `${fixture} ${words}`)
        })
      }

      // Each way of writing by itself; one release will do.
      for (const row of fixture === '26.03' ? rows : []) {
        test(`${row.name}: as predicted, and back`, async () => {
          const plan = await planRow(row, kubeconfig, cluster.url)
          assert.ok(plan !== undefined)
          await thereAndBack(plan, row.name)
        })
      }
    })
  }

  /** Carried out, it is what was predicted; rolled back, every object is as it was. */
  async function thereAndBack(plan: Plan, name: string): Promise<void> {
    const env = { XDG_STATE_HOME: join(folder, name.replaceAll(/[^a-z0-9.]+/g, '-').slice(0, 60)) }
    const place = await openPlace(plan, { env, kubeconfig, say: () => {} })
    try {
      const [was, seen] = [await dumpOf(cluster), await readObjects(kubeconfig)]
      assert.equal((await applyPlan(plan, place)).outcome, 'applied')
      const is = await dumpOf(cluster)
      assert.equal(changedIn(was, is).length, plan.spec.changes.length)
      assert.deepEqual(fromPrediction(seen, await readObjects(kubeconfig), plan), {})
      assert.equal((await applyPlan(plan, place)).outcome, 'already')
      const status = await planStatus(plan, env, place)
      assert.equal(status.state, 'applied')
      assert.ok(status.steps.every((step) => step.state === 'written' && step.edited === undefined))

      assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
      const back = await dumpOf(cluster)
      const deleted = plan.spec.changes.filter(({ op }) => op === 'delete').length
      const changed = changedIn(was, back)
      assert.equal(changed.length, deleted, changed.join('\n'))
      for (const path of changed) assert.deepEqual(unborn(back.get(path)), unborn(was.get(path)))
      assert.equal((await rollBack(plan, place)).outcome, 'nothing')
    } finally {
      place.close()
    }
  }
})

/** What is deleted and made again has another birth, and nothing else. */
function unborn(text = ''): unknown {
  const object = JSON.parse(text)
  delete object.metadata.uid
  delete object.metadata.creationTimestamp
  return object
}
