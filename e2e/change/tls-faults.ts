/** `tls enable` with files puts a Secret before the first write of its plan: the same failures, by the command line. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import type { Fate } from '../parts/faulty-proxy.ts'
import { changedIn, dumpOf, timeless } from './cluster-dump.ts'
import { typed } from './commands.ts'
import type { FaultGround } from './fault-worlds.ts'

const host = 'kubeflow.example.com'
const secret = '/api/v1/namespaces/istio-system/secrets/faulted'
const keptSecret = '/api/v1/secrets istio-system/faulted'

/** `code`: of the write of the Secret; of a later one a plan is cut short, or stopped. */
const fates: readonly { readonly fate: Fate; readonly code: number; readonly later: number }[] = [
  { fate: 'drop-before', code: 3, later: 3 },
  { fate: 'drop-after', code: 3, later: 3 },
  { fate: 'fail', code: 4, later: 3 },
  { fate: 'throttle', code: 4, later: 5 },
]

export function testTlsFaults(ground: FaultGround, full: boolean): void {
  const { folder, kubeconfig } = ground
  const ca = join(folder, 'ca')
  let was: ReadonlyMap<string, string>

  before(async () => {
    for (const words of [`init --name ${host}`, `server --name ${host}`]) {
      const { code, err } = await typed(['ca', ...words.split(' '), '--dir', ca])
      assert.equal(code, 0, err)
    }
    await ground.load({ release: 'v1.6', rows: [], commands: [], demo: true })
    was = await dumpOf(ground.cluster)
  })

  const differing = async () => {
    const now = await dumpOf(ground.cluster)
    return changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path)))
  }

  // Each run makes the plan anew, which takes its time: the lost Secret alone, and in a full run every write and fate.
  for (const { fate, code, later } of full ? fates : fates.slice(0, 2)) {
    test(`tls enable --ca: ${fate} at the Secret${full ? ' and at each write' : ''}, then again, or --continue, and rollback`, async () => {
      const [, line = ''] = readFileSync(join(ca, `${host}.key`), 'utf8').split('\n')
      for (let at = 1; ; at++) {
        const env = ground.elsewhere()
        const type = async (words: string) => {
          const answer = await typed([...words.split(' '), '--kubeconfig', kubeconfig], env)
          assert.ok(!(answer.out + answer.err).includes(line), 'the key is in it')
          return answer
        }
        const enable = `tls enable --ca ${ca} --host ${host} --secret faulted --context admin --apply --yes`
        ground.proxy.plan(({ number }) => (number === at ? fate : 'pass'))
        const first = await type(enable)
        const met = ground.proxy.writes.length >= at
        ground.calm()
        // A plan whose write landed goes on by itself.
        const through = !met || (at > 1 && fate === 'drop-after')
        assert.equal(first.code, through ? 0 : at === 1 ? code : later, first.err)
        if (at === 1) {
          const landed = fate === 'drop-after' ? [keptSecret] : []
          assert.deepEqual(await differing(), landed)
          assert.match(first.err, /KFD\d{4}: /)
          const again = await type(enable)
          assert.equal(again.code, 0, again.err)
          Object.assign(first, again)
        }
        const [name] = /tls-enable-faulted-[0-9a-f]{6}/.exec(first.out + first.err) ?? []
        assert.ok(name, first.err)
        if (at > 1 && !through) {
          assert.match(first.err, new RegExp(`kfdoor apply ${name} --continue`))
          assert.equal((await type(`plan status ${name}`)).code, 1)
          const on = await type(`apply ${name} --continue --yes --no-recheck --timeout 0`)
          assert.equal(on.code, 0, on.err)
        }
        assert.equal((await type(`plan status ${name}`)).code, 0)
        for (const file of filesBelow(env.XDG_STATE_HOME))
          assert.ok(!readFileSync(file, 'utf8').includes(line), `the key is in ${file}`)
        const back = await type(`rollback ${name} --yes`)
        assert.equal(back.code, 0, back.err)
        assert.deepEqual(await differing(), [keptSecret])
        assert.equal((await ground.cluster.call('DELETE', secret)).status, 200)
        if (!met || !full) break
      }
    })
  }
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
