/**
 * A plan interrupted at every write of it: the connection lost before and after, the server failing, the
 * process killed. Each time `plan status` knows what is applied, going on finishes it, and rolling back
 * leaves every object as it was.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type AnyFault, isFault } from '../src/base/index.ts'
import { applyPlan, type ChangePlace } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { type PlanStatus, planStatus } from '../src/compose/change/plan-status.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { profileFiles } from '../src/compose/profiles.ts'
import type { Plan } from '../src/planner/index.ts'
import { localGatewayOnIngress } from '../tools/tour/overlays.ts'
import { changedIn, clearTo, dumpOf } from './change/cluster-dump.ts'
import { type CommandRow, commandRows, planByCommand } from './change/commands.ts'
import { plainPlan, rows } from './change/rows.ts'
import { kfdoor } from './door.ts'
import { type Fate, type FaultyProxy, startFaultyProxy } from './parts/faulty-proxy.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-change-faults-'))
const kubeconfig = join(folder, 'kubeconfig')
let cluster: Cluster
let proxy: FaultyProxy
let empty: ReadonlyMap<string, string>
/** By subject, for the door that is loaded. */
const plans = new Map<string, Plan>()

before(async () => {
  cluster = await startCluster()
  await installKinds(cluster)
  empty = await dumpOf(cluster)
  proxy = await startFaultyProxy(cluster)
  proxy.kubeconfig(kubeconfig, ['admin'])
})
after(async () => {
  await proxy?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})

let runs = 0
const full = process.env.KFDOOR_CHANGE === 'full'

interface World {
  readonly release: '26.03' | 'v1.6'
  readonly rows: typeof rows
  readonly commands: readonly CommandRow[]
  /** Carried out before anything is interrupted. */
  readonly first?: string
  readonly demo: boolean
}

/** Doors, each with the commands that are interrupted there: the short ones, or all of them. */
const worlds = (['26.03', 'v1.6'] as const).flatMap((release): World[] => {
  const tried = commandRows.filter(({ on, short }) =>
    full ? on.includes(release) : on[0] === release && short,
  )
  // What needs a door of its own: something exposed already, or a door without the demo.
  const apart = tried.filter(({ first, inDemo }) => first !== undefined || inDemo)
  return [
    {
      release,
      rows: release === '26.03' ? rows : [],
      commands: tried.filter((row) => !apart.includes(row)),
      demo: true,
    },
    ...apart.map(
      (row): World => ({
        release,
        rows: [],
        commands: [row],
        demo: row.inDemo !== true,
        ...(row.first !== undefined && { first: row.first }),
      }),
    ),
  ]
})

const nameOf = ({ release, first, demo }: World) =>
  [release, ...(demo ? [] : ['without the demo']), ...(first === undefined ? [] : [`after ${first}`])].join(
    ' ',
  )

async function load({ release, rows: ways, commands, first, demo }: World): Promise<void> {
  proxy.cut(false)
  proxy.plan(() => 'pass')
  await clearTo(cluster, empty)
  plans.clear()
  const inputs = profileFiles(release, { tls: false, demo })
  const texts = [...inputs.map(({ text }) => text), ...(release === 'v1.6' ? [localGatewayOnIngress] : [])]
  const files = texts.map((text, index) => {
    const path = join(folder, `${release}-${String(index).padStart(2, '0')}.yaml`)
    writeFileSync(path, text)
    return path
  })
  await loadYaml(cluster, files, 'kubectl')
  if (first !== undefined) {
    const ground = await planByCommand(first, kubeconfig)
    assert.ok(ground.plan !== undefined, ground.err)
    const env = { XDG_STATE_HOME: join(folder, `state-${runs++}`) }
    const place = await openPlace(ground.plan, { env, kubeconfig, say: () => {} })
    await applyPlan(ground.plan, place).finally(() => place.close())
  }
  for (const row of ways) plans.set(row.name, (await plainPlan(row, kubeconfig, proxy.url)) as Plan)
  for (const { words } of commands) {
    const { plan, err } = await planByCommand(words, kubeconfig)
    assert.ok(plan !== undefined, err)
    plans.set(words, plan)
  }
}

/** One run with a journal of its own, which ends with the cluster as it began. */
async function inOneRun(
  work: (run: {
    place: ChangePlace
    env: NodeJS.ProcessEnv
    status: (plan: Plan) => Promise<PlanStatus>
  }) => Promise<void>,
): Promise<void> {
  proxy.cut(false)
  proxy.plan(() => 'pass')
  const env = { XDG_STATE_HOME: join(folder, `state-${runs++}`) }
  const was = await dumpOf(cluster)
  const [any] = plans.values()
  const place = await openPlace(any as Plan, { env, kubeconfig, say: () => {} })
  try {
    await work({ place, env, status: (plan) => planStatus(plan, env, place) })
  } finally {
    place.close()
  }
  const back = await dumpOf(cluster)
  const differing = changedIn(was, back).filter((path) => unborn(was.get(path)) !== unborn(back.get(path)))
  assert.deepEqual(differing, [])
}

/** What was deleted and made again has another birth, and its managed fields the times of before. */
function unborn(text = '{"metadata":{}}'): string {
  const object = JSON.parse(text)
  const { uid: _, creationTimestamp: __, ...metadata } = object.metadata
  return JSON.stringify({ ...object, metadata })
}

const faultOf = (work: Promise<unknown>): Promise<AnyFault> =>
  work.then(
    () => assert.fail('it went through'),
    (error: unknown) => (isFault(error) ? error : assert.fail(error as Error)),
  )

const written = ({ steps }: PlanStatus) => steps.filter(({ state }) => state === 'written').length

/** `landed`: whether the write that meets this is there in the end. */
const fates: readonly { readonly fate: Fate; readonly landed: boolean }[] = [
  { fate: 'drop-before', landed: false },
  { fate: 'fail', landed: false },
  { fate: 'drop-after', landed: true },
]
const ends = ['apply --continue', 'rollback'] as const
/** Commands write more, and the same ways: each fate once on the way there, one on the way back. */
const isDone = (isCommand: boolean, fate: Fate, end?: (typeof ends)[number]): boolean =>
  isCommand && (end === undefined ? fate !== 'drop-after' : (fate === 'fail') !== (end === 'rollback'))

for (const world of worlds)
  describe(`a plan for ${nameOf(world)} that is interrupted`, () => {
    before(() => load(world))
    const subjects = [
      ...world.rows.map(({ name }) => ({ name, isCommand: false })),
      ...world.commands.map(({ words }) => ({ name: words, isCommand: true })),
    ]
    for (const { name, isCommand } of subjects) {
      for (const { fate, landed } of fates) {
        for (const end of ends) {
          if (isDone(isCommand, fate, end)) continue
          test(`${name}: ${fate} at each write, then ${end}`, async () => {
            const plan = plans.get(name) as Plan
            for (let at = 1; at <= plan.spec.changes.length; at++) {
              await inOneRun(async ({ place, status }) => {
                // From the nth write on nothing comes back: reading again fails too.
                proxy.plan(({ number }) => {
                  if (number < at) return 'pass'
                  if (fate !== 'fail') queueMicrotask(() => proxy.cut(true))
                  return fate
                })
                const { code } = await faultOf(applyPlan(plan, place))
                assert.equal(code, 'ERR_PLAN_CUT')
                if (fate !== 'fail') {
                  const { unseen, steps } = await status(plan)
                  assert.match(unseen ?? '', /cannot reach/)
                  assert.equal(steps[at - 1]?.state, 'writing')
                }
                proxy.cut(false)
                proxy.plan(() => 'pass')
                const before = await status(plan)
                assert.equal(before.state, 'applying')
                assert.equal(written(before), landed ? at : at - 1)
                assert.equal((await faultOf(applyPlan(plan, place))).code, 'ERR_PLAN_STATE')
                if (end === 'apply --continue') {
                  assert.equal((await applyPlan(plan, place, { resume: true })).outcome, 'applied')
                  assert.equal(proxy.writes.length, plan.spec.changes.length - written(before))
                  assert.equal((await applyPlan(plan, place, { resume: true })).outcome, 'already')
                  assert.equal((await status(plan)).state, 'applied')
                }
                const undone = await rollBack(plan, place)
                assert.equal(
                  undone.outcome,
                  written(before) + (end === 'rollback' ? 0 : 1) === 0 ? 'nothing' : 'rolled-back',
                )
                assert.equal((await rollBack(plan, place)).outcome, 'nothing')
              })
            }
          })
        }
      }
    }

    for (const { name, isCommand } of subjects) {
      for (const { fate } of fates) {
        if (isDone(isCommand, fate)) continue
        test(`${name}: ${fate} at each write of the rollback, then rollback again`, async () => {
          const plan = plans.get(name) as Plan
          for (let at = 1; ; at++) {
            let met = false
            await inOneRun(async ({ place, status }) => {
              await applyPlan(plan, place)
              proxy.plan(({ number }) => {
                if (number < at) return 'pass'
                met = true
                if (fate !== 'fail') queueMicrotask(() => proxy.cut(true))
                return fate
              })
              await rollBack(plan, place).catch((error) => assert.equal(error.code, 'ERR_PLAN_CUT'))
              proxy.cut(false)
              proxy.plan(() => 'pass')
              const { state } = await status(plan)
              if (state === 'rolled-back') return
              assert.equal((await faultOf(applyPlan(plan, place))).code, 'ERR_PLAN_STATE')
              await rollBack(plan, place)
              assert.equal((await status(plan)).state, 'rolled-back')
            })
            if (!met) break
          }
        })
      }
    }
  })

describe('a process that is killed', () => {
  const [world] = worlds
  before(() => load({ ...(world as World), commands: [] }))

  /** Runs the command line, and kills it when the proxy has write number `at` in its hands. */
  async function killedAt(
    words: readonly string[],
    env: NodeJS.ProcessEnv,
    at: number,
    fate: Fate,
  ): Promise<void> {
    const child = spawn(process.execPath, [kfdoor, ...words, '--kubeconfig', kubeconfig, '--yes'], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    })
    const gone = once(child, 'exit')
    proxy.plan(async ({ number }) => {
      if (number < at) return 'pass'
      child.kill('SIGKILL')
      await gone
      return fate
    })
    const [code, signal] = await gone
    proxy.plan(() => 'pass')
    assert.deepEqual([code, signal], [null, 'SIGKILL'])
  }

  for (const [fate, when] of [
    ['drop-before', 'before'],
    ['drop-after', 'after'],
  ] as const) {
    test(`kill -9 ${when} each write is done: status knows, going on and rolling back finish`, async () => {
      const plan = plans.get(rows[2]?.name ?? '') as Plan
      const file = join(folder, 'plan.json')
      writeFileSync(file, JSON.stringify(plan))
      for (let at = 1; at <= plan.spec.changes.length; at++) {
        await inOneRun(async ({ place, env, status }) => {
          await killedAt(['apply', file, '--no-recheck'], env, at, fate)
          const before = await landing(status, plan, fate === 'drop-after' ? at : at - 1)
          assert.equal(before.state, 'applying')
          await applyPlan(plan, place, { resume: true })
          await killedAt(['rollback', plan.metadata.name], env, 1, fate)
          await landing(status, plan, fate === 'drop-after' ? 2 : 3)
          await rollBack(plan, place)
        })
      }
    })
  }

  /** The proxy sends the write on after the process is gone: until then it is not there. */
  async function landing(
    status: (plan: Plan) => Promise<PlanStatus>,
    plan: Plan,
    count: number,
  ): Promise<PlanStatus> {
    for (let tries = 0; ; tries++) {
      const seen = await status(plan)
      if (written(seen) === count || tries > 100) {
        assert.equal(written(seen), count)
        return seen
      }
      await new Promise((again) => setImmediate(again))
    }
  }
})
