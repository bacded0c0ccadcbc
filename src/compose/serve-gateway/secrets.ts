import { X509Certificate } from 'node:crypto'
import type { Mesh, ServerTls } from '../../mesh/index.ts'
import { callersAuthority } from '../../pki/index.ts'
import type { SecretData } from './options.ts'

/** Secrets as a gateway's proxy gets them: what was given on the command line, else the YAML's. */
export interface Secrets {
  get(namespace: string, name: string): SecretData | undefined
}

export function secretsOf(mesh: Mesh, given: Readonly<Record<string, SecretData>>): Secrets {
  return {
    get: (namespace, name) =>
      given[`${namespace}/${name}`] ??
      mesh.secrets.find((secret) => secret.namespace === namespace && secret.name === name)?.data,
  }
}

/** Secret names of a TLS server; Gateway API writes them as `kubernetes-gateway://ns/name`. */
export function credentialNames(tls: ServerTls): readonly string[] {
  const one = tls.credentialName?.value
  return one === undefined ? tls.credentialNames.map(({ value }) => value) : [one]
}

/** Where a credential lies: in the namespace it names, else the proxy's. */
export function placeOf(
  credential: string,
  proxyNamespace: string,
): readonly [namespace: string, name: string] {
  const [, namespace, name] = /^(?:[a-z-]+:\/\/)?([^/]+)\/([^/]+)$/.exec(credential) ?? []
  return namespace !== undefined && name !== undefined ? [namespace, name] : [proxyNamespace, credential]
}

/** The CA clients are checked with: a Secret of its own, `NAME-cacert`, or the same Secret's `ca.crt`. */
export function clientAuthority(
  secrets: Secrets,
  tls: ServerTls,
  proxyNamespace: string,
): string | undefined {
  const own = tls.caCertCredentialName?.value
  const names = own === undefined ? credentialNames(tls) : [own]
  for (const credential of names) {
    const [namespace, name] = placeOf(credential, proxyNamespace)
    const text = callersAuthority(secrets.get(namespace, `${name}-cacert`), secrets.get(namespace, name))
    if (text !== undefined) return text
  }
  return undefined
}

/** The name Envoy reports for a certificate: its first URI, else DNS name, else its subject. */
export function principalIn(certPem: string): string | undefined {
  try {
    const certificate = new X509Certificate(certPem)
    const names = (certificate.subjectAltName ?? '').split(', ')
    const first = (kind: string) => names.find((name) => name.startsWith(kind))?.slice(kind.length)
    return first('URI:') ?? first('DNS:') ?? certificate.subject.split('\n').reverse().join(',')
  } catch {
    return undefined
  }
}
