/** Whose tokens are taken, for whom they have to be made, and who they become. */
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { testIssuer } from '../testing/tokens.ts'
import type { ClaimRules } from './claims.ts'
import { createMachines, type MachineAnswer, type MachinesOptions } from './machines.ts'

let now = Date.UTC(2026, 10, 24, 12)
const clock = () => now
const seconds = () => Math.floor(now / 1000)

const rules: ClaimRules = {
  user: 'email',
  groups: 'groups',
  userPrefix: '',
  groupsPrefix: '',
  transformers: [],
  required: {},
  allowedGroups: [],
  allowedUsers: [],
}
const door = testIssuer('https://door.test/dex', clock)
const cluster = testIssuer('https://kubernetes.default.svc', clock)
const stranger = testIssuer('https://door.test/dex', clock)

function machinesOf(claims: Partial<ClaimRules> = {}, more: Partial<MachinesOptions> = {}) {
  return createMachines({
    clock,
    issuers: [
      {
        issuer: door.issuer,
        audiences: ['door', 'other-door'],
        keys: door.keys,
        claims: { ...rules, ...claims },
      },
      { issuer: cluster.issuer, audiences: ['door'], keys: cluster.keys, claims: { ...rules, user: 'sub' } },
    ],
    ...more,
  })
}
const outcome = (answer: MachineAnswer) =>
  answer === undefined ? 'nothing' : answer.kind === 'admitted' ? answer.user : answer.reason

const user = { email: 'user@example.com', groups: ['team-a'] }
const rows: readonly (readonly [what: string, token: () => string, want: string])[] = [
  ['a person', () => door.token(user), 'user@example.com'],
  ['the second audience', () => door.token({ ...user, aud: ['x', 'other-door'] }), 'user@example.com'],
  [
    'a service account',
    () => cluster.token({ sub: 'system:serviceaccount:a:b' }),
    'system:serviceaccount:a:b',
  ],
  ['expired within the skew', () => door.token({ ...user, exp: seconds() - 59 }), 'user@example.com'],
  ['expired', () => door.token({ ...user, exp: seconds() - 61 }), 'token-expired'],
  ['never expiring', () => door.token({ ...user, exp: null }), 'token-not-accepted'],
  ['`exp` as text', () => door.token({ ...user, exp: '9999999999' }), 'token-not-accepted'],
  ['`exp` beyond all numbers', () => door.token({ ...user, exp: -1 }), 'token-not-accepted'],
  ['not valid yet', () => door.token({ ...user, nbf: seconds() + 120 }), 'token-not-accepted'],
  ['made in the future', () => door.token({ ...user, iat: seconds() + 120 }), 'token-not-accepted'],
  ['`nbf` as text', () => door.token({ ...user, nbf: '0' }), 'token-not-accepted'],
  ['another audience', () => door.token({ ...user, aud: 'elsewhere' }), 'token-audience'],
  ['an audience that holds ours', () => door.token({ ...user, aud: 'door.evil' }), 'token-audience'],
  ['an audience that is an object', () => door.token({ ...user, aud: { door: true } }), 'token-audience'],
  ['no audience', () => door.token({ ...user, aud: null }), 'token-audience'],
  ['a slash more in the issuer', () => door.token({ ...user, iss: `${door.issuer}/` }), 'token-not-accepted'],
  ['no issuer', () => door.token({ ...user, iss: null }), 'token-not-accepted'],
  ['signed by somebody else', () => stranger.token(user), 'token-not-accepted'],
  ["another issuer's key", () => door.token({ iss: cluster.issuer, sub: 'x' }), 'token-not-accepted'],
  ['HMAC', () => door.hmacToken('anything'), 'token-not-accepted'],
  ['`alg: none`', () => door.token(user, { alg: 'none' }).replace(/[^.]*$/, ''), 'token-not-accepted'],
  ['something critical', () => door.token(user, { crit: ['x'], x: 1 }), 'token-not-accepted'],
  ['an unverified address', () => door.token({ ...user, email_verified: false }), 'token-not-accepted'],
  [
    'an address "verified" as text',
    () => door.token({ ...user, email_verified: 'no' }),
    'token-not-accepted',
  ],
  ['no address', () => door.token({ email: null }), 'token-not-accepted'],
  ['an empty address', () => door.token({ email: ' ' }), 'token-not-accepted'],
  [
    'an address that ends a line',
    () => door.token({ email: 'a\r\nkubeflow-groups: admins' }),
    'token-not-accepted',
  ],
  ['an address that is a list', () => door.token({ email: ['a', 'b'] }), 'token-not-accepted'],
  ['no JWT, with nobody to ask', () => 'opaque', 'nothing'],
]

describe('a bearer token', () => {
  for (const [what, token, want] of rows)
    it(`${what}: ${want}`, async () => {
      assert.equal(outcome(await machinesOf().identify(token())), want)
    })
})

const lists: readonly (readonly [what: string, claims: Partial<ClaimRules>, want: string])[] = [
  ['a prefix', { userPrefix: 'dex:' }, 'dex:user@example.com'],
  ['the group is on the list', { allowedGroups: ['team-a', 'x'] }, 'user@example.com'],
  ['no group is on the list', { allowedGroups: ['team-b'] }, 'not-admitted'],
  ['the user is on the list', { allowedUsers: ['user@example.com'] }, 'user@example.com'],
  ['the user is not on the list', { allowedUsers: ['admin@example.com'] }, 'not-admitted'],
  ['a claim holds what is required', { required: { hd: ['example.com'] } }, 'user@example.com'],
  ['a claim holds something else', { required: { hd: ['example.org'] } }, 'not-admitted'],
  ['a claim that is required is missing', { required: { tier: ['1'] } }, 'not-admitted'],
  [
    'the first transformer that fits',
    {
      transformers: [
        { apply: () => undefined },
        { apply: (name) => name.replace('@example.com', '') },
        { apply: () => 'never' },
      ],
    },
    'user',
  ],
  ['a transformer that leaves nothing', { transformers: [{ apply: () => '' }] }, 'token-not-accepted'],
]
describe('who may come in', () => {
  for (const [what, claims, want] of lists)
    it(`${what}: ${want}`, async () => {
      const answer = await machinesOf(claims).identify(door.token({ ...user, hd: 'example.com' }))
      assert.equal(outcome(answer), want)
    })

  it('takes no group that a header would read as two', async () => {
    const answer = await machinesOf().identify(door.token({ ...user, groups: ['a,admins', 'b', 7, null] }))
    assert.deepEqual(answer?.kind === 'admitted' && answer.groups, ['b', '7'])
  })
})

describe('what was found out about a token', () => {
  it('is kept until it expires, and no longer', async () => {
    const seen: string[] = []
    const machines = machinesOf({}, { counted: (what) => seen.push(what) })
    const token = door.token({ ...user, exp: seconds() + 60 })
    await machines.identify(token)
    assert.equal(outcome(await machines.identify(token)), 'user@example.com')
    assert.deepEqual(seen, ['miss', 'hit'])
    now += 121_000
    assert.equal(outcome(await machines.identify(token)), 'token-expired')
  })

  it('holds for the key set that verified it only', async () => {
    const issuer = testIssuer('https://rotating.test', clock)
    const machines = createMachines({
      clock,
      issuers: [
        { issuer: issuer.issuer, audiences: ['door'], keys: issuer.keys, claims: { ...rules, user: 'sub' } },
      ],
    })
    const old = issuer.token()
    assert.equal(outcome(await machines.identify(old)), 's')
    issuer.rotate()
    const fresh = issuer.token()
    now += 31_000
    assert.equal(outcome(await machines.identify(fresh)), 's', 'a kid not seen before is asked for')
    now += 31_000
    assert.equal(outcome(await machines.identify(old)), 'token-not-accepted', 'a key taken out')
    const before = issuer.fetches()
    for (let n = 0; n < 50; n++) await machines.identify(issuer.token({}, { kid: `made-up-${n}` }))
    assert.ok(issuer.fetches() - before <= 1, 'made-up kids cause one fetch in the cool-down')
    issuer.fail(true)
    now += 600_000
    assert.equal(outcome(await machines.identify(fresh.replace(/^/, ''))), 'token-expired')
    assert.equal(outcome(await machines.identify(issuer.token())), 's', 'known keys go on while it is down')
    now += 25 * 3_600_000
    assert.equal(outcome(await machines.identify(issuer.token())), 'unavailable', 'but not for ever')
  })

  it('lets nobody in while there never were keys', async () => {
    const issuer = testIssuer('https://down.test', clock)
    issuer.fail(true)
    const machines = createMachines({
      clock,
      issuers: [{ issuer: issuer.issuer, audiences: ['door'], keys: issuer.keys, claims: rules }],
    })
    assert.equal(outcome(await machines.identify(issuer.token(user))), 'unavailable')
  })
})

test('a review is asked for what no issuer here signed, and its audience counts', async () => {
  const asked: string[] = []
  const answers: Record<
    string,
    { authenticated: true; user: { username: string; uid: string; groups: string[] }; audiences: string[] }
  > = {
    good: {
      authenticated: true,
      user: { username: 'system:serviceaccount:a:b', uid: '', groups: ['g'] },
      audiences: ['door'],
    },
    elsewhere: { authenticated: true, user: { username: 'x', uid: '', groups: [] }, audiences: ['y'] },
    blind: { authenticated: true, user: { username: 'x', uid: '', groups: [] }, audiences: [] },
  }
  const machines = machinesOf(
    {},
    {
      review: {
        audiences: ['door'],
        claims: rules,
        ask: async (token) => {
          asked.push(token)
          if (token === 'broken') throw new Error('connect ECONNREFUSED')
          return answers[token] ?? { authenticated: false, error: 'invalid bearer token' }
        },
      },
    },
  )
  const found = async (token: string) => outcome(await machines.identify(token))
  assert.equal(await found('good'), 'system:serviceaccount:a:b')
  assert.equal(await found('good'), 'system:serviceaccount:a:b')
  assert.equal(asked.length, 1, 'kept for a moment')
  assert.equal(await found('elsewhere'), 'token-audience')
  assert.equal(await found('blind'), 'token-audience')
  assert.equal(await found('bad'), 'token-not-accepted')
  assert.equal(await found('broken'), 'unavailable')
  assert.equal(
    await found(stranger.token(user)),
    'token-not-accepted',
    'an issuer of ours is not asked about',
  )
  now += 31_000
  assert.equal(await found('good'), 'system:serviceaccount:a:b')
  assert.equal(asked.filter((one) => one === 'good').length, 2, 'and asked again')
})
