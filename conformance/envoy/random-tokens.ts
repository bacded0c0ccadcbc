import { createSign, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'

/** Two issuers with keys of their own, and a key nobody publishes; made anew for each run. */
const keyOf = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const keys = { a: keyOf(), b: keyOf(), nobody: keyOf() } as const

export const issuers = { a: 'https://a.issuer.test', b: 'https://b.issuer.test/realm' } as const

export function jwksOf(issuer: keyof typeof issuers): string {
  const jwk = keys[issuer].publicKey.export({ format: 'jwk' })
  return JSON.stringify({ keys: [{ ...jwk, kid: issuer, alg: 'RS256', use: 'sig' }] })
}

function sign(key: keyof typeof keys, kid: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${part(claims)}`
  const signature = createSign('RSA-SHA256').update(signed).sign(keys[key].privateKey)
  return `${signed}.${signature.toString('base64url')}`
}

const far = 4_102_444_800

/** How a token is made, small enough to be shrunk and read; `tokenOf` signs it. */
export interface TokenPlan {
  readonly issuer: 'a' | 'b' | 'unknown'
  readonly key: 'a' | 'b' | 'nobody'
  readonly sub: string | undefined
  readonly aud: string | readonly string[] | undefined
  readonly exp: 'far' | 'past' | 'none'
  readonly groups: unknown
  readonly scope: string | undefined
  readonly azp: string | undefined
  readonly spoiled: boolean
}

export const tokenPlan: fc.Arbitrary<TokenPlan> = fc.record({
  issuer: fc.constantFrom('a', 'a', 'b', 'unknown'),
  key: fc.constantFrom('a', 'a', 'a', 'b', 'nobody'),
  sub: fc.constantFrom('alice', 'bob', 'system:sa', undefined),
  aud: fc.constantFrom('kfp', 'https://kfp/', ['kfp', 'other'], ['other'], undefined),
  exp: fc.constantFrom('far', 'far', 'far', 'past', 'none'),
  groups: fc.constantFrom<unknown>(
    ['red', 'blue'],
    ['red'],
    'red',
    'blue red',
    7,
    { name: 'red' },
    undefined,
  ),
  scope: fc.constantFrom('read write', 'read', undefined),
  azp: fc.constantFrom('cli', undefined),
  spoiled: fc.constantFrom(false, false, false, false, false, true),
})

const made = new Map<string, string>()

export function tokenOf(plan: TokenPlan): string {
  const key = JSON.stringify(plan)
  const known = made.get(key)
  if (known !== undefined) return known
  const { issuer, sub, aud, exp, groups, scope, azp } = plan
  const iss = issuer === 'unknown' ? 'https://unknown.test' : issuers[issuer]
  const times = exp === 'none' ? {} : { exp: exp === 'far' ? far : 1_000_000_000 }
  const token = sign(plan.key, plan.key === 'nobody' ? 'a' : plan.key, {
    iss,
    sub,
    aud,
    ...times,
    groups,
    scope,
    azp,
    org: { name: 'acme', ids: [1, 'two'] },
  })
  const whole = plan.spoiled ? token.slice(0, -6) : token
  made.set(key, whole)
  return whole
}
