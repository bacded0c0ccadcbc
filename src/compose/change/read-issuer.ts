import { clusterAccess, type KubeApi, messageOf, openKubeApi } from '../../kube/index.ts'
import { type Discovered, proxyName } from '../../planner/index.ts'

export interface ReadIssuerOptions {
  readonly context?: string
  readonly kubeconfig?: string
  /** Where the proxy of the keys is going to run. */
  readonly namespace: string
}

export interface IssuerRead extends Discovered {
  /** `2 keys are there`, or why none was seen. */
  readonly keys: string
}

/** Who signs tokens of service accounts here, by the API server's own word (Kubernetes 1.21 and later). */
export async function readIssuer(
  env: Readonly<Record<string, string | undefined>>,
  { namespace, ...options }: ReadIssuerOptions,
): Promise<IssuerRead | { readonly reason: string }> {
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
    const mayRead = await mayReadKeys(api, namespace)
    return { issuer, jwksUri, keys: await seeKeys(api), ...(mayRead !== undefined && { mayRead }) }
  } finally {
    api.close()
  }
}

const KEYS = '/openid/v1/jwks'

async function seeKeys(api: KubeApi): Promise<string> {
  const answer = await api.call(KEYS, { accept: 'application/jwk-set+json' })
  if (answer.status !== 200) return `its keys were not seen (${messageOf(answer)})`
  const { keys } = (answer.body ?? {}) as { readonly keys?: unknown }
  const count = Array.isArray(keys) ? keys.length : 0
  return count === 1 ? '1 key is there' : `${count} keys are there`
}

/** undefined = one may not ask for somebody else. */
async function mayReadKeys(api: KubeApi, namespace: string): Promise<boolean | undefined> {
  const answer = await api.call('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    method: 'POST',
    content: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${namespace}:${proxyName}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        nonResourceAttributes: { path: KEYS, verb: 'get' },
      },
    },
  })
  const { allowed } =
    ((answer.body ?? {}) as { readonly status?: { readonly allowed?: unknown } }).status ?? {}
  return answer.status === 201 && typeof allowed === 'boolean' ? allowed : undefined
}
