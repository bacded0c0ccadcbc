import { Fault } from '../base/index.ts'
import { messageOf, openKubeApi } from './api.ts'
import type { ClusterAccess } from './kubeconfig.ts'

export interface RequestedToken {
  readonly token: string
  /** ms */
  readonly expiresAt: number
}

const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/

/**
 * A token of a service account, as `kubectl create token` asks for one (authentication.k8s.io/v1
 * TokenRequest). Without audiences it is for the API server.
 *
 * @throws Fault ERR_TOKEN_REQUEST, ERR_DOOR_UNREACHABLE
 */
export async function requestToken(
  cluster: ClusterAccess,
  account: { readonly namespace: string; readonly name: string },
  options: {
    readonly audiences?: readonly string[]
    readonly seconds?: number
    readonly signal?: AbortSignal
  } = {},
): Promise<RequestedToken> {
  const named = `${account.namespace}/${account.name}`
  if (!NAME.test(account.namespace) || !NAME.test(account.name)) {
    throw new Fault('ERR_SERVICE_ACCOUNT_INVALID', { what: 'namespace and name', value: named })
  }
  const api = openKubeApi(cluster)
  try {
    const answer = await api.call(
      `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
      {
        method: 'POST',
        content: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: options.audiences ?? [], expirationSeconds: options.seconds ?? 3600 },
        },
        signal: options.signal,
      },
    )
    const made = (answer.body as { readonly status?: MadeToken } | undefined)?.status
    if (answer.status < 200 || answer.status > 299 || typeof made?.token !== 'string') {
      throw new Fault('ERR_TOKEN_REQUEST', { account: named, reason: messageOf(answer) })
    }
    return { token: made.token, expiresAt: Date.parse(made.expirationTimestamp ?? '') }
  } finally {
    api.close()
  }
}

/** TokenRequestStatus; an answer of another kind has a word there. */
interface MadeToken {
  readonly token?: string
  readonly expirationTimestamp?: string
}
