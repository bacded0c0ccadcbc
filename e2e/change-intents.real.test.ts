/**
 * Commands that change how a door runs, each on a real API server with the door of each release in it:
 * what comes of them is what was predicted, and rolling back leaves every object as it was, to the byte.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { localGatewayOnIngress } from '../tools/tour/overlays.ts'
import { changedIn, clearTo, dumpOf } from './change/cluster-dump.ts'
import { intentRows } from './change/intent-rows.ts'
import { accessBetween, planRow, readDoor, withoutPlaces } from './change/rows.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const shared = fileURLToPath(new URL('../../shared/fixtures/kubeflow/', import.meta.url))
const fixtures = ['26.03', 'v1.9', 'v1.8', 'v1.6']

describe('commands on a real API server', {
  skip: existsSync(shared) ? false : 'the fixtures of four releases are not beside the checkout',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-intents-'))
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
        const files = [join(shared, fixture)]
        // The third report's cluster: calls inside come over the door's own pods.
        if (fixture === 'v1.6') {
          const report = join(folder, 'report.yaml')
          writeFileSync(report, localGatewayOnIngress)
          files.push(report)
        }
        await loadYaml(cluster, files, 'kubectl')
      })

      for (const [index, row] of intentRows.entries()) {
        const isThere = row.on.includes(fixture)
        test(`${row.name}: ${isThere ? 'as predicted, and back' : 'nothing to do here'}`, async () => {
          const env = { XDG_STATE_HOME: join(folder, `${fixture}-${index}`) }
          const plan = await planRow(row, kubeconfig, cluster.url)
          assert.equal(plan !== undefined, isThere)
          if (plan === undefined) return
          const place = await openPlace(plan, { env, kubeconfig, say: () => {} })
          try {
            const [was, seen] = [await dumpOf(cluster), await readDoor(kubeconfig)]
            assert.equal((await applyPlan(plan, place)).outcome, 'applied')
            assert.equal(changedIn(was, await dumpOf(cluster)).length, plan.spec.changes.length)
            const access = accessBetween(seen, await readDoor(kubeconfig))
            assert.deepEqual(access, withoutPlaces(plan.spec.access))
            assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
            const back = await dumpOf(cluster)
            for (const path of changedIn(was, back)) {
              assert.ok(
                plan.spec.changes.some(({ op }) => op === 'delete'),
                path,
              )
              assert.deepEqual(unborn(back.get(path)), unborn(was.get(path)))
            }
          } finally {
            place.close()
          }
        })
      }
    })
  }
})

/** What is deleted and made again has another birth, and nothing else. */
function unborn(text = ''): unknown {
  const object = JSON.parse(text)
  delete object.metadata.uid
  delete object.metadata.creationTimestamp
  return object
}
