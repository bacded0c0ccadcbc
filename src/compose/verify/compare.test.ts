import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, type Seen } from './compare.ts'
import type { Prediction } from './prediction.ts'

const own = { server: 'istio-envoy' }
const behind = { server: 'istio-envoy', 'x-envoy-upstream-service-time': '3' }
const allow: Prediction = { verdict: 'allow', reason: 'allowed' }
const rbac: Prediction = {
  verdict: 'deny',
  reason: 'deny',
  reply: { status: 403, body: 'RBAC: access denied' },
}
const signIn: Prediction = {
  verdict: 'challenge',
  reason: 'provider-denied',
  reply: { status: 302, location: 'https://door/dex/auth?client_id=a&redirect_uri=x' },
}
const someClient: Prediction = {
  ...signIn,
  reply: { status: 302, location: 'https://door/dex/auth?redirect_uri=x&response_type=code' },
}
const https: Prediction = {
  verdict: 'redirect',
  reason: 'https-redirect',
  reply: { status: 301, location: 'https://h/x', body: '' },
}
const sidecar: Prediction = { ...rbac, reply: { status: 403, body: 'RBAC: access denied', later: true } }

/** The filter hands on all that the auth service answered: Envoy's mark of who answered the check, too. */
const relayed: Prediction = { ...signIn, reply: { ...signIn.reply, status: 302, relayed: true } }
const badToken: Prediction = {
  verdict: 'challenge',
  reason: 'provider-denied',
  reply: { status: 401, relayed: true },
}
/** A workload behind a door with such a filter. */
const beyond: Prediction = { ...allow, signIn: 'https://door/dex/auth?client_id=a&redirect_uri=x' }

const seen = (status: number, headers: Record<string, string>, body = ''): Seen => ({ status, headers, body })
const asked = { ...behind, location: 'https://door/dex/auth?client_id=a&redirect_uri=x&state=new' }
const state = { ...own, location: 'https://door/dex/auth?client_id=a&redirect_uri=x&state=new' }

const rows: readonly (readonly [Prediction, Seen, boolean, string])[] = [
  [allow, seen(200, behind, 'ok'), true, 'the workload answered'],
  [allow, seen(404, behind), true, 'a workload’s own no'],
  [allow, seen(503, own, 'no healthy upstream'), true, 'let through, and nobody there'],
  [allow, seen(403, own, 'RBAC: access denied'), false, 'the door refused'],
  [allow, seen(403, behind, 'RBAC: access denied'), false, 'a sidecar refused'],
  [allow, seen(401, own, 'Jwt is missing'), false, 'no token'],
  [allow, seen(302, state), false, 'asked to sign in'],
  [allow, seen(404, own), false, 'no route'],
  [allow, seen(200, {}, 'ok'), true, 'something in front took the marks out'],
  [allow, seen(302, { location: state.location }), false, 'which does not hide a sign-in'],
  [allow, { failed: 'it closed the connection' }, false, 'no answer'],
  [{ ...allow, refusedInside: true }, seen(401, behind), true, 'the application refuses'],
  [{ ...allow, refusedInside: true }, seen(200, behind), false, 'the application does not'],
  [rbac, seen(403, own, 'RBAC: access denied'), true, 'word for word'],
  [rbac, seen(403, own, 'Jwt issuer is not configured'), false, 'another reason'],
  [rbac, seen(403, behind, 'RBAC: access denied'), false, 'refused, but only behind the door'],
  [rbac, seen(200, behind, 'secret'), false, 'open'],
  [sidecar, seen(403, behind, 'RBAC: access denied'), true, 'refused by the workload’s proxy'],
  [sidecar, seen(403, own, 'RBAC: access denied'), false, 'refused at the door already'],
  [signIn, seen(302, state), true, 'the state is new each time'],
  [signIn, seen(302, { ...own, location: 'https://door/dex/auth?client_id=b' }), false, 'another client'],
  [signIn, seen(302, { ...own, location: 'https://elsewhere/dex/auth?client_id=a' }), false, 'another place'],
  [signIn, seen(302, own), false, 'nowhere'],
  [signIn, seen(302, asked), false, 'the same redirect, but a workload’s'],
  [relayed, seen(302, asked), true, 'the auth service’s answer is handed on, its mark too'],
  [relayed, seen(302, state), true, 'or something in front took the mark out'],
  [relayed, seen(200, behind, 'open'), false, 'the mark excuses no other answer'],
  [badToken, seen(401, behind), true, 'its other answers bear the mark too'],
  [beyond, seen(302, asked), false, 'the mark of the auth service is none of the workload'],
  [
    beyond,
    seen(302, { ...behind, location: '/dex/auth/local?client_id=b' }),
    true,
    'an own sign-in is not it',
  ],
  [someClient, seen(302, state), true, 'which client lies in a Secret'],
  [someClient, seen(302, { ...own, location: 'https://door/dex/auth' }), false, 'no client at all'],
  [https, seen(301, { ...own, location: 'https://h/x' }), true, 'to HTTPS'],
  [https, seen(301, { ...own, location: 'https://h:8443/x' }), false, 'another port'],
  [
    { ...https, reply: { status: 301, location: 'https://h/x', anyPort: true } },
    seen(301, { ...own, location: 'https://h:8443/x' }),
    true,
    'another port, where it is published there',
  ],
  [
    { ...https, reply: { status: 301, location: 'https://h/x', anyPort: true } },
    seen(301, { ...own, location: 'https://h:8443/y' }),
    false,
    'another port does not excuse another path',
  ],
  [
    { verdict: 'unavailable', reason: 'x', dropped: true },
    { failed: 'closed' },
    true,
    'no answer was foreseen',
  ],
  [{ verdict: 'unavailable', reason: 'x', dropped: true }, seen(200, own), false, 'and one came'],
]

for (const [prediction, answer, agrees, why] of rows) {
  test(`${why}: ${agrees ? 'agrees' : 'differs'}`, () => {
    assert.equal(compare(prediction, answer, 'GET').agrees, agrees)
  })
}

const gains: readonly (readonly [Prediction, Seen, boolean, string])[] = [
  [rbac, seen(200, behind), true, 'a workload answered'],
  [relayed, seen(200, behind), true, 'a workload answered where the auth service should have'],
  [relayed, seen(404, behind), true, 'and so does one that has nothing there'],
  [relayed, seen(302, asked), false, 'the auth service answered, as it should'],
  [relayed, seen(403, behind), false, 'whoever refused it there, it was refused'],
  [{ ...rbac, signIn: relayed.reply?.location ?? '' }, seen(302, asked), false, 'and where it should not'],
  [
    relayed,
    seen(302, { ...asked, location: 'https://door/login' }),
    true,
    'another redirect is a workload’s',
  ],
]
for (const [prediction, answer, through, why] of gains) {
  test(`${why}: ${through ? 'got through' : 'was kept out'}`, () => {
    assert.equal(compare(prediction, answer, 'GET').through === true, through)
  })
}

test('what was seen is told without anything secret', () => {
  const said = [
    compare(allow, seen(302, { ...own, location: 'https://door/cb?code=secret&state=secret' }), 'GET'),
    compare(allow, seen(200, behind, 'secret of a workload'), 'GET'),
    compare(rbac, seen(200, own, `<html>secret</html>`), 'GET'),
  ]
  assert.doesNotMatch(JSON.stringify(said), /secret/)
})

test('a hostile Location tells the terminal nothing', () => {
  const { saw } = compare(
    allow,
    seen(302, { ...own, location: `https://door/\u009b2J\u001b]0;x\u0007${'a'.repeat(5000)}` }),
    'GET',
  )
  assert.match(saw, /^302 to https:\/\/door\/\?2J\?\]0;x\?a+$/)
  assert.ok(saw.length < 250)
})
