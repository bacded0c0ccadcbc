import {
  createHash,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import type { TokenRecipe } from './format.ts'

/** What tokens are made from: the issuer's own key, and keys nobody should trust. */
export interface Forge {
  readonly issuer: { readonly kid: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  /** Keys that stand in the JWKS beside the issuer's, by name. */
  readonly more: Readonly<Record<string, { readonly kid: string; readonly privateKey: KeyObject }>>
  readonly now: () => number
}

const attackerKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const attackerJwk = { ...attackerKey.publicKey.export({ format: 'jwk' }), kid: 'attacker', use: 'sig' }

const issuer = 'https://door.test/dex'
const cluster = 'https://kubernetes.default.svc.cluster.local'
export const people: Readonly<Record<string, { email: string; groups: string[] }>> = {
  user: { email: 'user@example.com', groups: ['team-a'] },
  admin: { email: 'admin@example.com', groups: ['admins'] },
  attacker: { email: 'mallory@example.com', groups: ['team-b'] },
}

function claimsOf(base: string, seconds: number): Record<string, unknown> {
  const person = people[base]
  const times = { iat: seconds, exp: seconds + 3600 }
  if (person) return { iss: issuer, aud: 'kfdoor', sub: base, ...person, email_verified: true, ...times }
  return {
    iss: cluster,
    aud: ['istio-ingressgateway.istio-system.svc.cluster.local'],
    sub: 'system:serviceaccount:kubeflow-user-example-com:default-editor',
    ...times,
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signature(alg: string, key: KeyObject | string, signed: string): string {
  const bytes = Buffer.from(signed)
  if (alg.startsWith('HS')) {
    const secret = typeof key === 'string' ? key : ''
    return createHmac(`sha${alg.slice(2)}`, secret)
      .update(bytes)
      .digest('base64url')
  }
  if (typeof key === 'string') return ''
  const hash = `sha${/\d+$/.exec(alg)?.[0] ?? '256'}`
  if (key.asymmetricKeyType === 'ec')
    return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  if (key.asymmetricKeyType === 'ed25519') return sign(null, bytes, key).toString('base64url')
  if (alg.startsWith('PS'))
    return sign(hash, bytes, { key, padding: 6, saltLength: -1 }).toString('base64url')
  return sign(hash, bytes, key).toString('base64url')
}

/** The algorithm a key signs with, whatever its header says. */
const ownAlg = (key: KeyObject) =>
  ({ ec: 'ES256', ed25519: 'EdDSA' })[key.asymmetricKeyType as 'ec'] ?? 'RS256'

/** A token as a corpus describes it: valid claims, changed, signed, and then tampered with. */
export function forge({ issuer: own, more, now }: Forge, recipe: TokenRecipe): string {
  const seconds = Math.floor(now() / 1000)
  const { sign: how = {}, base = 'user' } = recipe
  const keys: Readonly<Record<string, KeyObject | string>> = {
    issuer: own.privateKey,
    'attacker-rsa': attackerKey.privateKey,
    'issuer-public-pem': own.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    'issuer-public-der': own.publicKey.export({ type: 'spki', format: 'der' }).toString('latin1'),
    'issuer-jwk-json': JSON.stringify(own.publicKey.export({ format: 'jwk' })),
    empty: '',
    ...Object.fromEntries(Object.entries(more).map(([name, { privateKey }]) => [name, privateKey])),
  }
  const key = keys[how.key ?? 'issuer'] ?? own.privateKey
  const kid = more[how.key ?? '']?.kid ?? own.kid
  const standard = typeof key === 'string' ? 'HS256' : ownAlg(key)
  const asked = how.alg ?? standard
  // A recipe written for RSA keys says RS256 where it means "properly signed".
  const alg = typeof key !== 'string' && /^[RE]S/.test(asked) ? standard : asked
  const merged = (from: Record<string, unknown>, change: Readonly<Record<string, unknown>> = {}) => {
    const all = { ...from }
    for (const [name, value] of Object.entries(change)) {
      if (value === null) delete all[name]
      else all[name] = timed(value, seconds)
    }
    return all
  }
  const given = recipe.header?.alg === 'RS256' && alg === 'ES256' ? { ...recipe.header, alg } : recipe.header
  const header = merged({ alg, typ: 'JWT', kid }, given)
  const payload = merged(claimsOf(base, seconds), recipe.payload)
  if (how.tamper !== undefined && special[how.tamper])
    return (special[how.tamper] as Special)(header, payload, (signed) => signature(alg, key, signed))
  const signed = `${part(header)}.${part(payload)}`
  const token = `${signed}.${alg === 'none' ? '' : signature(alg, key, signed)}`
  return how.tamper === undefined ? token : tampered(token, how.tamper)
}

/** `{{now-120}}` is a number of seconds. */
function timed(value: unknown, seconds: number): unknown {
  if (typeof value === 'string') {
    const [, sign, amount] = /^\{\{now(?:([+-])(\d+))?\}\}$/.exec(value) ?? []
    if (/^\{\{now/.test(value)) return seconds + (amount === undefined ? 0 : Number(`${sign}${amount}`))
    return value === '{{jwk:attacker-rsa}}' ? attackerJwk : value
  }
  if (Array.isArray(value)) return value.map((one) => timed(one, seconds))
  return value
}

type Special = (
  header: Record<string, unknown>,
  payload: Record<string, unknown>,
  sign: (signed: string) => string,
) => string

const ofTexts = (header: string, payload: string | Buffer, sign: (signed: string) => string) => {
  const signed = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  return `${signed}.${sign(signed)}`
}

/** Changes made before signing, so that the signature holds. */
const special: Readonly<Record<string, Special>> = {
  'duplicate-claim-email-admin-first': (header, payload, sign) => {
    const text = JSON.stringify(payload)
    return ofTexts(JSON.stringify(header), `{"email":"admin@example.com",${text.slice(1)}`, sign)
  },
  'duplicate-claim-email-admin-last': (header, payload, sign) =>
    ofTexts(
      JSON.stringify(header),
      `${JSON.stringify(payload).slice(0, -1)},"email":"admin@example.com"}`,
      sign,
    ),
  'duplicate-header-alg': (header, payload, sign) =>
    ofTexts(`{"alg":"none",${JSON.stringify(header).slice(1)}`, JSON.stringify(payload), sign),
  'utf8-bom-payload': (header, payload, sign) =>
    ofTexts(JSON.stringify(header), `\ufeff${JSON.stringify(payload)}`, sign),
  'nested-100000': (header, payload, sign) => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    return ofTexts(JSON.stringify(header), `${JSON.stringify(payload).slice(0, -1)},"x":${deep}}`, sign)
  },
  'deflate-bomb': (header, payload, sign) => {
    const bomb = deflateRawSync(
      Buffer.from(`${JSON.stringify(payload).slice(0, -1)},"x":"${'a'.repeat(1e7)}"}`),
    )
    return ofTexts(JSON.stringify({ ...header, zip: 'DEF' }), bomb, sign)
  },
}

function tampered(token: string, how: string): string {
  const [head = '', body = '', tail = ''] = token.split('.')
  switch (how) {
    case 'strip-signature':
      return `${head}.${body}.`
    case 'keep-old-signature':
    case 'payload-byte-flip': {
      const bytes = Buffer.from(body, 'base64url')
      const at = bytes.indexOf('user@')
      const where = at < 0 ? Math.floor(bytes.length / 2) : at
      bytes[where] = (bytes[where] ?? 0) ^ 1
      return `${head}.${bytes.toString('base64url')}.${tail}`
    }
    case 'four-parts':
      return `${token}.${tail}`
    case 'five-parts':
      return `${token}.${tail}.${tail}`
    case 'trailing-dot':
      return `${token}.`
    case 'space-inside':
      return `${head}. ${body}.${tail}`
    case 'non-canonical-base64-last-char': {
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const last = letters.indexOf(tail.at(-1) ?? 'A')
      return `${head}.${body}.${tail.slice(0, -1)}${letters[last ^ 1]}`
    }
    case 'standard-base64': {
      const plain = (text: string) => Buffer.from(text, 'base64url').toString('base64')
      return `${plain(head)}.${plain(body)}.${plain(tail)}`
    }
    case 'json-serialization':
      return JSON.stringify({
        payload: body,
        signatures: [
          { protected: head, signature: tail },
          { protected: part({ alg: 'none' }), signature: '' },
        ],
      })
    case 'jwe':
      return `${part({ alg: 'dir', enc: 'A256GCM' })}..${randomBytes(12).toString('base64url')}.${body}.${randomBytes(16).toString('base64url')}`
  }
  // Whatever else is done to a finished token, it is no longer that token.
  return `${token.slice(0, -2)}${token.at(-2) === 'A' ? 'B' : 'A'}${token.slice(-1)}`
}

/** Kinds of finished tokens that have a name of their own. */
export function namedToken(forgeWith: Forge, kind: string): string {
  const make = (recipe: TokenRecipe) => forge(forgeWith, recipe)
  switch (kind) {
    case 'expired':
      return make({ payload: { exp: '{{now-3600}}', iat: '{{now-7200}}' } })
    case 'nbf':
      return make({ payload: { nbf: '{{now+3600}}' } })
    case 'wrong-aud':
      return make({ payload: { aud: 'some-other-client' } })
    case 'other-issuer':
      return make({ payload: { iss: 'https://evil.test/dex' }, sign: { key: 'attacker-rsa' } })
    case 'many-unknown-kids':
      return make({ header: { kid: randomBytes(8).toString('hex') }, sign: { key: 'attacker-rsa' } })
    case 'well-known-fallback-key':
      return make({ header: { kid: null }, sign: { key: 'well-known' } })
    case 'new-key':
    case 'small-rsa':
    case 'enc-key':
    case 'retired-key':
      return make({ sign: { key: kind } })
  }
  return make({ base: kind })
}

/** A key that everybody can make again, as one that was once built into a mesh. */
export const wellKnown = (() => {
  const seed = createHash('sha256').update('well known').digest()
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
})()
