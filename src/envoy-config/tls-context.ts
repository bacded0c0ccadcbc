/** A listener's TLS: Istio's core/listener.go, BuildListenerTLSContext, with the secrets in place. */
import type { ServerTls } from '../mesh/index.ts'
import { compact, extension, type Json, some } from './json.ts'
import { exact, prefix } from './string-matcher.ts'

/** Where a certificate lies: in the configuration itself, or a file Envoy reads. */
export type Material = { readonly text: string } | { readonly file: string }

export interface Certificate {
  readonly chain: Material
  readonly key: Material
}

/** What the mesh's own certificate authority issued to this proxy. */
export interface MeshIdentity extends Certificate {
  readonly authority: Material
}

export interface TlsMaterial {
  /** What a Secret holds as certificate and key. */
  readonly certificate: (namespace: string, name: string) => Certificate | undefined
  /** What a Secret, or the one beside it that ends in `-cacert`, holds to check clients with. */
  readonly authority: (namespace: string, name: string) => Material | undefined
  readonly mesh?: MeshIdentity
}

export function dataSource(material: Material): Json {
  return 'file' in material ? { filename: material.file } : { inlineString: material.text }
}

/** Of the proxy's own namespace, or as Gateway API names it: `kubernetes-gateway://ns/name`. */
function secretOf(credential: string, namespace: string): readonly [namespace: string, name: string] {
  const path = credential.replace(/^[a-z-]+:\/\//, '')
  const slash = path.indexOf('/')
  return slash === -1 ? [namespace, path] : [path.slice(0, slash), path.slice(slash + 1)]
}

/** A TLS server of a gateway in `namespace`; a text = why it cannot be written. */
export function gatewayTls(
  tls: ServerTls,
  mode: string,
  material: TlsMaterial,
  namespace: string,
  tcp: boolean,
): Json | string {
  const requires = mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL'
  const names =
    tls.credentialNames.length > 0
      ? tls.credentialNames.map(({ value }) => value)
      : tls.credentialName === undefined
        ? []
        : [tls.credentialName.value]
  let certificates: readonly Certificate[]
  let authority: Material | undefined
  if (mode === 'ISTIO_MUTUAL') {
    if (material.mesh === undefined) return 'ISTIO_MUTUAL needs a certificate of the mesh'
    certificates = [material.mesh]
    authority = material.mesh.authority
  } else if (names.length > 0) {
    const found = names.map((name) => [name, material.certificate(...secretOf(name, namespace))] as const)
    const missing = found.find(([, certificate]) => certificate === undefined)
    if (missing !== undefined)
      return `Secret \`${missing[0]}\` with \`tls.crt\` and \`tls.key\` is not given: \`--secret ${namespace}/${missing[0]}=DIR\` names it`
    certificates = found.flatMap(([, certificate]) => certificate ?? [])
    const from = tls.caCertCredentialName?.value ?? (names[0] as string)
    authority =
      requires || mode === 'OPTIONAL_MUTUAL' ? material.authority(...secretOf(from, namespace)) : undefined
    if (requires && authority === undefined)
      return `Secret \`${from}\` holds no \`ca.crt\` to check clients with`
  } else {
    const { serverCertificate, privateKey, caCertificates } = tls
    if (serverCertificate === undefined || privateKey === undefined) return 'no certificate is named'
    certificates = [{ chain: { file: serverCertificate.value }, key: { file: privateKey.value } }]
    authority = caCertificates && { file: caCertificates.value }
  }
  return downstream({
    alpn: mode === 'ISTIO_MUTUAL' && tcp ? ['istio-peer-exchange', 'h2', 'http/1.1'] : ['h2', 'http/1.1'],
    certificates,
    authority,
    names: tls.subjectAltNames.map((name) => exact(name)),
    requires,
    params: paramsOf(tls),
  })
}

/** A sidecar's mutual TLS: any name of the mesh's trust domains. */
export function sidecarTls(mesh: MeshIdentity, domains: readonly string[], tcp: boolean): Json {
  return downstream({
    alpn: tcp ? ['istio-peer-exchange', 'h2', 'http/1.1'] : ['h2', 'http/1.1'],
    certificates: [mesh],
    authority: mesh.authority,
    names: domains.map((domain) => prefix(`spiffe://${domain}/`)),
    requires: true,
    params: {
      cipherSuites: [
        'ECDHE-ECDSA-AES256-GCM-SHA384',
        'ECDHE-RSA-AES256-GCM-SHA384',
        'ECDHE-ECDSA-AES128-GCM-SHA256',
        'ECDHE-RSA-AES128-GCM-SHA256',
        'AES256-GCM-SHA384',
        'AES128-GCM-SHA256',
      ],
      tlsMaximumProtocolVersion: 'TLSv1_3',
      tlsMinimumProtocolVersion: 'TLSv1_2',
    },
  })
}

function downstream(options: {
  readonly alpn: readonly string[]
  readonly certificates: readonly Certificate[]
  readonly authority: Material | undefined
  readonly names: readonly Json[]
  readonly requires: boolean
  readonly params: Json | undefined
}): Json {
  const { authority, names } = options
  const validated = authority !== undefined || names.length > 0
  return extension(
    'envoy.transport_sockets.tls',
    'extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    compact({
      commonTlsContext: {
        alpnProtocols: options.alpn,
        tlsCertificates: options.certificates.map(({ chain, key }) => ({
          certificateChain: dataSource(chain),
          privateKey: dataSource(key),
        })),
        tlsParams: options.params,
        validationContext: validated
          ? { trustedCa: authority && dataSource(authority), matchSubjectAltNames: some(names) }
          : undefined,
      },
      requireClientCertificate: options.requires,
    }),
  )
}

function paramsOf({ minProtocolVersion, maxProtocolVersion }: ServerTls): Json | undefined {
  const of = (version: string | undefined) =>
    version === undefined || version === 'TLS_AUTO' ? undefined : version.replace('TLSV', 'TLSv')
  const [least, most] = [of(minProtocolVersion), of(maxProtocolVersion)]
  if (least === undefined && most === undefined) return undefined
  return { tlsMinimumProtocolVersion: least, tlsMaximumProtocolVersion: most }
}
