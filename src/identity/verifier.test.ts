import assert from 'node:assert/strict'
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, test } from 'node:test'
import { parseCompactJws } from './jws.ts'
import { createVerifier, type VerifierKey } from './verifier.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curves = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
}
const ed = generateKeyPairSync('ed25519')

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const PAYLOAD = { iss: 'https://door.test/dex', sub: 'x' }

function tokenOf(
  header: object | string,
  payload: object | string,
  signer: (signed: Buffer) => Buffer,
): string {
  const signed = `${encode(header)}.${encode(payload)}`
  return `${signed}.${signer(Buffer.from(signed)).toString('base64url')}`
}
const rs256 = (key: KeyObject) => (signed: Buffer) => sign('sha256', signed, key)
const good = tokenOf({ alg: 'RS256', kid: 'a' }, PAYLOAD, rs256(rsa.privateKey))

function keyOf(publicKey: KeyObject, more: Record<string, unknown> = {}): VerifierKey {
  return { id: 'k', issuer: PAYLOAD.iss, jwk: { ...publicKey.export({ format: 'jwk' }), ...more } }
}
const verifies = (key: VerifierKey, token: string) => createVerifier([key]).verified('k', token)

describe('every asymmetric algorithm verifies', () => {
  const pss = (hash: string) => (signed: Buffer) =>
    sign(hash, signed, {
      key: rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    })
  const ec = (hash: string, key: KeyObject) => (signed: Buffer) =>
    sign(hash, signed, { key, dsaEncoding: 'ieee-p1363' })
  const rows: readonly (readonly [alg: string, key: KeyObject, signer: (signed: Buffer) => Buffer])[] = [
    ['RS256', rsa.publicKey, rs256(rsa.privateKey)],
    ['RS384', rsa.publicKey, (signed) => sign('sha384', signed, rsa.privateKey)],
    ['RS512', rsa.publicKey, (signed) => sign('sha512', signed, rsa.privateKey)],
    ['PS256', rsa.publicKey, pss('sha256')],
    ['PS384', rsa.publicKey, pss('sha384')],
    ['PS512', rsa.publicKey, pss('sha512')],
    ['ES256', curves.ES256.publicKey, ec('sha256', curves.ES256.privateKey)],
    ['ES384', curves.ES384.publicKey, ec('sha384', curves.ES384.privateKey)],
    ['ES512', curves.ES512.publicKey, ec('sha512', curves.ES512.privateKey)],
    ['EdDSA', ed.publicKey, (signed) => sign(null, signed, ed.privateKey)],
  ]
  for (const [alg, key, signer] of rows) {
    test(alg, () => {
      const token = tokenOf({ alg }, PAYLOAD, signer)
      assert.equal(verifies(keyOf(key), token), true)
      assert.equal(
        verifies(
          keyOf(key),
          tokenOf({ alg }, { ...PAYLOAD, sub: 'y' }, () => Buffer.alloc(64)),
        ),
        false,
      )
    })
  }
})

describe('what does not verify', () => {
  const pem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))
  const [head = '', body = '', tail = ''] = good.split('.')
  const rows: readonly (readonly [why: string, token: string])[] = [
    ['another key', tokenOf({ alg: 'RS256', kid: 'a' }, PAYLOAD, rs256(otherRsa.privateKey))],
    ['alg none', tokenOf({ alg: 'none' }, PAYLOAD, () => Buffer.alloc(0))],
    ['alg None', tokenOf({ alg: 'None' }, PAYLOAD, () => Buffer.alloc(0))],
    ['alg of a prototype', tokenOf({ alg: 'toString' }, PAYLOAD, () => Buffer.alloc(0))],
    [
      'HMAC with the public key',
      tokenOf({ alg: 'HS256', kid: 'a' }, PAYLOAD, (signed) =>
        createHmac('sha256', pem).update(signed).digest(),
      ),
    ],
    ['another kid', tokenOf({ alg: 'RS256', kid: 'b' }, PAYLOAD, rs256(rsa.privateKey))],
    ['crit', tokenOf({ alg: 'RS256', kid: 'a', crit: ['x'], x: 1 }, PAYLOAD, rs256(rsa.privateKey))],
    ['b64', tokenOf({ alg: 'RS256', kid: 'a', b64: false }, PAYLOAD, rs256(rsa.privateKey))],
    [
      'a key in the header',
      tokenOf(
        { alg: 'RS256', jwk: otherRsa.publicKey.export({ format: 'jwk' }) },
        PAYLOAD,
        rs256(otherRsa.privateKey),
      ),
    ],
    ['an algorithm the key is not for', tokenOf({ alg: 'ES256', kid: 'a' }, PAYLOAD, () => Buffer.alloc(64))],
    ['PS256 said of an RS256 signature', tokenOf({ alg: 'PS256', kid: 'a' }, PAYLOAD, rs256(rsa.privateKey))],
    ['no signature', `${head}.${body}.`],
    ['two parts', `${head}.${body}`],
    ['four parts', `${good}.`],
    ['padding', `${head}.${body}.${tail}=`],
    ['a space inside', `${head}.${body}. ${tail}`],
    ['a line break at the end', `${good}\n`],
    [
      'a duplicate header member',
      tokenOf('{"alg":"none","alg":"RS256","kid":"a"}', PAYLOAD, rs256(rsa.privateKey)),
    ],
    [
      'a duplicate claim',
      tokenOf({ alg: 'RS256', kid: 'a' }, `{"iss":"x","i\\u0073s":"${PAYLOAD.iss}"}`, rs256(rsa.privateKey)),
    ],
    [
      'a duplicate claim behind much white space',
      tokenOf(
        { alg: 'RS256', kid: 'a' },
        `{"iss"${' '.repeat(99)}:"x","iss":"${PAYLOAD.iss}"}`,
        rs256(rsa.privateKey),
      ),
    ],
    [
      'a byte order mark',
      tokenOf({ alg: 'RS256', kid: 'a' }, `\ufeff${JSON.stringify(PAYLOAD)}`, rs256(rsa.privateKey)),
    ],
    ['a payload that is a list', tokenOf({ alg: 'RS256', kid: 'a' }, '[]', rs256(rsa.privateKey))],
    ['a token without end', 'a'.repeat(100_000)],
    ['nothing', ''],
  ]
  for (const [why, token] of rows) {
    test(why, () => assert.equal(verifies(keyOf(rsa.publicKey, { kid: 'a' }), token), false))
  }

  test('the same bytes written with another last character', () => {
    // 256 bytes leave four unused bits in the last character.
    const last = tail.at(-1) as string
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const twin = alphabet[alphabet.indexOf(last) + 1] as string
    assert.equal(verifies(keyOf(rsa.publicKey), `${head}.${body}.${tail.slice(0, -1)}${twin}`), false)
  })
})

describe('which key may verify', () => {
  const small = { kty: 'RSA', n: Buffer.alloc(64, 0xff).toString('base64url'), e: 'AQAB' }
  const rows: readonly (readonly [why: string, jwk: Record<string, unknown>, want: boolean])[] = [
    ['a key without kid serves a token with one', {}, true],
    ['alg that fits', { alg: 'RS256' }, true],
    ['alg that does not', { alg: 'RS512' }, false],
    ['use sig', { use: 'sig' }, true],
    ['use enc', { use: 'enc' }, false],
    ['key_ops verify', { key_ops: ['verify'] }, true],
    ['key_ops encrypt', { key_ops: ['encrypt'] }, false],
  ]
  for (const [why, more, want] of rows) {
    test(why, () => assert.equal(verifies(keyOf(rsa.publicKey, more), good), want))
  }

  test('keys that can verify nothing are named with the reason', () => {
    const { unusable } = createVerifier([
      { id: 'oct', issuer: 'x', jwk: { kty: 'oct', k: 'AAAA' } },
      { id: 'small', issuer: 'x', jwk: small },
      { id: 'broken', issuer: 'x', jwk: { kty: 'RSA', n: '!' } },
      { id: 'good', issuer: 'x', jwk: rsa.publicKey.export({ format: 'jwk' }) },
    ])
    assert.deepEqual(
      unusable.map(({ id }) => id),
      ['oct', 'small', 'broken'],
    )
  })

  test('a key nobody gave verifies nothing', () => {
    assert.equal(createVerifier([keyOf(rsa.publicKey)]).verified('other', good), false)
  })
})

test('results are kept per key and per whole token, the oldest forgotten', async () => {
  const verifier = createVerifier([keyOf(rsa.publicKey), { ...keyOf(otherRsa.publicKey), id: 'other' }], 2)
  await verifier.prepare([good, good, 'garbage'])
  assert.equal(verifier.verified('k', good), true)
  assert.equal(verifier.verified('other', good), false)
  const tampered = `${good.slice(0, -6)}AAAAAA`
  assert.equal(verifier.verified('k', tampered), false)
  assert.equal(verifier.verified('k', good), true)
})

test('a token is taken apart without trusting it', () => {
  assert.deepEqual(parseCompactJws(good)?.payload, PAYLOAD)
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  assert.doesNotThrow(() => parseCompactJws(`${encode({ alg: 'RS256' })}.${encode(`{"a":${deep}}`)}.AAAA`))
})
