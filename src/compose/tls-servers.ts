import type { TlsServer } from '../gateway/index.ts'
import type { Mesh, ServerTls } from '../mesh/index.ts'
import { callersAuthority, servedPair } from '../pki/index.ts'
import type { MeshListener } from './listeners.ts'

/** The certificate that stands in where the YAML names a Secret it does not hold. */
export interface StandIn {
  readonly certPem: string
  readonly keyPem: string
  readonly caPem: string
}

/** A listener's TLS servers, and the Secrets our own certificate stood in for. */
export interface TlsServers {
  readonly servers: readonly TlsServer[]
  readonly standsInFor: readonly string[]
}

/**
 * Certificates of one listener: the Secret a server names, from the gateway's namespace, where it
 * lies in the YAML and holds both halves; else our own. Client certificates are checked against
 * `ca.crt` of that Secret or `NAME-cacert` (Istio, `pilot/pkg/xds/sds.go`).
 */
export function tlsServersOf(mesh: Mesh, listener: MeshListener, own: StandIn): TlsServers {
  const standsInFor: string[] = []
  const servers = listener.servers.flatMap(({ server }): TlsServer[] => {
    const { tls } = server
    if (!tls) return []
    const secretName = tls.credentialName?.value ?? tls.credentialNames[0]?.value
    const data =
      secretName === undefined ? undefined : secretData(mesh, listener.workload.namespace, secretName)
    const pair = servedPair(data)
    if (!pair && secretName !== undefined) standsInFor.push(`${listener.workload.namespace}/${secretName}`)
    const client = clientOf(mesh, listener, tls, secretName, own)
    return [
      {
        hosts: server.hosts.map(({ value }) => value.split('/').at(-1) as string),
        certPem: pair?.certPem ?? own.certPem,
        keyPem: pair?.keyPem ?? own.keyPem,
        ...(client ? { client } : {}),
        ...(tls.minProtocolVersion === 'TLSV1_3' ? { minVersion: 'TLSv1.3' as const } : {}),
        ...(tls.maxProtocolVersion === 'TLSV1_2' ? { maxVersion: 'TLSv1.2' as const } : {}),
      },
    ]
  })
  return { servers, standsInFor }
}

function clientOf(
  mesh: Mesh,
  listener: MeshListener,
  tls: ServerTls,
  secretName: string | undefined,
  own: StandIn,
): TlsServer['client'] {
  const mode = tls.mode?.value
  if (mode !== 'MUTUAL' && mode !== 'OPTIONAL_MUTUAL') return undefined
  const { namespace } = listener.workload
  const separate = secretName === undefined ? undefined : secretData(mesh, namespace, `${secretName}-cacert`)
  const same = secretName === undefined ? undefined : secretData(mesh, namespace, secretName)
  const caPem = callersAuthority(separate, same)
  // Without a CA nobody's certificate could be checked; ours has signed no client, so nobody gets in.
  return { mode, caPem: caPem ?? own.caPem }
}

function secretData(
  mesh: Mesh,
  namespace: string,
  name: string,
): Readonly<Record<string, string>> | undefined {
  return mesh.secrets.find((secret) => secret.namespace === namespace && secret.name === name)?.data
}
