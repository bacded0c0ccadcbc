import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { KeySource } from '../../identity/index.ts'
import { createKeySource } from '../../identity/index.ts'

/** An issuer of a test: its key, its tokens, and a JWKS that can be changed under whoever reads it. */
export interface TestIssuer {
  readonly issuer: string
  readonly keys: KeySource
  /** Fetches of the JWKS so far. */
  fetches(): number
  /** A new key signs and is published alone. */
  rotate(): void
  /** The JWKS cannot be had. */
  fail(failing: boolean): void
  token(payload?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string
  /** With a MAC under some text, as a confused verifier would take it. */
  hmacToken(secret: string): string
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function testIssuer(issuer: string, clock: () => number): TestIssuer {
  let count = 0
  let fetches = 0
  let failing = false
  const make = () => ({ kid: `k${++count}`, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) })
  let key: { kid: string; publicKey: KeyObject; privateKey: KeyObject } = make()
  const claims = (payload: Readonly<Record<string, unknown>>) => {
    const now = Math.floor(clock() / 1000)
    const all: Record<string, unknown> = {
      iss: issuer,
      aud: 'door',
      sub: 's',
      iat: now,
      exp: now + 600,
      ...payload,
    }
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
  }
  return {
    issuer,
    keys: createKeySource({
      clock,
      fetch: async () => {
        fetches++
        if (failing) throw new Error('it does not answer')
        return JSON.stringify({
          keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' }],
        })
      },
    }),
    fetches: () => fetches,
    rotate() {
      key = make()
    },
    fail(now) {
      failing = now
    },
    token(payload = {}, header = {}) {
      const signed = `${part({ alg: 'ES256', kid: key.kid, ...header })}.${part(claims(payload))}`
      const signature = sign('sha256', Buffer.from(signed), {
        key: key.privateKey,
        dsaEncoding: 'ieee-p1363',
      })
      return `${signed}.${signature.toString('base64url')}`
    },
    hmacToken(secret) {
      const signed = `${part({ alg: 'HS256', kid: key.kid })}.${part(claims({}))}`
      return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    },
  }
}
