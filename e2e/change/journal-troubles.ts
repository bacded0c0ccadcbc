/** A journal that cannot be kept or read, a plan file edited since, marks taken off: nothing is lost, and it is said what to do. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { applyPlan } from '../../src/compose/change/apply-plan.ts'
import { planStatus } from '../../src/compose/change/plan-status.ts'
import { rollBack } from '../../src/compose/change/roll-back.ts'
import type { Beside, Run } from './beside.ts'
import type { Anything } from './cluster-dump.ts'

const folderOf = ({ state, plan }: Run) => join(state, 'kfdoor', 'plans', plan.metadata.name)
const journalOf = (run: Run) => join(folderOf(run), 'journal.json')

/** What stands in the way before anything is written. */
const obstacles: readonly (readonly [what: string, put: (run: Run) => void])[] = [
  ['whose state folder is a file', ({ state }) => writeFileSync(state, 'not a folder')],
  [
    'whose folder is a link to nowhere',
    ({ state }) => {
      mkdirSync(state)
      symlinkSync(join(state, 'nowhere'), join(state, 'kfdoor'))
    },
  ],
  ...(['journal.json', 'plan.json', 'lock', 'holder'] as const).map(
    (name) =>
      [
        `where \`${name}\` is a folder`,
        (run: Run) => mkdirSync(join(folderOf(run), name), { recursive: true }),
      ] as const,
  ),
  [
    'whose lock is something else',
    (run) => {
      mkdirSync(folderOf(run), { recursive: true })
      writeFileSync(join(folderOf(run), 'lock'), 'x'.repeat(4096))
    },
  ],
]

/** What became of a journal. */
const damages: readonly (readonly [what: string, damage: (text: string) => string, says: RegExp])[] = [
  ['cut short', (text) => text.slice(0, text.length / 2), /it is damaged; move it away/],
  ['empty', () => '', /it is damaged/],
  ['null', () => 'null', /it is damaged/],
  ['a list', () => '[]', /it is damaged/],
  ['without its steps', edited((journal) => delete journal.steps), /it is damaged/],
  ['with a step less', edited((journal) => journal.steps.pop()), /it is damaged/],
  ['with a step that is null', edited((journal) => journal.steps.fill(null)), /it is damaged/],
  [
    'with a state nobody knows',
    edited((journal) => {
      journal.steps[0].state = 'done'
    }),
    /it is damaged/,
  ],
  [
    'of another version',
    edited((journal) => {
      journal.apiVersion = 'kfdoor/v2'
    }),
    /of another version, `kfdoor\/v2`; use the kfdoor that wrote it/,
  ],
]

function edited(change: (journal: Anything) => unknown): (text: string) => string {
  return (text) => {
    const journal = JSON.parse(text)
    change(journal)
    return JSON.stringify(journal)
  }
}

export function testJournal(beside: Beside): void {
  const { run, threeChanges, faultOf, writesNothing, read, type } = beside
  const spec = async (name: string) => (await read(name)).spec

  for (const [what, put] of obstacles) {
    test(`${what}: nothing is written to the cluster`, async () => {
      const each = await run(threeChanges())
      put(each)
      await writesNothing(async () => {
        const fault = await faultOf(each.apply())
        assert.equal(fault.code, 'ERR_JOURNAL_UNUSABLE')
        assert.ok(fault.message.includes(each.state), fault.message)
      })
    })
  }

  const root = process.getuid?.() === 0
  test(`that belongs to somebody else: nothing is written${root ? '' : ' (only root can give a folder away: not tried)'}`, {
    skip: !root,
  }, async () => {
    const each = await run(threeChanges())
    mkdirSync(folderOf(each), { recursive: true })
    chownSync(folderOf(each), 65_534, 65_534)
    await writesNothing(async () => {
      const { code, message } = await faultOf(each.apply())
      assert.equal(code, 'ERR_JOURNAL_UNUSABLE')
      assert.match(message, /belongs to another user/)
      assert.doesNotMatch(message, /--state/)
    })
  })

  test('that others could read or write, or lies behind a link: private before anything is in it', async () => {
    const [open, linked] = [await run(threeChanges()), await run(threeChanges())]
    mkdirSync(folderOf(open), { recursive: true })
    for (let at = folderOf(open); at !== dirname(open.state); at = dirname(at)) chmodSync(at, 0o777)
    await open.apply()
    for (const at of [folderOf(open), dirname(folderOf(open))]) assert.equal(statSync(at).mode & 0o777, 0o700)
    await rollBack(open.plan, open.place)
    const elsewhere = `${linked.state}-elsewhere`
    mkdirSync(elsewhere, { mode: 0o700 })
    symlinkSync(elsewhere, linked.state)
    const victim = join(elsewhere, 'victim')
    writeFileSync(victim, 'theirs')
    mkdirSync(folderOf(linked), { recursive: true, mode: 0o700 })
    symlinkSync(victim, join(folderOf(linked), 'holder'))
    await linked.apply()
    assert.equal(readFileSync(victim, 'utf8'), 'theirs')
    assert.equal(statSync(journalOf(linked)).mode & 0o777, 0o600)
    await rollBack(linked.plan, linked.place)
  })

  for (const [what, damage, says] of damages) {
    test(`${what}: nothing more is written; moved away, the marks in the cluster do`, async () => {
      const was = [await spec('changed'), await spec('removed')]
      const { apply, plan, place, ...each } = await run(threeChanges())
      beside.proxy().plan(({ number }) => (number === 3 ? 'drop-before' : 'pass'))
      await faultOf(apply())
      const path = journalOf({ apply, plan, place, ...each })
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, damage(text))
      await writesNothing(async () => {
        for (const work of [
          () => applyPlan(plan, place),
          () => applyPlan(plan, place, { resume: true }),
          () => rollBack(plan, place),
          () => planStatus(plan, place.env, place),
        ]) {
          const { code, message } = await faultOf(work())
          assert.equal(code, 'ERR_JOURNAL_UNUSABLE')
          assert.ok(message.includes(path), message)
          assert.match(message, says)
        }
      })
      renameSync(path, `${path}.away`)
      assert.deepEqual(
        (await planStatus(plan, place.env, place)).steps.map(({ state }) => state),
        ['written', 'written', 'pending'],
      )
      assert.equal((await rollBack(plan, place)).outcome, 'rolled-back')
      assert.equal((await read('made')).code, 404)
      assert.deepEqual([await spec('changed'), await spec('removed')], was)
    })
  }

  for (const at of [1, 2, 3]) {
    test(`whose folder goes while write ${at} is under way: it is said what stands; back again, both ends are reached`, async () => {
      for (const end of ['apply --continue', 'rollback']) {
        const each = await run(threeChanges())
        const folder = folderOf(each)
        const goes = async ({ number }: { readonly number: number }) => {
          if (number === at) {
            renameSync(folder, `${folder}.away`)
            writeFileSync(folder, 'in its place')
          }
          return 'pass' as const
        }
        const back = () => {
          rmSync(folder)
          renameSync(`${folder}.away`, folder)
          beside.proxy().plan(() => 'pass')
        }
        beside.proxy().plan(goes)
        const fault = await faultOf(each.apply())
        assert.equal(fault.code, 'ERR_JOURNAL_UNUSABLE')
        assert.match(fault.message, /what was done before stays.*plan status.*--continue.*rollback/)
        back()
        const { steps } = await planStatus(each.plan, each.place.env, each.place)
        assert.equal(steps.filter(({ state }) => state === 'written').length, at)
        if (end === 'apply --continue') {
          await applyPlan(each.plan, each.place, { resume: true })
          beside.proxy().plan(goes)
          const undone = await faultOf(rollBack(each.plan, each.place))
          assert.equal(undone.code, 'ERR_JOURNAL_UNUSABLE')
          assert.match(undone.message, /what was done before stays.*`kfdoor rollback/)
          back()
        }
        await rollBack(each.plan, each.place)
        assert.equal((await planStatus(each.plan, each.place.env, each.place)).state, 'rolled-back')
        assert.equal((await read('made')).code, 404)
        assert.equal((await spec('changed')).rules[0].to[0].operation.paths[0], '/old')
        assert.equal((await spec('removed')).rules[0].to[0].operation.paths[0], '/gone')
      }
    })
  }

  test('for which there is no room: exit 2, its path, nothing written', async () => {
    const { plan, state } = await run(threeChanges())
    const file = join(beside.folder, 'no-room.json')
    writeFileSync(file, JSON.stringify(plan))
    await writesNothing(async () => {
      const { code, err } = await type(['apply', file, '--yes', '--no-recheck'], state, { fileBlocks: 1 })
      assert.equal(code, 2, err)
      assert.match(err, /KFD1923: cannot keep the journal `.*`: no room; nothing is written to a cluster/)
    })
  })

  test('a plan file that was edited since it was applied is another plan', async () => {
    const each = await run(threeChanges())
    const { apply, plan, place, state } = each
    await apply()
    const other = structuredClone(plan) as Anything
    other.spec.changes[0].after.spec.rules = []
    const kept = join(folderOf(each), 'plan.json')
    const text = readFileSync(kept, 'utf8')
    await writesNothing(async () => {
      for (const work of [() => applyPlan(other, place), () => rollBack(other, place)])
        assert.equal((await faultOf(work())).code, 'ERR_PLAN_STATE')
      writeFileSync(kept, JSON.stringify(other))
      const { code, err } = await type(['rollback', plan.metadata.name, '--yes'], state)
      assert.equal(code, 2, err)
      assert.match(
        err,
        /KFD1915: .*is applied or begun as it was planned before.*plan\.json` was edited since, put that back/,
      )
      writeFileSync(kept, '{')
      const broken = await type(['rollback', plan.metadata.name, '--yes'], state)
      assert.deepEqual([broken.code, /KFD0103: .*plan\.json:1/.test(broken.err)], [2, true], broken.err)
    })
    writeFileSync(kept, text)
    assert.equal((await type(['rollback', plan.metadata.name, '--yes'], state)).code, 0)
    assert.ok(existsSync(journalOf(each)))
  })

  test('the mark is taken off in the cluster: shown, nothing undone; --force undoes it', async () => {
    const { apply, plan, place } = await run(threeChanges())
    await apply()
    for (const name of ['made', 'changed'])
      await beside.cluster().call('PATCH', `${beside.policies}/${name}`, {
        body: { metadata: { annotations: null } },
        contentType: 'application/merge-patch+json',
      })
    await writesNothing(async () => {
      const { code, message } = await faultOf(rollBack(plan, place))
      assert.equal(code, 'ERR_PLAN_EDITED')
      assert.match(message, /the annotation that names the plan/)
    })
    assert.equal((await rollBack(plan, place, { force: true })).outcome, 'rolled-back')
    assert.equal((await read('made')).code, 404)
  })
}
