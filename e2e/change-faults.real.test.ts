/**
 * A plan interrupted at every write of it: the connection lost before and after, the server failing, having no
 * time, or saying that somebody was faster; the process killed. Each time `plan status` knows what is applied, going
 * on finishes it, and rolling back leaves every object as it was, here and from another machine.
 *
 * The short commands; `KFDOOR_CHANGE=full` interrupts every command on every release it is for.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AnyFault, isFault } from '../src/base/index.ts'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import type { PlanStatus } from '../src/compose/change/plan-status.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { FaultGround, nameOf, type World, worldsOf } from './change/fault-worlds.ts'
import { testKilled } from './change/killed.ts'
import { testTlsFaults } from './change/tls-faults.ts'
import type { Fate } from './parts/faulty-proxy.ts'

const full = process.env.KFDOOR_CHANGE === 'full'
const ground = new FaultGround()
const worlds = worldsOf(full)

before(() => ground.start())
after(() => ground.close())

const faultOf = (work: Promise<unknown>): Promise<AnyFault> =>
  work.then(
    () => assert.fail('it went through'),
    (error: unknown) => (isFault(error) ? error : assert.fail(error as Error)),
  )

const written = ({ steps }: PlanStatus) => steps.filter(({ state }) => state === 'written').length

/** What a write meets, and what is said of it. */
interface Meets {
  readonly fate: Fate
  /** Whether the write is there in the end. */
  readonly landed: boolean
  /** Nothing comes back from then on: reading again fails too. */
  readonly cut: boolean
  readonly code: AnyFault['code']
  /** On the way back: of what is put back, or of giving the fields back to who had them. */
  readonly back: readonly AnyFault['code'][]
}
const lost = { code: 'ERR_PLAN_CUT', back: ['ERR_PLAN_CUT'] } as const
const fates: readonly Meets[] = [
  { fate: 'drop-before', landed: false, cut: true, ...lost },
  { fate: 'drop-after', landed: true, cut: true, ...lost },
  { fate: 'fail', landed: false, cut: false, ...lost },
  { fate: 'throttle', landed: false, cut: false, code: 'ERR_PLAN_STOPPED', back: ['ERR_PLAN_STOPPED'] },
  {
    fate: 'conflict',
    landed: false,
    cut: false,
    code: 'ERR_PLAN_STALE',
    back: ['ERR_PLAN_EDITED', 'ERR_PLAN_STOPPED'],
  },
]
const ends = ['apply --continue', 'rollback'] as const

interface Subject {
  readonly name: string
  /** Commands write more, and the same ways: each fate once on the way there, the lost ones on the way back. */
  readonly isCommand: boolean
}
const isTried = ({ isCommand }: Subject, { fate }: Meets, end?: (typeof ends)[number]): boolean =>
  !isCommand ||
  (end === undefined
    ? fate === 'drop-after' || (full && fate === 'drop-before')
    : (fate === 'fail' || fate === 'throttle') === (end === 'rollback'))

/** From write number `at` on, everything meets this. */
function meet({ fate, cut }: Meets, at: number): () => boolean {
  let met = false
  ground.proxy.plan(({ number }) => {
    if (number < at) return 'pass'
    met = true
    if (cut) queueMicrotask(() => ground.proxy.cut(true))
    return fate
  })
  return () => met
}

function interrupted(subject: Subject, meets: Meets, end: (typeof ends)[number]): void {
  const { name } = subject
  const { fate, landed, cut, code } = meets
  test(`${name}: ${fate} at each write, then ${end}`, async () => {
    const plan = ground.planFor(name)
    for (let at = 1; at <= plan.spec.changes.length; at++) {
      await ground.inOneRun(async ({ place, status }) => {
        meet(meets, at)
        assert.equal((await faultOf(applyPlan(plan, place))).code, code)
        if (cut) {
          const { unseen, steps } = await status(plan)
          assert.match(unseen ?? '', /cannot reach/)
          assert.equal(steps[at - 1]?.state, 'writing')
        }
        ground.calm()
        const before = await status(plan)
        assert.equal(before.state, 'applying')
        assert.equal(written(before), landed ? at : at - 1)
        // What was refused at the first write has done nothing: it is simply applied again.
        if (at > 1 || code === 'ERR_PLAN_CUT')
          assert.equal((await faultOf(applyPlan(plan, place))).code, 'ERR_PLAN_STATE')
        if (end === 'apply --continue') {
          assert.equal((await applyPlan(plan, place, { resume: true })).outcome, 'applied')
          assert.equal(ground.proxy.writes.length, plan.spec.changes.length - written(before))
          assert.equal((await applyPlan(plan, place, { resume: true })).outcome, 'already')
          assert.equal((await status(plan)).state, 'applied')
        }
        const undone = await rollBack(plan, place)
        const something = end === 'apply --continue' || written(before) > 0
        assert.equal(undone.outcome, something ? 'rolled-back' : 'nothing')
        assert.equal((await rollBack(plan, place)).outcome, 'nothing')
      })
    }
  })
}

function interruptedBack(subject: Subject, meets: Meets): void {
  const { name } = subject
  test(`${name}: ${meets.fate} at each write of the rollback, then rollback again`, async () => {
    const plan = ground.planFor(name)
    for (let at = 1; ; at++) {
      let met = () => false
      await ground.inOneRun(async ({ place, status }) => {
        await applyPlan(plan, place)
        met = meet(meets, at)
        await rollBack(plan, place).catch((error) => assert.ok(meets.back.includes(error.code), error))
        ground.calm()
        const { state } = await status(plan)
        if (state === 'rolled-back') return
        assert.equal((await faultOf(applyPlan(plan, place))).code, 'ERR_PLAN_STATE')
        await rollBack(plan, place)
        assert.equal((await status(plan)).state, 'rolled-back')
      })
      if (!met()) break
    }
  })
}

for (const world of worlds)
  describe(`a plan for ${nameOf(world)} that is interrupted`, () => {
    before(() => ground.load(world))
    const subjects = subjectsOf(world)
    for (const subject of subjects)
      for (const meets of fates)
        for (const end of ends) if (isTried(subject, meets, end)) interrupted(subject, meets, end)
    for (const subject of subjects)
      for (const meets of fates) if (isTried(subject, meets)) interruptedBack(subject, meets)
    testKilled(ground, {
      // Each command where it is always tried, and each way of writing.
      subjects: [
        ...world.rows.slice(2).map(({ name }) => name),
        ...world.commands.filter(({ on }) => on[0] === world.release).map(({ words }) => words),
      ],
    })
  })

function subjectsOf({ rows, commands }: World): readonly Subject[] {
  return [
    ...rows.map(({ name }) => ({ name, isCommand: false })),
    ...commands.map(({ words }) => ({ name: words, isCommand: true })),
  ]
}

describe('a Secret that goes before a plan', () => testTlsFaults(ground, full))
