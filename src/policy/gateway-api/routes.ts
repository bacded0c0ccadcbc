/**
 * Routes of Gateway API attached to listeners, one VirtualService per listener and host. Agrees with
 * Istio `pilot/pkg/config/kube/gateway/route_collections.go`.
 */
import { type HttpMatch, isSubsetOf, type Mesh, type OtherObject, overlaps } from '../../mesh/index.ts'
import type { BoundRoute, BoundService } from '../bound-route.ts'
import type { Registry } from '../registry.ts'
import type { Parent } from './gateway.ts'
import { convertRules } from './http-route.ts'
import { child, list, number, strings, text } from './json.ts'
import { compileGrants } from './reference-grant.ts'

export function convertRoutes(
  mesh: Mesh,
  registry: Registry,
  parents: readonly Parent[],
): readonly BoundService[] {
  const granted = compileGrants(mesh)
  /** Listener and host → what attaches there, oldest object first. */
  const drafts = new Map<
    string,
    { parent: Parent; host: string; from: OtherObject[]; routes: BoundRoute[] }
  >()
  for (const object of [...mesh.gatewayApi].sort(byAgeThenNamespace)) {
    if (object.kind !== 'HTTPRoute' && object.kind !== 'GRPCRoute') continue
    const { kind, namespace } = object
    const rules = convertRules(object, { mesh, registry, granted, kind, namespace })
    if (rules === undefined || rules.length === 0) continue
    const own: readonly BoundRoute[] = sortRules(
      rules.map(({ route, rule, redirectPrefix }) => ({
        route,
        rule,
        object: { kind, namespace, name: object.name },
        ...(redirectPrefix !== undefined && { redirectPrefix }),
      })),
    )
    const hosts = strings(child(object.raw, 'spec', 'hostnames'))
    for (const { parent, others } of attachments(object, hosts, parents)) {
      for (const host of hosts.length === 0 ? ['*'] : hosts) {
        if (!isolated(host, parent, others)) continue
        const key = `${parent.key}/${host}`
        const draft = drafts.get(key) ?? { parent, host, from: [], routes: [] }
        drafts.set(key, draft)
        draft.from.push(object)
        draft.routes.push(...own)
      }
    }
  }
  return [...drafts].flatMap(([key, { parent, host, from, routes }]) => {
    const [first] = from
    if (first === undefined) return []
    return [
      {
        object: { kind: first.kind, namespace: first.namespace, name: first.name },
        namespace: first.namespace,
        name: key.replaceAll('/', '~'),
        createdAt: first.createdAt,
        hosts: [host],
        gateways: [parent.key],
        routes: from.length === 1 ? routes : sortRules(routes),
        tcp: [],
        tls: [],
        semantics: 'gateway' as const,
      },
    ]
  })
}

/** Unlike elsewhere in Istio: age, then namespace, then name. */
function byAgeThenNamespace(a: OtherObject, b: OtherObject): number {
  const undated = Date.UTC(2026, 0, 1)
  const age = (a.createdAt ?? undated) - (b.createdAt ?? undated)
  if (age !== 0) return age
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

interface AttachedTo {
  readonly parent: Parent
  /** Host names of the Gateway's other listeners on the same port. */
  readonly others: readonly string[]
}

/** Listeners that take this route, in the order of their names. */
function attachments(
  object: OtherObject,
  hosts: readonly string[],
  parents: readonly Parent[],
): readonly AttachedTo[] {
  const found: AttachedTo[] = []
  for (const ref of list(child(object.raw, 'spec', 'parentRefs'))) {
    const kind = text(child(ref, 'kind')) ?? 'Gateway'
    const group = text(child(ref, 'group')) ?? 'gateway.networking.k8s.io'
    if (kind !== 'Gateway' || group !== 'gateway.networking.k8s.io') continue
    const name = text(child(ref, 'name'))
    const namespace = text(child(ref, 'namespace')) ?? object.namespace
    const listeners = parents.filter(
      ({ gateway }) => gateway.name === name && gateway.namespace === namespace,
    )
    for (const parent of listeners) {
      if (!allows(parent, object, hosts, ref)) continue
      const others = listeners
        .filter((other) => other !== parent)
        .filter(({ port, protocol }) => port === parent.port && protocol === parent.protocol)
        .map(({ hostname }) => hostname)
        .filter((hostname) => hostname !== parent.hostname)
      found.push({ parent, others })
    }
  }
  return found.sort((a, b) => (a.parent.key < b.parent.key ? -1 : a.parent.key > b.parent.key ? 1 : 0))
}

/** `referenceAllowed`: port and section, then host and namespace, then kind. */
function allows(parent: Parent, object: OtherObject, hosts: readonly string[], ref: unknown): boolean {
  const port = number(child(ref, 'port'))
  if (port && port !== parent.port) return false
  const section = text(child(ref, 'sectionName'))
  if (section && section !== parent.section) return false
  const own = hosts.length === 0 ? ['*'] : hosts
  const hostFits = parent.hosts.some((entry) => {
    const [namespace, hostname = ''] = entry.split('/')
    return (
      (namespace === '*' || namespace === object.namespace) && own.some((host) => overlaps(hostname, host))
    )
  })
  return hostFits && parent.kinds.includes(object.kind)
}

/** A host that another listener of the Gateway names more exactly belongs to that one alone. */
function isolated(host: string, parent: Parent, others: readonly string[]): boolean {
  const ours = parent.hostname
  if (ours !== '' && !ours.startsWith('*')) return true
  if (ours !== '' && !overlaps(host, ours)) return false
  return !others.some((other) => ours.length <= other.length && isSubsetOf(host, other))
}

/** Exact path, longer prefix, expression; then method, headers, query; else as they came. */
function sortRules(routes: readonly BoundRoute[]): readonly BoundRoute[] {
  return [...routes].sort((a, b) => {
    const [left, right] = [a.route.match?.[0], b.route.match?.[0]]
    if (left === undefined || right === undefined) return 0
    return (
      rank(right) - rank(left) ||
      (right.uri?.text.length ?? 0) - (left.uri?.text.length ?? 0) ||
      Number(right.method !== undefined) - Number(left.method !== undefined) ||
      count(right.headers) - count(left.headers) ||
      count(right.queryParams) - count(left.queryParams)
    )
  })
}

const count = (fields: object) => Object.keys(fields).length

function rank(match: HttpMatch): number {
  switch (match.uri?.kind) {
    case 'exact':
      return 3
    case 'prefix':
      return 2
    case 'regex':
      return 1
    default:
      return -1
  }
}
