import { clusterAccess, messageOf, openKubeApi } from '../../kube/index.ts'

/** Who signs tokens of service accounts here, by the API server's own word (Kubernetes 1.21 and later). */
export async function readIssuer(
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly context?: string; readonly kubeconfig?: string },
): Promise<{ readonly issuer: string; readonly jwksUri: string } | { readonly reason: string }> {
  const api = openKubeApi(await clusterAccess(env, options))
  try {
    const answer = await api.call('/.well-known/openid-configuration')
    if (answer.status !== 200) return { reason: messageOf(answer) }
    const { issuer, jwks_uri: jwksUri } = (answer.body ?? {}) as {
      readonly issuer?: unknown
      readonly jwks_uri?: unknown
    }
    if (typeof issuer !== 'string' || typeof jwksUri !== 'string')
      return { reason: 'its answer names no issuer' }
    return { issuer, jwksUri }
  } finally {
    api.close()
  }
}
