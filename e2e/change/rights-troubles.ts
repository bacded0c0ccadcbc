/** Rights, credentials and a kubeconfig that are there when a plan is begun, and not when they are needed. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyPlan } from '../../src/compose/change/apply-plan.ts'
import { planStatus } from '../../src/compose/change/plan-status.ts'
import { rollBack } from '../../src/compose/change/roll-back.ts'
import type { Fate } from '../parts/faulty-proxy.ts'
import type { Beside, Run } from './beside.ts'
import { type Anything, changedIn, dumpOf } from './cluster-dump.ts'

const all = ['get', 'create', 'update', 'delete', 'patch']
/** The verb behind the nth object of three changes, and behind its undoing. */
const verbs = ['create', 'update', 'delete'] as const
const undoing = ['create', 'update', 'delete'] as const

export function testRights(beside: Beside): void {
  const { run, threeChanges, faultOf, writesNothing, grant, type } = beside
  const written = async ({ plan, place }: Run) =>
    (await planStatus(plan, place.env, place)).steps.filter(({ state }) => state === 'written').length

  for (const [index, verb] of verbs.entries()) {
    const at = index + 1
    test(`missing for object ${at} alone: nothing is written`, async () => {
      await grant(all.filter((each) => each !== verb))
      const { apply } = await run(threeChanges(), 'limited')
      await writesNothing(async () => {
        const { code, message } = await faultOf(apply())
        assert.equal(code, 'ERR_PLAN_RIGHTS')
        assert.equal(message.match(/authorizationpolicies\.security\.istio\.io in/g)?.length, 1, message)
        assert.match(message, new RegExp(`${verb} authorizationpolicies`))
      })
    })

    for (const end of ['apply --continue', 'rollback'] as const) {
      // What is made is made by a patch where that is allowed.
      test(`taken away for object ${at} between check and write: stopped there, then ${end}`, async () => {
        await grant(all)
        const was = await dumpOf(beside.cluster())
        const each = await run(threeChanges(), 'limited')
        beside.proxy().plan(async ({ number }): Promise<Fate> => {
          if (number === at) await grant(all.filter((one) => one !== verb))
          return 'pass'
        })
        const fault = await faultOf(each.apply())
        assert.equal(fault.code, 'ERR_PLAN_STOPPED')
        assert.match(fault.message, /forbidden.*--continue/s)
        assert.equal(await written(each), index)
        const still = await faultOf(applyPlan(each.plan, each.place, { resume: true }))
        assert.equal(still.code, 'ERR_PLAN_RIGHTS')
        const stays = /nothing more was written.*--continue`, or undo what is applied with `kfdoor rollback/s
        if (index > 0) assert.match(still.message, stays)
        else assert.match(still.message, /nothing was written.*give it to somebody who may/s)
        await grant(all)
        beside.proxy().plan(() => 'pass')
        if (end === 'apply --continue')
          assert.equal((await applyPlan(each.plan, each.place, { resume: true })).outcome, 'applied')
        await rollBack(each.plan, each.place)
        const back = await dumpOf(beside.cluster())
        assert.deepEqual(
          changedIn(was, back).filter((path) => !/\/(roles|removed$)/.test(path)),
          [],
        )
      })
    }

    test(`taken away at write ${at} of the rollback: stopped there, and finished when it is back`, async () => {
      await grant(all)
      const each = await run(threeChanges(), 'limited')
      await each.apply()
      // Undone are: the deletion by making it again, the update, the creation.
      const lost = undoing[index]
      let met = false
      beside.proxy().plan(async ({ method }): Promise<Fate> => {
        const meant = { create: 'POST', update: 'PUT', delete: 'DELETE' }[lost ?? 'create']
        if (!met && method === meant) {
          met = true
          await grant(all.filter((one) => one !== lost))
        }
        return 'pass'
      })
      const fault = await faultOf(rollBack(each.plan, each.place)).catch((error) => {
        // What cannot be done is giving the fields back: it is said, and the object is as it was.
        if (lost === 'update') return undefined
        throw error
      })
      if (fault !== undefined) assert.equal(fault.code, 'ERR_PLAN_STOPPED')
      assert.ok(met)
      await grant(all)
      beside.proxy().plan(() => 'pass')
      await rollBack(each.plan, each.place)
      assert.equal((await planStatus(each.plan, each.place.env, each.place)).state, 'rolled-back')
    })
  }

  test('credentials that expire: before, nothing is written and no kind is called unknown; between, it stops', async () => {
    const each = await run(threeChanges())
    const stale = join(beside.folder, 'stale')
    const config = JSON.parse(readFileSync(beside.kubeconfig, 'utf8'))
    for (const { user } of config.users) user.token = 'expired'
    writeFileSync(stale, JSON.stringify(config))
    const file = join(beside.folder, 'expired.json')
    writeFileSync(file, JSON.stringify(each.plan))
    await writesNothing(async () => {
      for (const words of [
        ['apply', file, '--no-recheck'],
        ['apply', file],
        ['rollback', file],
      ]) {
        const { code, err } = await type([...words, '--yes'], each.state, { kubeconfig: stale })
        assert.equal(code, 4, err)
        assert.match(err, /KFD1901: .*(does not take your credentials|Unauthorized)/)
      }
    })
    beside.proxy().plan(({ number }) => (number === 2 ? 'expired' : 'pass'))
    const { code, message } = await faultOf(each.apply())
    assert.equal(code, 'ERR_PLAN_STOPPED')
    assert.match(message, /Unauthorized/)
    beside.proxy().plan(() => 'pass')
    assert.equal(await written(each), 1)
    assert.equal((await applyPlan(each.plan, each.place, { resume: true })).outcome, 'applied')
    await rollBack(each.plan, each.place)
  })

  test('a kubeconfig that is gone or whose program fails when it is to be undone: exit 2, and later it is undone', async () => {
    const { plan, state, apply, place } = await run(threeChanges())
    await apply()
    const { name } = plan.metadata
    let broke = 0
    const broken = (change: (user: Anything) => void) => {
      const config = JSON.parse(readFileSync(beside.kubeconfig, 'utf8'))
      for (const { user } of config.users) change(user)
      const path = join(beside.folder, `broken-${broke++}`)
      writeFileSync(path, JSON.stringify(config))
      return path
    }
    const exec = (command: string) => (user: Anything) => {
      delete user.token
      user.exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args: [] }
    }
    await writesNothing(async () => {
      for (const [kubeconfig, says] of [
        [join(beside.folder, 'gone'), /KFD1830: .*gone.*it is not there/],
        [broken(exec('false')), /KFD1830: .*exec plugin `false` failed \(1\)/],
        [broken(exec('no-such-program')), /KFD1830: .*exec plugin `no-such-program` failed \(ENOENT\)/],
        [broken(exec('true')), /KFD1830: .*exec plugin `true` failed/],
      ] as const) {
        for (const words of [
          ['rollback', name, '--yes'],
          ['plan', 'status', name],
        ]) {
          const { code, err } = await type(words, state, { kubeconfig })
          assert.equal(code, 2, err)
          assert.match(err, says)
          assert.doesNotMatch(err, /this should not happen/)
        }
      }
    })
    assert.equal((await type(['plan', 'status', name, '--offline'], state)).code, 0)
    assert.equal((await type(['rollback', name, '--yes'], state)).code, 0)
    assert.equal((await planStatus(plan, place.env, place)).state, 'rolled-back')
  })

  test('an API server that is gone once all is written: it is applied, and that is said', async () => {
    const { plan, state, place } = await run(threeChanges())
    const file = join(beside.folder, 'waited.json')
    writeFileSync(file, JSON.stringify(plan))
    beside.proxy().plan(({ number }): Fate => {
      if (number === 3) beside.proxy().cut(true)
      return 'pass'
    })
    const { code, err, out } = await type(['apply', file, '--yes', '--no-recheck'], state)
    beside.proxy().cut(false)
    beside.proxy().plan(() => 'pass')
    assert.equal(code, 0, err)
    assert.match(
      err,
      /note: all is written, and whether controllers have it could not be seen: .*cannot reach/,
    )
    assert.match(out, /: applied/)
    assert.equal((await planStatus(plan, place.env, place)).state, 'applied')
    await rollBack(plan, place)
  })
}

export function testEditors(beside: Beside): void {
  const { run, threeChanges, faultOf, edit, read, applied, policy } = beside
  const paths = async (name: string) => (await read(name)).spec?.rules[0].to[0].operation.paths
  const names = ['made', 'changed', 'removed'] as const

  for (const [index, name] of names.entries()) {
    test(`of object ${index + 1} between the check and its write: theirs stays, ours is undone`, async () => {
      const { apply, plan, place } = await run(threeChanges())
      beside.proxy().plan(async ({ number }): Promise<Fate> => {
        if (number !== index + 1) return 'pass'
        await (name === 'made' ? applied(policy(name, '/theirs')) : edit(name, '/theirs'))
        return 'pass'
      })
      const fault = await faultOf(apply())
      assert.equal(fault.code, 'ERR_PLAN_STALE')
      assert.match(fault.message, index === 0 ? /nothing was written/ : /nothing more was written/)
      assert.deepEqual(await paths(name), ['/theirs'])
      await rollBack(plan, place)
      assert.deepEqual(await paths(name), ['/theirs'])
      for (const [other, path] of [
        ['changed', '/old'],
        ['removed', '/gone'],
      ] as const)
        if (other !== name) assert.deepEqual(await paths(other), [path])
    })

    test(`of object ${index + 1} while the plan is rolled back: theirs stays until --force`, async () => {
      const { apply, plan, place } = await run(threeChanges())
      await apply()
      const meant = { made: 'DELETE', changed: 'PUT', removed: 'POST' }[name]
      let met = false
      beside.proxy().plan(async ({ method, path }): Promise<Fate> => {
        if (met || method !== meant || (meant === 'PUT' && !path.includes('/changed'))) return 'pass'
        met = true
        await (name === 'removed' ? applied(policy(name, '/theirs')) : edit(name, '/theirs'))
        return 'pass'
      })
      const fault = await faultOf(rollBack(plan, place))
      assert.equal(fault.code, 'ERR_PLAN_EDITED')
      assert.match(fault.message, /--force/)
      assert.deepEqual(await paths(name), ['/theirs'])
      beside.proxy().plan(() => 'pass')
      assert.equal((await faultOf(rollBack(plan, place))).code, 'ERR_PLAN_EDITED')
      assert.equal((await rollBack(plan, place, { force: true })).outcome, 'rolled-back')
      assert.deepEqual(
        [await paths('made'), await paths('changed'), await paths('removed')],
        [undefined, ['/old'], ['/gone']],
      )
    })
  }

  test('that is another plan of kfdoor: the second to write is refused, and undoes what is its own', async () => {
    const one = await run(threeChanges())
    const two = await run(threeChanges().slice(1, 2))
    beside.proxy().plan(async ({ number }): Promise<Fate> => {
      if (number === 2) await applyPlan(two.plan, two.place)
      return 'pass'
    })
    assert.equal((await faultOf(one.apply())).code, 'ERR_PLAN_STALE')
    beside.proxy().plan(() => 'pass')
    assert.equal((await rollBack(one.plan, one.place)).outcome, 'rolled-back')
    assert.equal((await planStatus(two.plan, two.place.env, two.place)).state, 'applied')
    assert.deepEqual([(await read('made')).code, await paths('changed')], [404, ['/new']])
    assert.equal((await rollBack(two.plan, two.place)).outcome, 'rolled-back')
    assert.deepEqual(await paths('changed'), ['/old'])
  })
}
