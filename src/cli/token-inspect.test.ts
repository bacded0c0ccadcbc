/** `kfdoor token inspect`: what a token says, and which rule of a door decides about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type } from './a-terminal.fixture.ts'

const seconds = Math.floor(Date.now() / 1000)
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const SIGNATURE = 'c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3QtYmUtc2hvd24'
function aToken(claims: object = {}, header: object = {}): string {
  const body = {
    iss: 'https://kubernetes.default.svc.cluster.local',
    sub: 'system:serviceaccount:team:default-editor',
    aud: ['https://kubernetes.default.svc.cluster.local'],
    iat: seconds - 60,
    exp: seconds + 3600,
    ...claims,
  }
  return `${part({ alg: 'RS256', kid: 'k1', ...header })}.${part(body)}.${SIGNATURE}`
}
const dex = {
  iss: 'http://dex.auth.svc.cluster.local:5556/dex',
  sub: 'CgR1c2VyEgVsb2NhbA',
  aud: 'kubeflow-oidc-authservice',
  email: 'user@example.com',
}

const rows: readonly (readonly [
  token: string,
  args: readonly string[],
  code: number,
  says: RegExp,
  why: string,
])[] = [
  [aToken(), [], 0, /^account +team\/default-editor$/m, 'decoded, and nobody asked'],
  [
    `Authorization: Bearer ${aToken()}\n`,
    [],
    0,
    /^issuer +https:\/\/kubernetes\.default/m,
    'inside a header',
  ],
  [aToken({ exp: seconds - 7200 }), [], 1, /^life +expired 2 h ago|^life +expired 120 min ago/m, 'expired'],
  [
    aToken({ nbf: seconds + 600 }),
    [],
    0,
    /not valid for another 10 min: look at the clocks/,
    'from a clock ahead',
  ],
  [aToken({}, { alg: 'HS256' }), [], 0, /takes no token of this algorithm/, 'a shared secret'],
  [
    aToken(),
    ['-f', 'profile:26.03'],
    0,
    /would take it \(allow\)[\s\S]*RequestAuthentication istio-system\/m2m-token-issuer jwtRules\[0\], profile:26\.03/,
    'the rule for service accounts',
  ],
  [
    aToken(dex),
    ['-f', 'profile:26.03'],
    0,
    /would take it[\s\S]*RequestAuthentication istio-system\/dex-jwt/,
    "the rule for Dex's tokens",
  ],
  [
    aToken({ iss: 'https://elsewhere' }),
    ['-f', 'profile:26.03'],
    1,
    /would not take it \(deny\): .*issuer/i,
    'an issuer no rule knows',
  ],
  [
    aToken({ exp: seconds - 3600 }),
    ['-f', 'profile:26.03'],
    1,
    /would not take it \(deny\): .*expired/i,
    'expired, by the rule',
  ],
  [
    aToken(),
    ['-f', 'profile:v1.8'],
    1,
    /would not take it \(challenge\)/,
    'a release that takes no such token',
  ],
]
for (const [stdin, args, code, says, why] of rows) {
  test(`token inspect ${args.join(' ')} is exit ${code}: ${why}`, async () => {
    const ran = await type(['token', 'inspect', '-', ...args], { stdin })
    assert.match(ran.out, says, ran.err)
    assert.equal(ran.code, code)
    assert.equal(ran.out.includes(SIGNATURE), false, 'the signature is not shown')
    const json = JSON.parse((await type(['token', 'inspect', '-', ...args, '-o', 'json'], { stdin })).out)
    assert.equal(JSON.stringify(json).includes(SIGNATURE), false)
    assert.equal(json.verdict === null, args.length === 0)
  })
}

const nothing: readonly (readonly [stdin: string, why: string])[] = [
  ['hello', 'a word'],
  ['', 'nothing'],
  ['eyJhbGciOiJSUzI1NiJ9.AAAA.x', 'a payload that is no JSON'],
  [`${'eyJ'.repeat(100_000)}`, 'a long text that begins like one again and again'],
]
for (const [stdin, why] of nothing) {
  test(`token inspect of ${why} is exit 2 and says so`, async () => {
    const { out, err, code } = await type(['token', 'inspect', '-'], { stdin })
    assert.match(err, /KFD0100: there is no token in that/)
    assert.deepEqual([out, code], ['', 2])
  })
}

test('token inspect of a file that is not there is exit 2 and names it', async () => {
  const { err, code } = await type(['token', 'inspect', '/nonexistent/token'])
  assert.match(err, /KFD0101: cannot read `\/nonexistent\/token`: it is not there/)
  assert.equal(code, 2)
})

test('what a claim says moves no cursor', async () => {
  const { out } = await type(['token', 'inspect', '-'], { stdin: aToken({ sub: 'a\u001b[2Jb\u202ec' }) })
  assert.match(out, /^subject +a\?\[2Jb/m)
})
