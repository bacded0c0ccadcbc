/** A session at rest, as bytes. */
export interface SessionRecord {
  readonly key: Buffer
  /** The subject, then the aliases. */
  readonly names: readonly Buffer[]
  readonly createdAt: number
  readonly expiresAt: number
  readonly sealed: Buffer
}

const CREATED = 0
const EXPIRES = 8
const SEALED_LENGTH = 16
const NAMES = 20
const HEAD = 21

/**
 * Two times, the length of what is sealed, the number of names; then the key, the names, each with its
 * length before it, and what is sealed.
 */
export function packRecord({ key, names, createdAt, expiresAt, sealed }: SessionRecord): Buffer {
  const head = Buffer.allocUnsafe(HEAD)
  head.writeDoubleLE(createdAt, CREATED)
  head.writeDoubleLE(expiresAt, EXPIRES)
  head.writeUInt32LE(sealed.length, SEALED_LENGTH)
  head[NAMES] = names.length
  const parts: Buffer[] = [head]
  for (const name of [key, ...names]) {
    const length = Buffer.allocUnsafe(2)
    length.writeUInt16LE(name.length)
    parts.push(length, name)
  }
  return Buffer.concat([...parts, sealed])
}

/** Parts of `bytes`, not copies. */
export function readRecord(bytes: Buffer): SessionRecord {
  let at = HEAD
  const next = () => {
    const length = bytes.readUInt16LE(at)
    at += 2 + length
    return bytes.subarray(at - length, at)
  }
  const key = next()
  const names = Array.from({ length: bytes[NAMES] as number }, next)
  return {
    key,
    names,
    createdAt: bytes.readDoubleLE(CREATED),
    expiresAt: bytes.readDoubleLE(EXPIRES),
    sealed: bytes.subarray(at, at + bytes.readUInt32LE(SEALED_LENGTH)),
  }
}

/** Characters of a SHA-256 in base64url, which a key and nearly every name is. */
const DIGEST = 43
const DIGEST_BYTES = 32
const TILDE = 0x7e

/** A digest as the bytes it stands for; any other text as it is, with a byte more to tell it by. */
export function bytesOf(text: string): Buffer {
  if (text.length === DIGEST) {
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length === DIGEST_BYTES && bytes.toString('base64url') === text) return bytes
  }
  const bytes = Buffer.from(`=${text}`, 'utf8')
  // No text is taken for a digest.
  return bytes.length === DIGEST_BYTES ? Buffer.concat([Buffer.from('~'), bytes]) : bytes
}

export function textOf(bytes: Buffer): string {
  if (bytes.length === DIGEST_BYTES) return bytes.toString('base64url')
  return bytes.toString('utf8', bytes[0] === TILDE ? 2 : 1)
}
