/** The process killed (SIGKILL) around each write of a plan, there and back: nothing of it may be in its memory alone. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyPlan, type ChangePlace } from '../../src/compose/change/apply-plan.ts'
import { type PlanStatus, planStatus } from '../../src/compose/change/plan-status.ts'
import { rollBack } from '../../src/compose/change/roll-back.ts'
import type { Plan } from '../../src/planner/index.ts'
import { kfdoor } from '../door.ts'
import type { Fate } from '../parts/faulty-proxy.ts'
import type { FaultGround } from './fault-worlds.ts'

/** `landed`: the request was on its way when the process ended. */
const moments = [
  { fate: 'drop-before', when: 'before', landed: false },
  { fate: 'pass', when: 'after', landed: true },
] as const

export function testKilled(ground: FaultGround, { subjects }: { readonly subjects: readonly string[] }) {
  for (const name of subjects) {
    for (const { fate, when, landed } of moments) {
      test(`${name}: kill -9 ${when} each write is done, there and back; here, and from another machine`, async () => {
        const plan = ground.planFor(name)
        const file = join(ground.folder, `${plan.metadata.name}.json`)
        writeFileSync(file, JSON.stringify(plan))
        const apply = ['apply', file, '--no-recheck', '--timeout', '0']
        for (let at = 1; at <= plan.spec.changes.length; at++) {
          const done = landed ? at : at - 1
          await ground.inOneRun(async ({ place, env, status }) => {
            await killedAt(ground, apply, env, at, fate)
            await landing(status, plan, done)
            await applyPlan(plan, place, { resume: true })
            assert.equal((await status(plan)).state, 'applied')
            await killedAt(ground, ['rollback', plan.metadata.name], env, 1, fate)
            await landing(status, plan, plan.spec.changes.length - (landed ? 1 : 0))
            await rollBack(plan, place)
          })
          await ground.inOneRun(
            async ({ place, env, status }) => {
              await killedAt(ground, apply, env, at, fate)
              await landing(status, plan, done)
              await fromElsewhere(ground, plan, place, done)
            },
            // Whose fields they were stands in the journal alone.
            { unmanaged: true },
          )
        }
      })
    }
  }
}

/** Without the journal: status tells the same, rolling back undoes it, or going on finishes it. */
async function fromElsewhere(ground: FaultGround, plan: Plan, place: ChangePlace, done: number) {
  const other = { ...place, env: ground.elsewhere() }
  const seen = await planStatus(plan, other.env, other)
  // What is to be deleted and is there no more is taken for the plan's doing.
  assert.equal(written(seen), done)
  assert.equal(
    seen.state,
    done === 0 ? 'planned' : done === plan.spec.changes.length ? 'applied' : 'applying',
  )
  if (done % 2 === 0) {
    const { outcome } = await applyPlan(plan, other, { resume: true })
    assert.equal(outcome, done === plan.spec.changes.length ? 'already' : 'applied')
    assert.equal((await planStatus(plan, other.env, other)).state, 'applied')
  }
  const third = { ...place, env: ground.elsewhere() }
  assert.equal((await rollBack(plan, third)).outcome, 'rolled-back')
  assert.equal((await planStatus(plan, third.env, third)).state, 'rolled-back')
}

/** Runs the command line, and kills it when the proxy has write number `at` in its hands. */
async function killedAt(
  { proxy, kubeconfig }: FaultGround,
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

/** The proxy sends the write on after the process is gone: until then it is not there. */
async function landing(
  status: (plan: Plan) => Promise<PlanStatus>,
  plan: Plan,
  count: number,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const seen = await status(plan)
    if (written(seen) === count || tries > 100) return assert.equal(written(seen), count)
    await new Promise((again) => setImmediate(again))
  }
}

const written = ({ steps }: PlanStatus) => steps.filter(({ state }) => state === 'written').length
