import { readFileSync } from 'node:fs'
import { type Clock, Fault } from '../../base/index.ts'
import type { TokenReview } from '../../identity/index.ts'
import { readKubeconfig } from '../../kube/index.ts'
import { type Outside, openOutside } from './outside.ts'
import type { KubernetesSettings } from './settings.ts'

/** As much of an API server as judging tokens needs. */
export interface KubeClient {
  readonly outside: Outside
  /** `/openid/v1/jwks`, which needs a token in most clusters. */
  keys(): Promise<string>
  /** @throws when it cannot be asked */
  review(token: string, audiences: readonly string[]): Promise<TokenReview>
}

/** Where the API server is, and who asks. */
type ApiServerSettings = Pick<
  KubernetesSettings,
  'server' | 'tokenFile' | 'caFile' | 'kubeconfig' | 'context'
>

const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount'
/** A projected token is renewed in its file; it is read again after so long. */
const TOKEN_KEPT = 60_000

interface Access {
  readonly server: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly token: () => string | undefined
}

/**
 * The API server named by a kubeconfig or by its URL; without either, the one of the cluster this
 * runs in (`KUBERNETES_SERVICE_HOST` and the mounted service account).
 *
 * @throws Fault ERR_INPUT_UNREADABLE, ERR_KUBECONFIG, ERR_USAGE
 */
export function openKubeClient(
  settings: ApiServerSettings,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): KubeClient {
  const access = settings.kubeconfig !== undefined ? ofKubeconfig(settings) : ofCluster(settings, env, clock)
  const { server, ca, cert, key } = access
  const outside = openOutside({
    ...(ca !== undefined && { onlyCa: ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  })
  const headers = (): Record<string, string> => {
    const token = access.token()
    return { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  }
  const at = (path: string) => new URL(path, server).href
  return {
    outside,
    keys: () => outside.text(at('/openid/v1/jwks'), { headers: { ...headers(), accept: '*/*' } }),
    async review(token, audiences) {
      const text = await outside.text(at('/apis/authentication.k8s.io/v1/tokenreviews'), {
        method: 'POST',
        headers: { ...headers(), 'content-type': 'application/json' },
        body: JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences },
        }),
      })
      return reviewOf(JSON.parse(text))
    },
  }
}

/** authentication.k8s.io/v1 TokenReviewStatus. */
function reviewOf(answer: unknown): TokenReview {
  const { status = {} } = answer as { status?: Readonly<Record<string, unknown>> }
  const user = (status.user ?? {}) as Readonly<Record<string, unknown>>
  const texts = (value: unknown) =>
    Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
  if (status.authenticated !== true || typeof user.username !== 'string')
    return {
      authenticated: false,
      error: typeof status.error === 'string' ? status.error : 'not authenticated',
    }
  return {
    authenticated: true,
    user: { username: user.username, uid: String(user.uid ?? ''), groups: texts(user.groups) },
    audiences: texts(status.audiences),
  }
}

function ofCluster(
  settings: ApiServerSettings,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  const server = settings.server ?? (host && `https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  if (!server)
    throw new Fault('ERR_USAGE', {
      message: 'this is no pod, and `machines.kubernetes` names no API server',
      next: 'set `server` with `tokenFile` and `caFile`, or `kubeconfig`',
    })
  const inside = settings.server === undefined
  const tokenFile = settings.tokenFile ?? (inside ? `${IN_CLUSTER}/token` : undefined)
  const caFile = settings.caFile ?? (inside ? `${IN_CLUSTER}/ca.crt` : undefined)
  let kept: { readonly token: string; readonly until: number } | undefined
  const ca = caFile === undefined ? undefined : readOrFault(caFile)
  return {
    server,
    ...(ca !== undefined && { ca }),
    token() {
      if (tokenFile === undefined) return undefined
      if (kept === undefined || kept.until <= clock())
        kept = { token: readOrFault(tokenFile).trim(), until: clock() + TOKEN_KEPT }
      return kept.token
    },
  }
}

function ofKubeconfig(settings: ApiServerSettings): Access {
  const path = settings.kubeconfig as string
  const { server, ca, clientCertificate, clientKey, token, tokenFile, exec } = readKubeconfig(
    [path],
    settings.context,
  )
  // What a program hands out ends, and this service goes on.
  if (exec)
    throw new Fault('ERR_INPUT_UNREADABLE', {
      path,
      reason: 'its user runs a program for a token; name `server`, `tokenFile` and `caFile` instead',
    })
  return {
    server: server.href,
    ...(ca !== undefined && { ca }),
    ...(clientCertificate !== undefined && { cert: clientCertificate }),
    ...(clientKey !== undefined && { key: clientKey }),
    token: () => token ?? (tokenFile === undefined ? undefined : readOrFault(tokenFile).trim()),
  }
}

function readOrFault(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable'
    throw new Fault('ERR_INPUT_UNREADABLE', { path, reason }, { cause: error })
  }
}
