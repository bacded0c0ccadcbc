import { randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * An unguessable name for a request, a code, a refresh token, in the shape Dex gives them
 * (storage/storage.go `NewID`): 25 characters of base32 in lower case, the first a letter; 120
 * random bits and then some.
 */
export function newId(bytes = 16): string {
  const random = randomBytes(bytes)
  let id = ALPHABET[(random[0] as number) % 26] as string
  let bits = 0
  let held = 0
  for (const byte of random.subarray(1)) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      id += ALPHABET[(held >> bits) & 31]
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? id + ALPHABET[(held << (5 - bits)) & 31] : id
}
