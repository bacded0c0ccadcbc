/** However requests interleave: one code per login request, one answer per code and refresh token. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aBench, aCode, aConnector, authPath, type Bench, someone } from './testing.ts'

const credentials = { client_id: 'kubeflow-oidc-authservice', client_secret: 's3cret:with/odd+signs' }

/** A connector whose every answer waits until the schedule lets it go. */
const scheduled = (s: fc.Scheduler) =>
  aConnector({
    login: async () => {
      await s.schedule(Promise.resolve(), 'login')
      return { kind: 'in', identity: someone }
    },
    refresh: async (identity) => {
      await s.schedule(Promise.resolve(), 'refresh')
      return identity
    },
  })

async function statuses(s: fc.Scheduler, calls: readonly Promise<Response>[]): Promise<number[]> {
  const all = Promise.all(calls)
  await s.waitFor(all)
  return (await all).map(({ status }) => status)
}

const count = (found: readonly number[], status: number) => found.filter((one) => one === status).length

const check = (property: (s: fc.Scheduler, n: number) => Promise<void>) =>
  fc.assert(fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), property), { numRuns: 100 })

test('many submissions of one form: one code', () =>
  check(async (s, n) => {
    const bench = await aBench({ connectors: [scheduled(s)] })
    const form = (await bench.get(authPath())).headers.get('location') ?? ''
    const submit = () => bench.post(form, { login: 'user@example.com', password: 'x' })
    assert.equal(count(await statuses(s, Array.from({ length: n }, submit)), 303), 1)
  }))

test('many exchanges of one code: one answer', () =>
  check(async (s, n) => {
    const bench = await aBench()
    const code = await aCode(bench)
    const form = { grant_type: 'authorization_code', redirect_uri: '/oauth2/callback', code, ...credentials }
    const exchange = () => bench.post('/dex/token', form)
    assert.equal(count(await statuses(s, Array.from({ length: n }, exchange)), 200), 1)
  }))

test('many uses of one refresh token: one answer at most, and the family is over', () =>
  check(async (s, n) => {
    const bench = await aBench({ connectors: [scheduled(s)] })
    const { refresh_token } = await signIn(s, bench)
    const refresh = (token: string) =>
      bench.post('/dex/token', { grant_type: 'refresh_token', refresh_token: token, ...credentials })
    const calls = Array.from({ length: n }, () => refresh(refresh_token))
    const found = await statuses(s, calls)
    assert.ok(count(found, 200) <= 1)
    for (const call of calls) {
      const answer = await call
      if (answer.status !== 200) continue
      const { refresh_token: next } = (await answer.json()) as { refresh_token: string }
      assert.deepEqual(await statuses(s, [refresh(next)]), [400])
    }
  }))

async function signIn(s: fc.Scheduler, bench: Bench): Promise<{ refresh_token: string }> {
  const form = { grant_type: 'password', username: 'u', password: 'x', scope: 'openid offline_access' }
  const answer = bench.post('/dex/token', { ...form, ...credentials })
  await s.waitFor(answer)
  return (await (await answer).json()) as { refresh_token: string }
}
