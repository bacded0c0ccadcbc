import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../base/index.ts'

export type KeyType = 'ecdsa' | 'ecdsa-p384' | 'rsa' | 'ed25519'

const generate = promisify(generateKeyPair)

/**
 * ECDSA on P-256: every client takes it, and it is made in a millisecond. RSA has 4096 bits. Ed25519 is
 * for where no browser calls: Chromium offers no such signature, and NSS holds no such root.
 */
export async function generateKey(type: KeyType): Promise<KeyObject> {
  switch (type) {
    case 'ecdsa':
      return (await generate('ec', { namedCurve: 'P-256' })).privateKey
    case 'ecdsa-p384':
      return (await generate('ec', { namedCurve: 'P-384' })).privateKey
    case 'rsa':
      return (await generate('rsa', { modulusLength: 4096 })).privateKey
    case 'ed25519':
      return promisify(generateKeyPair)('ed25519').then(({ privateKey }) => privateKey)
  }
}

/** PKCS#8. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** `where` names the key in the fault: a file, never its content. */
export function readPrivateKey(pem: string, where: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    const reason = /ENCRYPTED/.test(pem) ? 'the key is encrypted' : 'it holds no private key in PEM'
    throw new Fault('ERR_PEM_UNREADABLE', { where, reason }, { cause })
  }
}

interface Signing {
  readonly name: string
  readonly hash?: string
  readonly namedCurve?: string
}

const curves: Readonly<Record<string, readonly [namedCurve: string, hash: string]>> = {
  prime256v1: ['P-256', 'SHA-256'],
  secp384r1: ['P-384', 'SHA-384'],
  secp521r1: ['P-521', 'SHA-512'],
}

/** How a key signs certificates, in WebCrypto's words; undefined = not with any algorithm we take. */
export function signingOf(key: KeyObject): Signing | undefined {
  if (key.asymmetricKeyType === 'ec') {
    const [namedCurve, hash] = curves[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? []
    return namedCurve && hash ? { name: 'ECDSA', hash, namedCurve } : undefined
  }
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) {
    return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  }
  return key.asymmetricKeyType === 'ed25519' ? { name: 'Ed25519' } : undefined
}

export function cryptoKeys(privateKey: KeyObject, where: string): CryptoKeyPair & { signing: Signing } {
  const signing = signingOf(privateKey)
  if (!signing) throw new Fault('ERR_KEY_UNFIT', { where })
  return {
    privateKey: privateKey.toCryptoKey(signing, true, ['sign']) as CryptoKey,
    publicKey: createPublicKey(privateKey).toCryptoKey(signing, true, ['verify']) as CryptoKey,
    signing,
  }
}

/** The kind to make a successor of; what we never make ourselves becomes P-256. */
export function sameKind({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyType {
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'ed25519') return asymmetricKeyType
  return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ecdsa-p384' : 'ecdsa'
}
