/**
 * Every command that changes a door, on a real API server with the door of a release in it: what comes of it
 * is what was predicted, nobody without the rights and nobody who is late writes anything, and rolling back,
 * here or from another machine, leaves every object as it was, to the byte.
 *
 * One release each; `KFDOOR_CHANGE=full` takes every release a command is for, and shows what it says on the others.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isFault } from '../src/base/index.ts'
import { applyPlan, type ChangePlace } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { planStatus } from '../src/compose/change/plan-status.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { beyondRemit, type Change, type Plan } from '../src/planner/index.ts'
import { localGatewayOnIngress } from '../tools/tour/overlays.ts'
import { type Anything, changedIn, clearTo, dumpOf, timeless } from './change/cluster-dump.ts'
import { type CommandRow, commandRows, planByCommand, type Release, typed } from './change/commands.ts'
import { type Refusal, refusals } from './change/refusals.ts'
import { fromPrediction, planRow, readObjects, rows } from './change/rows.ts'
import { testTlsFiles } from './change/tls-files.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const shared = fileURLToPath(new URL('../../shared/fixtures/kubeflow/', import.meta.url))
const full = process.env.KFDOOR_CHANGE === 'full'
const releases: readonly Release[] = ['26.03', 'v1.9', 'v1.8', 'v1.6']

describe('plans on a real API server', {
  skip: existsSync(shared) ? false : 'the fixtures of four releases are not beside the checkout',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-'))
  const kubeconfig = join(folder, 'kubeconfig')
  let cluster: Cluster
  let empty: ReadonlyMap<string, string> | undefined
  let runs = 0

  before(async () => {
    cluster = await startCluster({ users: { nobody: [], reader: [] } })
    cluster.kubeconfig(kubeconfig)
  })
  after(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('without Istio', () => {
    for (const { words } of commandRows) {
      test(`kfdoor ${words}: exit 2, nothing written`, async () => {
        const was = await dumpOf(cluster, { bare: true })
        const argv = [...words.split(' '), '--kubeconfig', kubeconfig, '--context', 'admin']
        const { err, code } = await typed([...argv, '--apply', '--yes'], {
          XDG_STATE_HOME: join(folder, 'bare'),
        })
        assert.match(
          err,
          words.startsWith('unexpose')
            ? /KFD1933: there is no exposed model/
            : /KFD1932: .* is refused:\n {2}(there is no (Istio|Service ml-pipeline) in this door|no workload of this door runs)/,
        )
        assert.equal(code, 2)
        assert.deepEqual(changedIn(was, await dumpOf(cluster, { bare: true })), [])
      })
    }
  })

  for (const release of releases) {
    describe(release, () => {
      before(async () => {
        if (empty === undefined) {
          await installKinds(cluster)
          empty = await dumpOf(cluster)
        }
        await clearTo(cluster, empty)
        const files = [join(shared, release)]
        // The third report's cluster: calls inside come over the door's own pods.
        if (release === 'v1.6') {
          const report = join(folder, 'report.yaml')
          writeFileSync(report, localGatewayOnIngress)
          files.push(report)
        }
        await loadYaml(cluster, files, 'kubectl')
      })

      for (const row of commandRows) {
        if (row.on[0] === release || (full && row.on.includes(release))) {
          test(`kfdoor ${row.words}: as predicted, and back`, () => tried(row))
        } else if (full) {
          test(`kfdoor ${row.words}: says why there is nothing to do`, async () => {
            const { plan, err } = await planByCommand(row.words, kubeconfig)
            assert.equal(plan, undefined)
            assert.match(err, row.elsewhere)
          })
        }
      }

      for (const row of refusals.filter(({ on }) => on === release)) {
        test(`kfdoor ${row.words}, ${row.where}: exit ${row.code}, nothing written`, () => refused(row))
      }

      if (release === '26.03')
        test('a plan that edits a workload is kept, applied later, and undone', keptPlan)
      if (release === '26.03') testTlsFiles({ cluster: () => cluster, kubeconfig, folder })

      // Each way of writing by itself; one release will do.
      for (const row of release === '26.03' ? rows : []) {
        test(`${row.name}: as predicted, and back`, async () => {
          const plan = await planRow(row, kubeconfig, cluster.url)
          assert.ok(plan !== undefined)
          await thereAndBack(plan)
        })
      }
    })
  }

  /** Whatever was done to the cluster before, the command writes nothing and says why. */
  async function refused({ words, code, says, patch, make, context }: Refusal): Promise<void> {
    if (patch !== undefined)
      await kept(patch.object, 'PATCH', { metadata: patch.with }, 'application/merge-patch+json')
    if (make !== undefined) await kept(nameOf(make), 'POST', make)
    try {
      const was = await dumpOf(cluster)
      const argv = [...words.split(' '), '--kubeconfig', kubeconfig, '--context', context ?? 'admin']
      const answer = await typed([...argv, '--apply', '--yes'], { XDG_STATE_HOME: join(folder, 'refused') })
      assert.match(answer.err, says)
      assert.equal(answer.code, code, answer.err)
      assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
    } finally {
      if (make !== undefined) await kept(nameOf(make), 'DELETE')
      if (patch !== undefined)
        await kept(patch.object, 'PATCH', { metadata: nulled(patch.with) }, 'application/merge-patch+json')
    }
  }

  async function tried({ words, first }: CommandRow): Promise<void> {
    const bare = await dumpOf(cluster)
    const ground = first === undefined ? undefined : await planByCommand(first, kubeconfig)
    if (ground !== undefined) {
      assert.ok(ground.plan, ground.err)
      await inPlace(ground.plan, 'admin', (place) => applyPlan(ground.plan as Plan, place))
    }
    const { plan, err } = await planByCommand(words, kubeconfig)
    assert.ok(plan, err)
    assert.deepEqual(beyondRemit(plan), [])
    await refusedToOthers(plan)
    await thereAndBack(plan)
    await backFromElsewhere(plan)
    // What was exposed is taken back for good: then all is as before it was.
    if (ground === undefined) return
    const again = await planByCommand(words, kubeconfig)
    await inPlace(again.plan as Plan, 'admin', (place) => applyPlan(again.plan as Plan, place))
    assert.deepEqual(changedIn(bare, await dumpOf(cluster)), [])
  }

  /** By the command line: all requests are compared again before it is applied. */
  async function keptPlan(): Promise<void> {
    const was = await dumpOf(cluster)
    const file = join(folder, 'seat.json')
    writeFileSync(file, JSON.stringify((await planByCommand('migrate oauth2-proxy', kubeconfig)).plan))
    for (const word of ['apply', 'rollback']) {
      // Nobody here runs controllers that could be waited for.
      const wait = word === 'apply' ? ['--timeout', '0'] : []
      const argv = [word, file, '--yes', '--kubeconfig', kubeconfig, ...wait]
      const { code, err } = await typed(argv, { XDG_STATE_HOME: join(folder, 'seat') })
      assert.equal(code, 0, err)
      const moved = changedIn(was, await dumpOf(cluster)).filter((path) => path.includes('deployments'))
      if (word === 'apply') assert.deepEqual(moved, ['/apis/apps/v1/deployments oauth2-proxy/oauth2-proxy'])
    }
    const now = await dumpOf(cluster)
    assert.deepEqual(
      changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path))),
      [],
    )
  }

  async function inPlace<T>(
    plan: Plan,
    context: string,
    work: (place: ChangePlace) => Promise<T>,
  ): Promise<T> {
    const env = { XDG_STATE_HOME: join(folder, `state-${runs++}`) }
    const place = await openPlace(plan, { env, kubeconfig, context, say: () => {} })
    try {
      return await work(place)
    } finally {
      place.close()
    }
  }

  /** Whoever may not, and whoever comes after somebody else: before the first write. */
  async function refusedToOthers(plan: Plan): Promise<void> {
    const was = await dumpOf(cluster)
    const codeOf = (context: string) =>
      inPlace(plan, context, (place) =>
        applyPlan(plan, place).then(
          () => assert.fail('it went through'),
          (error: unknown) => (isFault(error) ? error.code : assert.fail(error as Error)),
        ),
      )
    assert.equal(await codeOf('nobody'), 'ERR_PLAN_RIGHTS')
    assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
    const undo = await edited(plan)
    const theirs = await dumpOf(cluster)
    assert.equal(await codeOf('admin'), 'ERR_PLAN_STALE')
    assert.deepEqual(changedIn(theirs, await dumpOf(cluster)), [])
    await undo()
  }

  /** Somebody else labels the last object of the plan, or makes it. */
  async function edited(plan: Plan): Promise<() => Promise<unknown>> {
    const changes = plan.spec.changes.filter(({ op }) => op !== 'create')
    const change = (changes.at(-1) ?? plan.spec.changes.at(-1)) as Change
    const { object } = change
    if (change.op !== 'create') {
      const label = (theirs: string | null) =>
        kept(object, 'PATCH', { metadata: { labels: { theirs } } }, 'application/merge-patch+json')
      await label('yes')
      return () => label(null)
    }
    await kept(object, 'POST', change.after)
    return () => kept(object, 'DELETE')
  }

  async function kept(object: Change['object'], method: string, body?: unknown, contentType?: string) {
    const root = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`
    const found = await cluster.call('GET', root)
    const { name, namespaced } = found.body.resources.find(
      (each: Anything) => each.kind === object.kind && !each.name.includes('/'),
    )
    const list = `${root}${namespaced ? `/namespaces/${object.namespace}` : ''}/${name}`
    const path = method === 'POST' ? list : `${list}/${object.name}`
    const answer = await cluster.call(method, path, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    })
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
  }

  /** Carried out, it is what was predicted; rolled back, every object is as it was. */
  function thereAndBack(plan: Plan): Promise<void> {
    return inPlace(plan, 'admin', async (place) => {
      const [was, seen] = [await dumpOf(cluster), await readObjects(kubeconfig, plan)]
      assert.equal((await applyPlan(plan, place)).outcome, 'applied')
      const is = await dumpOf(cluster)
      assert.equal(changedIn(was, is).length, plan.spec.changes.length)
      assert.deepEqual(fromPrediction(seen, await readObjects(kubeconfig, plan), plan), {})
      assert.equal((await applyPlan(plan, place)).outcome, 'already')
      const status = await planStatus(plan, place.env, place)
      assert.equal(status.state, 'applied')
      assert.ok(status.steps.every((step) => step.state === 'written' && step.edited === undefined))

      assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
      const back = await dumpOf(cluster)
      const deleted = plan.spec.changes.filter(({ op }) => op === 'delete').length
      const changed = changedIn(was, back).filter(
        (path) => timeless(was.get(path)) !== timeless(back.get(path)),
      )
      assert.equal(changed.length, deleted, changed.join('\n'))
      for (const path of changed) {
        assert.deepEqual(unborn(timeless(back.get(path))), unborn(timeless(was.get(path))))
      }
      assert.equal((await rollBack(plan, place)).outcome, 'nothing')
    })
  }

  /** Undone with the plan alone: all is as it was, but for whose fields they are. */
  async function backFromElsewhere(plan: Plan): Promise<void> {
    const was = await dumpOf(cluster)
    await inPlace(plan, 'admin', (place) => rollBack(plan, place)).then(({ outcome }) =>
      assert.equal(outcome, 'nothing', 'nothing of it is applied'),
    )
    await inPlace(plan, 'admin', (place) => applyPlan(plan, place))
    await inPlace(plan, 'admin', async (place) => {
      assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
      const back = await dumpOf(cluster)
      for (const path of changedIn(was, back)) {
        assert.deepEqual(unmanaged(back.get(path)), unmanaged(was.get(path)), path)
      }
      assert.equal((await rollBack(plan, place)).outcome, 'nothing')
    })
  }
})

const nameOf = ({ apiVersion, kind, metadata }: Anything): Change['object'] => ({
  apiVersion,
  kind,
  ...metadata,
})

/** What takes back what was merged in. */
function nulled(value: Anything): Anything {
  if (typeof value !== 'object' || Array.isArray(value)) return null
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, nulled(each)]))
}

/** What is deleted and made again has another birth, and nothing else. */
function unborn(text = '{"metadata":{}}'): Anything {
  const object = JSON.parse(text)
  delete object.metadata.uid
  delete object.metadata.creationTimestamp
  return object
}

function unmanaged(text?: string): Anything {
  const object = unborn(text)
  delete object.metadata.managedFields
  return object
}
