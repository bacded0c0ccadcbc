import { Fault } from '../base/index.ts'
import { readCertificate } from './ca.ts'
import { readPrivateKey, signingOf } from './keys.ts'

const dns1123 = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** Where an object goes, checked as the API server would. */
export interface Place {
  readonly name: string
  readonly namespace: string
}

/** PEM of a server: its chain, its key, and the root its callers trust. */
export interface TlsFiles {
  readonly certPem: string
  readonly keyPem: string
  readonly caPem?: string
}

/**
 * A `kubernetes.io/tls` Secret as Istio's `credentialName` wants it: `tls.crt` (leaf, then chain),
 * `tls.key`, and `ca.crt`, which a MUTUAL server verifies clients with and people hand to theirs.
 * The key must belong to the certificate, and RSA needs 2048 bits: Istio would only log it and serve
 * nothing.
 */
export function tlsSecret({ name, namespace, certPem, keyPem, caPem }: Place & TlsFiles): string {
  refuseBadPlace('Secret', { name, namespace })
  refuseUnfitPair({ certPem, keyPem }, { cert: 'the certificate', key: 'the key' })
  return object('Secret', 'kubernetes.io/tls', { name, namespace }, [
    `  tls.crt: ${base64(certPem)}`,
    `  tls.key: ${base64(keyPem)}`,
    ...(caPem === undefined ? [] : [`  ca.crt: ${base64(caPem)}`]),
  ])
}

/**
 * A key that is another's, and what Istio would only log and serve nothing with. A key among the
 * certificates is refused too: what is in `tls.crt` is shown around.
 *
 * @param where how a person finds each of the two
 * @throws Fault ERR_PEM_UNREADABLE, ERR_KEY_UNFIT
 */
export function refuseUnfitPair(
  { certPem, keyPem }: Pick<TlsFiles, 'certPem' | 'keyPem'>,
  where: { readonly cert: string; readonly key: string },
): void {
  const key = readPrivateKey(keyPem, where.key)
  const certificate = readCertificate(certPem, where.cert)
  refuseKeyIn(certPem, where.cert)
  if (!certificate.checkPrivateKey(key)) {
    throw new Fault('ERR_PEM_UNREADABLE', {
      where: where.cert,
      reason: `its first certificate and the key in \`${where.key}\` do not belong together`,
    })
  }
  // Envoy loads RSA of 2048 bits and more, three curves and Ed25519, and where it loads none, nothing is served.
  if (signingOf(key) === undefined) {
    throw new Fault('ERR_KEY_UNFIT', { where: where.key })
  }
}

/** What is handed to others may hold no key. @throws Fault ERR_PEM_UNREADABLE */
export function refuseKeyIn(pem: string, where: string): void {
  if (!/PRIVATE KEY-----/.test(pem)) return
  throw new Fault('ERR_PEM_UNREADABLE', {
    where,
    reason:
      'there is a private key in it, and certificates are shown around; keep the two in files of their own',
  })
}

/**
 * `NAME-cacert`, the Secret beside a `credentialName` in which Istio looks for the authority of the
 * callers when the server's mode is MUTUAL. It holds no key.
 */
export function clientAuthoritySecret({
  name,
  namespace,
  caPem,
}: Place & { readonly caPem: string }): string {
  const place = { name: `${name}-cacert`, namespace }
  refuseBadPlace('Secret', place)
  readCertificate(caPem, 'the CA')
  refuseKeyIn(caPem, 'the CA')
  return object('Secret', 'Opaque', place, [`  ca.crt: ${base64(caPem)}`])
}

/** The authority alone, for whoever calls: a ConfigMap holds no secret. */
export function authorityConfigMap({
  name,
  namespace,
  files,
}: Place & { readonly files: Readonly<Record<string, string>> }): string {
  refuseBadPlace('ConfigMap', { name, namespace })
  const lines = Object.entries(files).flatMap(([key, pem]) => {
    if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key))
      throw new Fault('ERR_USAGE', { message: `\`${key}\` is not a ConfigMap's key` })
    readCertificate(pem, 'the CA')
    refuseKeyIn(pem, 'the CA')
    return [
      `  ${JSON.stringify(key)}: |`,
      ...pem
        .trimEnd()
        .split(/\r?\n/)
        .map((line) => `    ${line}`),
    ]
  })
  return object('ConfigMap', undefined, { name, namespace }, lines)
}

function refuseBadPlace(kind: string, place: Place): void {
  for (const what of ['name', 'namespace'] as const) {
    if (!dns1123.test(place[what]))
      throw new Fault('ERR_USAGE', { message: `\`${place[what]}\` is not a ${kind}'s ${what}` })
  }
}

const base64 = (pem: string) => Buffer.from(pem).toString('base64')

function object(
  kind: string,
  type: string | undefined,
  { name, namespace }: Place,
  data: readonly string[],
): string {
  return [
    'apiVersion: v1',
    `kind: ${kind}`,
    ...(type === undefined ? [] : [`type: ${type}`]),
    'metadata:',
    `  name: ${JSON.stringify(name)}`,
    `  namespace: ${JSON.stringify(namespace)}`,
    'data:',
    ...data,
    '',
  ].join('\n')
}
