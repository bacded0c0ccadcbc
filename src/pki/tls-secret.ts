import { Fault } from '../base/index.ts'
import { readCertificate } from './ca.ts'
import { readPrivateKey } from './keys.ts'

const dns1123 = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/**
 * A `kubernetes.io/tls` Secret as Istio's `credentialName` wants it: `tls.crt` (leaf, then chain),
 * `tls.key`, and `ca.crt`, which a MUTUAL server verifies clients with and people hand to theirs.
 * The key must belong to the certificate: Istio would only log it and serve nothing.
 */
export function tlsSecret(options: {
  readonly name: string
  readonly namespace: string
  readonly certPem: string
  readonly keyPem: string
  readonly caPem?: string
}): string {
  for (const [what, value] of [
    ['name', options.name],
    ['namespace', options.namespace],
  ] as const) {
    if (!dns1123.test(value)) {
      throw new Fault('ERR_USAGE', { message: `\`${value}\` is not a Secret's ${what}` })
    }
  }
  const certificate = readCertificate(options.certPem, 'the certificate')
  if (!certificate.checkPrivateKey(readPrivateKey(options.keyPem, 'the key'))) {
    throw new Fault('ERR_CA_UNUSABLE', {
      where: 'the Secret',
      reason: 'key and certificate do not belong together',
    })
  }
  const base64 = (pem: string) => Buffer.from(pem).toString('base64')
  return [
    'apiVersion: v1',
    'kind: Secret',
    'type: kubernetes.io/tls',
    'metadata:',
    `  name: ${JSON.stringify(options.name)}`,
    `  namespace: ${JSON.stringify(options.namespace)}`,
    'data:',
    `  tls.crt: ${base64(options.certPem)}`,
    `  tls.key: ${base64(options.keyPem)}`,
    ...(options.caPem === undefined ? [] : [`  ca.crt: ${base64(options.caPem)}`]),
    '',
  ].join('\n')
}
