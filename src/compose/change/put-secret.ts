import { X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import { Fault } from '../../base/index.ts'
import { addressOf, clusterAccess, type KubeApi, messageOf, openKubeApi } from '../../kube/index.ts'
import { keyFits } from '../../pki/index.ts'

interface Cluster {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly context?: string
  readonly kubeconfig?: string
}

/** What a Secret holds, by key and in base64. */
export type SecretData = Readonly<Record<string, string>>

export type Api = Pick<KubeApi, 'call'> & { readonly server: string }

/** Does `work` with the API of a cluster. */
export async function atCluster<T>(cluster: Cluster, work: (api: Api) => Promise<T>): Promise<T> {
  const access = await clusterAccess(cluster.env, cluster)
  const api = openKubeApi(access)
  try {
    return await work({ call: api.call.bind(api), server: addressOf(access) })
  } finally {
    api.close()
  }
}

const pathOf = (namespace: string, name = '') =>
  `/api/v1/namespaces/${namespace}/secrets${name === '' ? '' : `/${name}`}`

/** undefined = there is none; `hidden` = it may not be read. @throws Fault ERR_CLUSTER_REFUSED, ERR_DOOR_UNREACHABLE */
export async function readSecret(
  api: Api,
  namespace: string,
  name: string,
): Promise<SecretData | 'hidden' | undefined> {
  const answer = await api.call(pathOf(namespace, name))
  if (answer.status === 200) return (answer.body as { readonly data?: SecretData }).data ?? {}
  if (answer.status === 404) return undefined
  if (answer.status === 403) return 'hidden'
  throw new Fault('ERR_CLUSTER_REFUSED', { server: api.server, reason: messageOf(answer) })
}

/**
 * Puts Secrets, as YAML, into a cluster. They are no part of a plan, because a plan is shown and kept: whoever
 * rolls one back keeps them. Where one of a name holds something else, it is left alone, and none is written.
 *
 * @returns what became of each, in order
 * @throws Fault ERR_WOULD_OVERWRITE, ERR_CLUSTER_REFUSED
 */
export async function putSecrets(
  texts: readonly string[],
  cluster: Cluster,
): Promise<readonly { readonly name: string; readonly done: 'made' | 'there' }[]> {
  const objects = texts.map((text) => parse(text) as SecretObject)
  return atCluster(cluster, async (api) => {
    const there = []
    for (const each of objects) there.push(await isThere(api, each))
    const results = []
    for (const [at, object] of objects.entries()) {
      const { name, namespace } = object.metadata
      const done = there[at] ? 'there' : await make(api, object)
      results.push({ name: `${namespace}/${name}`, done } as const)
    }
    return results
  })
}

interface SecretObject {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly data: SecretData
}

async function make(api: Api, object: SecretObject): Promise<'made' | 'there'> {
  const path = pathOf(object.metadata.namespace)
  const made = await api.call(`${path}?fieldManager=kfdoor`, { method: 'POST', content: object })
  if (made.status === 201) return 'made'
  // Somebody was faster.
  if (made.status === 409 && (await isThere(api, object))) return 'there'
  if (made.status === 409) throw overwrites(object)
  throw new Fault('ERR_CLUSTER_REFUSED', { server: api.server, reason: messageOf(made) })
}

/** Who may make Secrets and not read them finds out when he makes one. */
async function isThere(api: Api, object: SecretObject): Promise<boolean> {
  const { metadata, data } = object
  const there = await readSecret(api, metadata.namespace, metadata.name)
  if (there === undefined || there === 'hidden') return false
  if (!holds(there, data)) throw overwrites(object)
  return true
}

/** The same certificate with a key that fits, however that is written; of an authority, the same one. */
function holds(there: SecretData, wanted: SecretData): boolean {
  const certificate = wanted['tls.crt']
  if (certificate === undefined) return there['ca.crt'] === wanted['ca.crt']
  const [pem, key] = [certificate, there['tls.key'] ?? ''].map((text) =>
    Buffer.from(text, 'base64').toString(),
  ) as [string, string]
  return there['tls.crt'] === certificate && keyFits(new X509Certificate(pem), key)
}

const overwrites = ({ metadata: { namespace, name } }: SecretObject) =>
  new Fault('ERR_WOULD_OVERWRITE', {
    path: `Secret ${namespace}/${name}`,
    next: 'it holds something else: choose another name with `--secret`, or replace it yourself with `kubectl apply`',
  })
