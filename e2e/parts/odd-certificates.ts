import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(globalThis.crypto)

export type OddKey = 'p256' | 'p384' | 'p521' | 'rsa1024' | 'rsa2048' | 'ed25519'

/** What a certificate of the table is made of; every default makes one that all clients take. */
export interface Odd {
  readonly subject?: string
  readonly key?: OddKey
  readonly hash?: 'SHA-1' | 'SHA-256'
  readonly names?: readonly x509.JsonGeneralName[]
  /** Days from now. */
  readonly from?: number
  readonly to?: number
  readonly basic?: { readonly ca: boolean; readonly pathLength?: number } | null
  readonly usages?: number | null
  readonly extended?: readonly string[] | null
  readonly identifiers?: boolean
  readonly more?: readonly x509.Extension[]
}

export interface Made {
  readonly certificate: x509.X509Certificate
  readonly keys: CryptoKeyPair
  readonly algorithm: Algorithm & { readonly hash?: string }
  readonly pem: string
  readonly keyPem: string
}

const DAY = 86_400_000
const { KeyUsageFlags } = x509
export const rootUsages = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign

function pair(key: OddKey): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (key === 'ed25519') return generateKeyPairSync('ed25519')
  if (key.startsWith('rsa')) return generateKeyPairSync('rsa', { modulusLength: Number(key.slice(3)) })
  return generateKeyPairSync('ec', { namedCurve: key.replace('p', 'P-') })
}

/** A certificate as the row describes it; without `by` it signs itself. */
export async function odd(row: Odd, by?: Made): Promise<Made> {
  const kind = row.key ?? 'p256'
  const hash = row.hash ?? 'SHA-256'
  const algorithmWith = (digest: string) =>
    kind === 'ed25519'
      ? { name: 'Ed25519' }
      : kind.startsWith('rsa')
        ? { name: 'RSASSA-PKCS1-v1_5', hash: digest }
        : { name: 'ECDSA', namedCurve: kind.replace('p', 'P-'), hash: digest }
  const algorithm = algorithmWith(hash)
  const made = pair(kind)
  const keys = {
    privateKey: made.privateKey.toCryptoKey(algorithm, true, ['sign']) as CryptoKey,
    publicKey: made.publicKey.toCryptoKey(algorithm, true, ['verify']) as CryptoKey,
  }
  const basic = row.basic === undefined ? { ca: by === undefined } : row.basic
  const usages =
    row.usages === undefined ? (basic?.ca ? rootUsages : KeyUsageFlags.digitalSignature) : row.usages
  const extended =
    row.extended === undefined ? (basic?.ca ? null : [x509.ExtendedKeyUsage.serverAuth]) : row.extended
  const signer = by?.algorithm ?? algorithm
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(12)))
      .toString('hex')
      .replace(/^./, '4'),
    subject: row.subject ?? `CN=${crypto.randomUUID()}`,
    issuer: by?.certificate.subject ?? row.subject ?? 'CN=itself',
    notBefore: new Date(Date.now() + (row.from ?? -1) * DAY),
    notAfter: new Date(Date.now() + (row.to ?? 90) * DAY),
    publicKey: keys.publicKey,
    signingKey: by?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: (signer.name === 'Ed25519' ? signer : { ...signer, hash }) as Algorithm,
    extensions: [
      ...(basic ? [new x509.BasicConstraintsExtension(basic.ca, basic.pathLength, true)] : []),
      ...(usages === null ? [] : [new x509.KeyUsagesExtension(usages, true)]),
      ...(extended === null ? [] : [new x509.ExtendedKeyUsageExtension([...extended])]),
      ...(row.names === undefined ? [] : [new x509.SubjectAlternativeNameExtension([...row.names])]),
      ...(row.identifiers === false
        ? []
        : [
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
            await x509.AuthorityKeyIdentifierExtension.create(by?.keys.publicKey ?? keys.publicKey),
          ]),
      ...(row.more ?? []),
    ],
  })
  // A key of WebCrypto is bound to its hash; what this one signs later is signed as usual.
  const later = algorithmWith('SHA-256')
  return {
    certificate,
    keys: {
      privateKey: made.privateKey.toCryptoKey(later, true, ['sign']) as CryptoKey,
      publicKey: made.publicKey.toCryptoKey(later, true, ['verify']) as CryptoKey,
    },
    algorithm: later,
    pem: `${certificate.toString('pem')}\n`,
    keyPem: made.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** The lines of the field report, word for word but for the server's name. */
export function byTheReport(folder: string, server: string) {
  const run = (line: string) =>
    execFileSync('bash', ['-ec', line], {
      cwd: folder,
      stdio: 'pipe',
      env: { ...process.env, DOMAIN_NAME: 'leeway', SERVER_NAME: server },
    })
  run(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the report's own slip, its CA is called that
    "openssl req -x509 -sha256 -nodes -days 365 -newkey rsa:2048 -subj '/O=${DOMAIN_NAME} Inc./CN=${DOMAIN_NAME}' -keyout $DOMAIN_NAME.key -out $DOMAIN_NAME.crt",
  )
  run(
    'openssl req -out $SERVER_NAME.csr -newkey rsa:2048 -nodes -keyout $SERVER_NAME.key -subj "/CN=$SERVER_NAME/O=hello world from $DOMAIN_NAME"',
  )
  run(
    'openssl x509 -req -days 365 -CA $DOMAIN_NAME.crt -CAkey $DOMAIN_NAME.key -set_serial 0 -in $SERVER_NAME.csr -out $SERVER_NAME.crt',
  )
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { pem: read(`${server}.crt`), keyPem: read(`${server}.key`), ca: read('leeway.crt') }
}
