import { type ApiRequest, type KubeApi, messageOf, refusal } from './api.ts'

/** A kind as the API server serves it. */
export interface Resource {
  /** '' for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** In paths: `virtualservices`. */
  readonly plural: string
  readonly namespaced: boolean
}

export type KubeObject = Readonly<Record<string, unknown>>

export function pathOf(resource: Resource, namespace?: string, name?: string): string {
  const { group, version, plural, namespaced } = resource
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const scope = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${name}`}`
}

/**
 * Which of these kinds the API server has, in the version it prefers, or in another where that one does
 * not have the kind: Istio's group prefers v1 and serves EnvoyFilters in v1alpha3 only. Unknown groups
 * are left out.
 */
export async function findResources(
  api: KubeApi,
  wanted: readonly { readonly group: string; readonly kinds: readonly string[] }[],
  request: ApiRequest = {},
): Promise<readonly Resource[]> {
  const groups = await api.call('/apis', request)
  if (groups.status !== 200) throw refusal(api, groups)
  interface Groups {
    readonly groups?: readonly {
      readonly name: string
      readonly preferredVersion?: { readonly version: string }
      readonly versions?: readonly { readonly version: string }[]
    }[]
  }
  const versions = new Map(
    ((groups.body as Groups).groups ?? []).map(({ name, preferredVersion, versions = [] }) => {
      const all = versions.map(({ version }) => version)
      return [name, preferredVersion === undefined ? all : [preferredVersion.version, ...all]]
    }),
  )
  const found: Resource[] = []
  for (const { group, kinds } of wanted) {
    const missing = new Set(kinds)
    for (const version of new Set(group === '' ? ['v1'] : versions.get(group))) {
      if (missing.size === 0) break
      const { status, body } = await api.call(group === '' ? '/api/v1' : `/apis/${group}/${version}`, request)
      if (status !== 200) continue
      const { resources = [] } = body as {
        readonly resources?: readonly {
          readonly kind: string
          readonly name: string
          readonly namespaced: boolean
        }[]
      }
      for (const kind of kinds) {
        const one = resources.find((each) => each.kind === kind && !each.name.includes('/'))
        if (!one || !missing.delete(kind)) continue
        found.push({ group, version, kind, plural: one.name, namespaced: one.namespaced })
      }
    }
  }
  return found
}

export type Listed =
  | { readonly kind: 'objects'; readonly objects: readonly KubeObject[] }
  | { readonly kind: 'refused'; readonly reason: string }

/** All objects of a kind, page by page; `namespace` undefined = everywhere. */
export async function listAll(
  api: KubeApi,
  resource: Resource,
  namespace: string | undefined,
  request: ApiRequest = {},
): Promise<Listed> {
  const objects: KubeObject[] = []
  let next = ''
  do {
    const query = `?limit=500${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`
    const answer = await api.call(`${pathOf(resource, namespace)}${query}`, request)
    if (answer.status !== 200) return { kind: 'refused', reason: messageOf(answer) }
    const { items = [], metadata = {} } = answer.body as {
      readonly items?: readonly KubeObject[]
      readonly metadata?: { readonly continue?: string }
    }
    const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
    // Items of a list do not say what they are.
    for (const item of items) objects.push({ apiVersion, kind: resource.kind, ...item })
    next = metadata.continue ?? ''
  } while (next !== '')
  return { kind: 'objects', objects }
}
