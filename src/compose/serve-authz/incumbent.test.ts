import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SignIn, SignInAnswer } from '../../authz/index.ts'
import type { Check, CheckAnswer } from '../../policy/index.ts'
import { withFallback, withShadow } from './incumbent.ts'

const aCheck = (
  path: string,
  headers: [string, string][] = [['cookie', 's=old']],
  method = 'GET',
): Check => ({
  provider: 'kfdoor',
  service: '',
  method,
  path,
  host: 'door.test',
  headers,
  protocol: 'http',
  timeoutMs: 5000,
})
const nobody: SignInAnswer = {
  status: 403,
  headers: [['content-type', 'text/html']],
  about: { kind: 'nobody' },
}
const user = { userId: 'new@example.com', groups: [] }
const known: SignInAnswer = {
  status: 200,
  headers: [['x-auth-request-email', 'new@example.com']],
  about: { kind: 'admitted', by: 'cookie', user },
}
const theirs: CheckAnswer = {
  status: 200,
  headers: [
    ['X-Auth-Request-Email', 'old@example.com'],
    ['Authorization', 'Bearer t'],
    ['x-secret-header', 'x'],
    ['set-cookie', 's=renewed'],
  ],
  body: 'Authenticated',
}
const refusal: CheckAnswer = { status: 403, headers: [['content-type', 'text/html']], body: 'their page' }
const silence: CheckAnswer = { status: 503, headers: [], failure: 'timeout' }

function seats(ours: SignInAnswer, incumbent: CheckAnswer) {
  const asked: string[] = []
  const logged: unknown[] = []
  const ports = {
    ask: async ({ path }: Check) => {
      asked.push(path)
      return incumbent
    },
    isOwnPath: (path: string) => path.startsWith('/oauth2/'),
    log: (event: string, facts: Readonly<Record<string, unknown>>) => logged.push([event, facts.what]),
  }
  const own: SignIn = { check: async () => ours }
  return { asked, logged, fallback: withFallback(own, ports), shadow: withShadow(own, ports) }
}

test('fallback: whom we do not know goes in where the old one lets in, with its identity and nothing else', async () => {
  const { fallback } = seats(nobody, theirs)
  const answer = await fallback.check(aCheck('/x'))
  assert.equal(answer.about?.kind, 'admitted')
  assert.deepEqual(
    answer.headers.map(([name]) => name.toLowerCase()),
    ['x-auth-request-email', 'authorization'],
  )
})
const kept: readonly (readonly [
  why: string,
  ours: SignInAnswer,
  theirs: CheckAnswer,
  check: Check,
  asked: number,
])[] = [
  ['whom we know is ours', known, theirs, aCheck('/x'), 0],
  ['whom we refuse stays out', { ...nobody, about: { kind: 'refused' } }, theirs, aCheck('/x'), 0],
  ['who shows nothing is not asked about', nobody, theirs, aCheck('/x', []), 0],
  ['who shows an empty cookie is not asked about', nobody, theirs, aCheck('/x', [['cookie', '']]), 0],
  ['the old one refuses too', nobody, refusal, aCheck('/x'), 1],
  ['the old one does not answer', nobody, silence, aCheck('/x'), 1],
  ['its 202 lets nobody in', nobody, { ...theirs, status: 202 }, aCheck('/x'), 1],
  ['its exemption is none of ours', nobody, { status: 200, headers: [] }, aCheck('/x'), 1],
  ['a sign-in is ours alone', { status: 302, headers: [] }, theirs, aCheck('/oauth2/start'), 0],
  ['a callback is ours alone', { status: 403, headers: [] }, theirs, aCheck('/oauth2/callback?code=c'), 0],
]
for (const [why, ours, incumbent, check, count] of kept)
  test(`fallback: our answer stands: ${why}`, async () => {
    const { fallback, asked } = seats(ours, incumbent)
    assert.deepEqual(await fallback.check(check), ours)
    assert.equal(asked.length, count)
  })
test('fallback: a sign-out ends both, and says what the one who knew says', async () => {
  const both = seats(
    { status: 302, headers: [['location', '/']] },
    { status: 302, headers: [['location', '/there']] },
  )
  assert.equal((await both.fallback.check(aCheck('/oauth2/sign_out'))).headers[0]?.[1], '/')
  assert.deepEqual(both.asked, ['/oauth2/sign_out'])
  const theirsOnly = seats({ status: 401, headers: [] }, { status: 201, headers: [], body: '{}' })
  assert.equal((await theirsOnly.fallback.check(aCheck('/oauth2/userinfo'))).status, 201)
})

test('shadow: the old one answers, also when it is silent', async () => {
  assert.equal((await seats(known, refusal).shadow.check(aCheck('/x'))).status, 403)
  const answer = await seats(nobody, theirs).shadow.check(aCheck('/x'))
  assert.equal(answer.about?.kind, 'admitted')
  assert.equal((await seats(known, silence).shadow.check(aCheck('/x'))).about?.kind, 'unavailable')
})
const shadows: readonly (readonly [
  why: string,
  ours: SignInAnswer,
  theirs: CheckAnswer,
  check: Check,
  want: readonly string[] | undefined,
])[] = [
  ['the same', nobody, refusal, aCheck('/x', []), undefined],
  ['its session', nobody, theirs, aCheck('/x'), undefined],
  ['the sign-in itself', { status: 500, headers: [] }, refusal, aCheck('/oauth2/callback?code=c'), undefined],
  ['another status', { ...nobody, status: 401 }, refusal, aCheck('/x', []), ['status 401 instead of 403']],
  [
    'somebody it lets in by a token',
    nobody,
    theirs,
    aCheck('/x', [['authorization', 'Bearer t']]),
    ['status 403 instead of 200'],
  ],
  ['another name', known, theirs, aCheck('/x'), ['another x-auth-request-email', 'no authorization']],
  [
    'another way',
    { status: 302, headers: [['location', '/a?x']] },
    { status: 302, headers: [['location', '/b?y']] },
    aCheck('/x', []),
    ['location `/a` instead of `/b`'],
  ],
]
for (const [why, ours, incumbent, check, want] of shadows)
  test(`shadow: ${why} is ${want ? 'logged' : 'no difference'}`, async () => {
    const { shadow, logged } = seats(ours, incumbent)
    await shadow.check(check)
    assert.deepEqual(logged, want ? [['shadow-difference', want]] : [])
    assert.ok(!JSON.stringify(logged).includes('example.com'))
  })
