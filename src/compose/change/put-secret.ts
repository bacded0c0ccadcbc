import { parse } from 'yaml'
import { Fault } from '../../base/index.ts'
import { addressOf, clusterAccess, messageOf, openKubeApi } from '../../kube/index.ts'
import { type TlsFiles, tlsSecret } from '../../pki/index.ts'

/**
 * Puts a TLS Secret into a cluster. It is no part of a plan, because a plan is shown and kept: whoever
 * rolls one back keeps the Secret. One of that name with another certificate is left alone.
 *
 * @throws Fault ERR_WOULD_OVERWRITE, ERR_CLUSTER_REFUSED, and those of a certificate that does not fit
 */
export async function putSecret(
  place: { readonly name: string; readonly namespace: string },
  files: TlsFiles,
  cluster: {
    readonly env: Readonly<Record<string, string | undefined>>
    readonly context?: string
    readonly kubeconfig?: string
  },
): Promise<'made' | 'there'> {
  const object = parse(tlsSecret({ ...place, ...files })) as {
    readonly data: Readonly<Record<string, string>>
  }
  const access = await clusterAccess(cluster.env, cluster)
  const api = openKubeApi(access)
  try {
    const path = `/api/v1/namespaces/${place.namespace}/secrets`
    const made = await api.call(`${path}?fieldManager=kfdoor`, { method: 'POST', content: object })
    if (made.status === 201) return 'made'
    if (made.status === 409) {
      const there = await api.call(`${path}/${place.name}`)
      const { data } = (there.body ?? {}) as { readonly data?: Readonly<Record<string, string>> }
      if (there.status === 200 && data?.['tls.crt'] === object.data['tls.crt']) return 'there'
      throw new Fault('ERR_WOULD_OVERWRITE', { path: `Secret ${place.namespace}/${place.name}` })
    }
    throw new Fault('ERR_CLUSTER_REFUSED', { server: addressOf(access), reason: messageOf(made) })
  } finally {
    api.close()
  }
}
