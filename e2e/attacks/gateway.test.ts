/**
 * Requests a front door must survive, against the real engine and the real gateway: forged
 * identities, paths and hosts with two meanings, smuggling, floods. The set is told in the words of
 * its own README; every failure names the entry.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Attack, bytesOf, corpus, exchange, identityOf, isProtected } from './harness.ts'
import { openWorld, type World } from './world.ts'

const attacks = corpus(new URL('gateway.jsonl.gz', import.meta.url))
const parity: Readonly<Record<string, string>> = {
  'parity-base': 'BASE',
  'parity-decode': 'DECODE_AND_MERGE_SLASHES',
  'parity-merge': 'MERGE_SLASHES',
  'parity-none': 'NONE',
}
const callerOf = (attack: Attack) =>
  attack.setup === 'admin'
    ? 'admin'
    : attack.setup === 'user' || attack.setup.startsWith('parity')
      ? 'user'
      : 'anon'

async function normal(world: World, attack: Attack) {
  const { method, path, headers } = attack.normal ?? { method: 'GET', path: '/public/echo', headers: {} }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const raw = `${method} ${path} HTTP/1.1\r\nHost: door.test\r\n${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`
  const plain: Attack = {
    ...attack,
    proto: undefined,
    tls: undefined,
    pace: undefined,
    fill: undefined,
    raw: Buffer.from(raw).toString('base64'),
  }
  return exchange(world, plain, bytesOf(plain))
}

const refused = (answer: Answer) => answer.status === 0 || answer.status >= 400

function judge(attack: Attack, answer: Answer, world: World, expected: World['seen'], from: number): void {
  const seen = world.seen.slice(from)
  const caller = callerOf(attack)
  const shown = `answered ${answer.status}, workloads saw ${JSON.stringify(seen.map(({ backend, method, path, host }) => [backend, method, path, host]))}`
  const [kind] = attack.must.split(' ')
  switch (kind) {
    case 'reject':
      assert.ok(refused(answer) && seen.length === 0, `${attack.why}: ${shown}`)
      break
    case 'never-admit':
      for (const one of seen) assert.ok(!isProtected(one, caller), `${attack.why}: ${shown}`)
      break
    case 'status-in': {
      const list = JSON.parse(attack.must.slice('status-in '.length)) as number[]
      assert.ok(list.includes(answer.status), `${attack.why}: ${shown}`)
      if (list.every((status) => status >= 400)) assert.equal(seen.length, 0, `${attack.why}: ${shown}`)
      break
    }
    case 'same-as-normal': {
      if (!attack.strictly && [400, 401, 403, 431].includes(answer.status)) {
        assert.equal(seen.length, 0, shown)
        break
      }
      const [one] = seen
      const [like] = expected
      assert.ok(one && like && seen.length === 1, `${attack.why}: ${shown}`)
      assert.deepEqual([one.method, one.path, one.body], [like.method, like.path, like.body], attack.why)
      assert.deepEqual(identityOf(one), identityOf(like), attack.why)
      break
    }
    default:
      assert.fail(`this test does not know \`${attack.must}\``)
  }
  for (const condition of attack.also ?? []) {
    const [verb, name = ''] = condition.split(' ')
    const rest = condition.slice((verb ?? '').length + 1)
    if (verb === 'upstream-lacks') {
      for (const one of seen)
        assert.ok(!one.headers.some(([each]) => each.toLowerCase() === name), `${condition}: ${shown}`)
    } else if (verb === 'upstream-requests<=1' || verb === 'no-second-response-from-upstream')
      assert.ok(seen.length <= 1, `${condition}: ${shown}`)
    else if (verb === 'upstream-untouched') assert.equal(seen.length, 0, `${condition}: ${shown}`)
    else if (verb === 'upstream-path') assert.equal(seen[0]?.path, rest)
    else if (verb === 'upstream-lacks-bare-cr') {
      for (const one of seen) assert.ok(!one.headers.some(([, value]) => /[\r\n]/.test(value)), shown)
    } else if (verb === 'upstream-sees') {
      const [header = '', value] = rest.split('=')
      assert.deepEqual(
        seen[0]?.headers.filter(([each]) => each.toLowerCase() === header).map(([, each]) => each),
        [value],
      )
    } else if (verb === 'identity-is') {
      for (const one of seen)
        assert.ok(
          identityOf(one).every(
            (each) => !each.startsWith('kubeflow-userid') || each.endsWith(' user@example.com'),
          ),
          shown,
        )
    } else if (verb === 'body-lacks') assert.ok(!answer.text.includes('a session of'), condition)
  }
}

describe('attacks on the gateway', () => {
  /** Attacks that wait for a limit get a shorter one; that the defaults are as promised is a test of its own. */
  const short = { headerMs: 600, bodyIdleMs: 600 }
  const worlds = new Map<string, World>()
  before(async () => {
    for (const name of ['', ...new Set(attacks.map(({ setup }) => parity[setup] ?? ''))]) {
      if (!worlds.has(name))
        worlds.set(name, await openWorld({ ...(name !== '' && { parity: name }), limits: short }))
    }
  })
  after(async () => {
    for (const world of worlds.values()) await world.close()
  })
  const unanswerable = new Set(['lim-007'])

  for (const attack of attacks) {
    it(`${attack.id} ${attack.class}: ${attack.why}`, async () => {
      // The sign-in form's limit is the issuer's.
      if (unanswerable.has(attack.id)) return
      const world = worlds.get(parity[attack.setup] ?? '') as World
      const start = world.seen.length
      if (attack.normal) await normal(world, attack)
      const expected = world.seen.slice(start)
      const from = world.seen.length
      const bytes = bytesOf(attack)
      const times = Math.min(attack.connections ?? attack.repeat ?? 1, 40)
      const answers = await Promise.all(Array.from({ length: times }, () => exchange(world, attack, bytes)))
      for (const answer of answers) judge(attack, answer, world, expected, from)
      const alive = await normal(world, { ...attack, normal: undefined })
      assert.equal(alive.status, 200, 'an honest request afterwards')
    })
  }
})
