import { X509Certificate } from 'node:crypto'
import type { Mesh } from '../../mesh/index.ts'
import type { Door, DoorRequest, PeerCertificate, ProxyIdentity } from '../../policy/index.ts'

/** Test identities: `NAME.crt`, and `mesh-ca.pem` for the mesh's own. */
export interface Certificates {
  peer(name: string, accepted: readonly X509Certificate[]): PeerCertificate | undefined
  /** What sidecars trust. */
  readonly mesh: readonly X509Certificate[]
  /** The name sidecars show. */
  readonly workload: string | undefined
}

/** `file` gives the PEM text of a file; undefined = there is none of that name. */
export function readCertificates(file: (name: string) => string | undefined): Certificates {
  const known = new Map<string, X509Certificate | undefined>()
  const read = (name: string): X509Certificate | undefined => {
    if (known.has(name)) return known.get(name)
    const text = file(name)
    const certificate = text === undefined ? undefined : parse(text)
    known.set(name, certificate)
    return certificate
  }
  const mesh = read('mesh-ca.pem')
  const workload = read('mesh-workload.pem')
  return {
    mesh: mesh === undefined ? [] : [mesh],
    workload: workload && principalOf(workload),
    peer(name, accepted) {
      const certificate = read(`${name}.crt`)
      if (certificate === undefined) return undefined
      return {
        uris: names(certificate, 'URI'),
        dnsNames: names(certificate, 'DNS'),
        // Node writes one attribute a line in encoding order; RFC 2253 wants the reverse.
        subject: certificate.subject.split('\n').reverse().join(','),
        trusted: accepted.some((authority) => signedBy(certificate, authority)),
      }
    },
  }
}

/** The authorities the listener that takes a connection accepts for its clients. */
export function acceptedAuthorities(
  mesh: Mesh,
  door: Door,
  proxy: ProxyIdentity,
  request: DoorRequest,
  certificates: Certificates,
): readonly X509Certificate[] {
  if (proxy.kind === 'sidecar') return certificates.mesh
  const tls = door.chain(proxy, request)?.server.server.tls
  if (tls === undefined) return []
  if (tls.mode?.value === 'ISTIO_MUTUAL') return certificates.mesh
  const name = tls.caCertCredentialName?.value ?? tls.credentialName?.value ?? tls.credentialNames[0]?.value
  if (name === undefined) return []
  const texts = [
    secretValue(mesh, proxy.namespace, `${name}-cacert`, ['cacert', 'ca.crt']),
    secretValue(mesh, proxy.namespace, name, ['cacert', 'ca.crt']),
  ]
  return texts
    .filter((text) => text !== undefined)
    .flatMap((text) => text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [])
    .map(parse)
    .filter((certificate) => certificate !== undefined)
}

/** The name Envoy reports for a TLS listener's own certificate. */
export function secretPrincipal(mesh: Mesh, namespace: string, name: string): string | undefined {
  const text = secretValue(mesh, namespace, name, ['tls.crt', 'cert'])
  const certificate = text === undefined ? undefined : parse(text)
  return certificate && principalOf(certificate)
}

function secretValue(
  mesh: Mesh,
  namespace: string,
  name: string,
  keys: readonly string[],
): string | undefined {
  const local = name.includes('/') ? name.slice(name.lastIndexOf('/') + 1) : name
  const secret = mesh.secrets.find((entry) => entry.namespace === namespace && entry.name === local)
  for (const key of keys) {
    const value = secret?.data[key]
    if (value !== undefined) return value
  }
  return undefined
}

function parse(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text)
  } catch {
    return undefined
  }
}

function signedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function principalOf(certificate: X509Certificate): string {
  return names(certificate, 'URI')[0] ?? names(certificate, 'DNS')[0] ?? certificate.subject
}

/** `URI:spiffe://a, DNS:b`, as Node prints it. */
function names(certificate: X509Certificate, kind: 'URI' | 'DNS'): readonly string[] {
  const text = certificate.subjectAltName ?? ''
  return text
    .split(/, /)
    .filter((entry) => entry.startsWith(`${kind}:`))
    .map((entry) => entry.slice(kind.length + 1).replace(/^"|"$/g, ''))
}
