import { challengeOf, isSignInPage } from './challenge.ts'
import type { Agent, Answer } from './http/agent.ts'
import { claimsOf } from './login/token-set.ts'
import { jsonObject } from './recognise.ts'

/** Who a door takes somebody for, as far as it and the credential itself tell. */
export interface WhoAmI {
  /** What the door puts into its identity header; undefined when nothing behind it tells. */
  readonly user?: string
  /** Whose word that is: Kubeflow's dashboard, oauth2-proxy, or the token alone. */
  readonly source?: 'dashboard' | 'auth service' | 'token'
  /** The claim of the token that is this user, where there is a token. */
  readonly claim?: string
  readonly groups?: readonly string[]
  /** `aud` and `iss` of the token. */
  readonly audiences?: readonly string[]
  readonly issuer?: string
  /** Those the dashboard shows to the user, with `owner`, `contributor` or what it calls the role; may be empty. */
  readonly namespaces: readonly { readonly namespace: string; readonly role: string }[]
  readonly clusterAdmin?: boolean
}

/**
 * Asks the door: Kubeflow's dashboard for user, namespaces and roles (`/api/workgroup/env-info`),
 * oauth2-proxy for user and groups (`/oauth2/userinfo`), the token for the rest.
 */
export async function whoAmI(
  agent: Agent,
  door: URL,
  headers: Readonly<Record<string, string>>,
  { userinfo, signal }: { readonly userinfo?: string; readonly signal?: AbortSignal } = {},
): Promise<WhoAmI> {
  const ask = async (path: string): Promise<Record<string, unknown> | undefined> => {
    const answer = await agent.send({
      url: new URL(path, door),
      headers: { ...headers, accept: 'application/json' },
      signal,
    })
    return jsonObject(answer)
  }
  const base = door.pathname.replace(/[^/]*$/, '')
  const env =
    (await ask(`${base}api/workgroup/env-info`)) ??
    (base === '/' ? undefined : await ask('/api/workgroup/env-info'))
  const info = userinfo === undefined ? undefined : await ask(userinfo)
  const token = headers.authorization?.replace(/^Bearer /, '')
  const claims = token === undefined ? undefined : claimsOf(token)

  const told = text(env?.user)
  const fromDashboard = told === 'anonymous@kubeflow.org' ? undefined : told
  const fromService = text(info?.email) ?? text(info?.user)
  const fromToken = text(claims?.email) ?? text(claims?.sub)
  const user = fromDashboard ?? fromService ?? fromToken
  const groups = texts(info?.groups) ?? texts(claims?.groups)
  const audiences = typeof claims?.aud === 'string' ? [claims.aud] : texts(claims?.aud)
  const claim = claims && Object.keys(claims).find((name) => user !== undefined && claims[name] === user)
  const issuer = text(claims?.iss)
  return {
    ...(user === undefined ? {} : { user }),
    ...(user === undefined
      ? {}
      : { source: fromDashboard ? 'dashboard' : fromService ? 'auth service' : ('token' as const) }),
    ...(claim === undefined ? {} : { claim }),
    ...(groups === undefined ? {} : { groups }),
    ...(audiences === undefined ? {} : { audiences }),
    ...(issuer === undefined ? {} : { issuer }),
    namespaces: rows(env?.namespaces),
    ...(typeof env?.isClusterAdmin === 'boolean' ? { clusterAdmin: env.isClusterAdmin } : {}),
  }
}

/** Whether a door lets these headers in, by its answer to one request; undefined = it does. */
export async function challengedWith(
  agent: Agent,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Answer | undefined> {
  const answer = await agent.send({ url, headers, signal })
  const asks = challengeOf({ status: answer.status, url, header: (name) => answer.headers.get(name) })
  if (asks === 'yes' || (asks === 'read' && isSignInPage(answer.body, url))) return answer
  // The gateway's own no: an application has more to say than these words.
  return answer.status === 403 && /^\s*RBAC: access denied\s*$/.test(answer.body) ? answer : undefined
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
const texts = (value: unknown) =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : undefined

function rows(value: unknown): { namespace: string; role: string }[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one: unknown) => {
    const { namespace, role } = (one ?? {}) as { namespace?: unknown; role?: unknown }
    return typeof namespace === 'string' ? [{ namespace, role: typeof role === 'string' ? role : '' }] : []
  })
}
