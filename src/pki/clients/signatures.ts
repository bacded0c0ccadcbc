interface Signature {
  /** The kind of key that makes it. */
  readonly key: string
  /** undefined = the algorithm hashes by itself. */
  readonly hash?: string
}

const RSA = '1.2.840.113549.1.1'
const ECDSA = '1.2.840.10045.4'
const NIST = '2.16.840.1.101.3.4'
const pss = (hash: string) => `${RSA}.10/${hash}`

/** Algorithms that sign certificates, by object identifier; for RSASSA-PSS with its hash's behind. */
export const signatures: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  [`${RSA}.2`, { key: 'rsa', hash: 'MD2' }],
  [`${RSA}.4`, { key: 'rsa', hash: 'MD5' }],
  [`${RSA}.5`, { key: 'rsa', hash: 'SHA-1' }],
  [`${RSA}.14`, { key: 'rsa', hash: 'SHA-224' }],
  [`${RSA}.11`, { key: 'rsa', hash: 'SHA-256' }],
  [`${RSA}.12`, { key: 'rsa', hash: 'SHA-384' }],
  [`${RSA}.13`, { key: 'rsa', hash: 'SHA-512' }],
  [pss('1.3.14.3.2.26'), { key: 'rsa', hash: 'SHA-1' }],
  [pss(`${NIST}.2.4`), { key: 'rsa', hash: 'SHA-224' }],
  [pss(`${NIST}.2.1`), { key: 'rsa', hash: 'SHA-256' }],
  [pss(`${NIST}.2.2`), { key: 'rsa', hash: 'SHA-384' }],
  [pss(`${NIST}.2.3`), { key: 'rsa', hash: 'SHA-512' }],
  [`${ECDSA}.1`, { key: 'ec', hash: 'SHA-1' }],
  [`${ECDSA}.3.1`, { key: 'ec', hash: 'SHA-224' }],
  [`${ECDSA}.3.2`, { key: 'ec', hash: 'SHA-256' }],
  [`${ECDSA}.3.3`, { key: 'ec', hash: 'SHA-384' }],
  [`${ECDSA}.3.4`, { key: 'ec', hash: 'SHA-512' }],
  ['1.2.840.10040.4.3', { key: 'dsa', hash: 'SHA-1' }],
  [`${NIST}.3.1`, { key: 'dsa', hash: 'SHA-224' }],
  [`${NIST}.3.2`, { key: 'dsa', hash: 'SHA-256' }],
  ['1.3.101.112', { key: 'ed25519' }],
  ['1.3.101.113', { key: 'ed448' }],
])
