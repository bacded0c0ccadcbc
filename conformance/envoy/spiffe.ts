import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** PEM texts of a workload's certificate, as a mesh's authority issues it. */
export interface SpiffeCertificate {
  readonly cert: string
  readonly key: string
}

export interface MeshAuthority {
  readonly cert: string
  /** A certificate whose only name is this URI; its subject is empty, as istiod leaves it. */
  issue(uri: string): Promise<SpiffeCertificate>
}

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const span = () => ({
  serialNumber: `40${randomBytes(15).toString('hex')}`,
  notBefore: new Date(Date.now() - 3_600_000),
  notAfter: new Date(Date.now() + 86_400_000),
})

/** An authority of a mesh for a day, as istiod makes itself one. */
export async function meshAuthority(): Promise<MeshAuthority> {
  const own = newKey()
  const root = await X509CertificateGenerator.createSelfSigned({
    ...span(),
    name: 'O=cluster.local',
    keys: own.pair,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return {
    cert: root.toString('pem'),
    async issue(uri) {
      const { pair, pem } = newKey()
      const leaf = await X509CertificateGenerator.create({
        ...span(),
        issuer: root.subject,
        publicKey: pair.publicKey,
        signingKey: own.pair.privateKey,
        signingAlgorithm: signing,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
          // RFC 5280 §4.2.1.6: critical, for the subject is empty.
          new SubjectAlternativeNameExtension([{ type: 'url', value: uri }], true),
        ],
      })
      return { cert: leaf.toString('pem'), key: pem }
    },
  }
}

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const asCrypto = (key: KeyObject, usage: 'sign' | 'verify') =>
    key.toCryptoKey(signing, true, [usage]) as CryptoKey
  return {
    pair: { privateKey: asCrypto(privateKey, 'sign'), publicKey: asCrypto(publicKey, 'verify') },
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}
