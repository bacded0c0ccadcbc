import type { At } from '../../base/index.ts'
import type { Destination, HttpRoute, Mesh, WeightedDestination } from '../../mesh/index.ts'
import type { Registry } from '../registry.ts'
import { convertHeaders } from './filter.ts'
import { child, list, number, text } from './json.ts'
import type { Granted } from './reference-grant.ts'

/** What decides where a route's backendRefs lead. */
export interface Backends {
  readonly mesh: Mesh
  readonly registry: Registry
  readonly granted: Granted
  /** The route: its kind and namespace. */
  readonly kind: string
  readonly namespace: string
}

/** Weight 0 is left out; `undefined` where one makes the whole route unusable. */
export function convertBackends(
  refs: readonly unknown[],
  backends: Backends,
  at: At,
): readonly WeightedDestination[] | undefined {
  const result: WeightedDestination[] = []
  for (const ref of refs) {
    const weight = number(child(ref, 'weight')) ?? 1
    if (weight === 0) continue
    const destination = convertDestination(ref, backends, at)
    if (destination === undefined) return undefined
    let headers: WeightedDestination['headers']
    for (const filter of list(child(ref, 'filters'))) {
      const type = text(child(filter, 'type'))
      if (type === 'RequestHeaderModifier') {
        headers = { ...headers, request: convertHeaders(child(filter, 'requestHeaderModifier')) }
      } else if (type === 'ResponseHeaderModifier') {
        headers = { ...headers, response: convertHeaders(child(filter, 'responseHeaderModifier')) }
      } else return undefined
    }
    result.push({ destination, weight, ...(headers && { headers }) })
  }
  return result
}

export function convertMirror(
  mirror: unknown,
  backends: Backends,
  at: At,
): HttpRoute['mirrors'][number] | undefined {
  const destination = convertDestination(child(mirror, 'backendRef'), backends, at)
  if (destination === undefined || destination.host.value === '') return undefined
  const numerator = number(child(mirror, 'fraction', 'numerator'))
  const denominator = number(child(mirror, 'fraction', 'denominator')) ?? 100
  const percentage =
    numerator === undefined ? number(child(mirror, 'percent')) : (100 * numerator) / denominator
  return { destination, ...(percentage !== undefined && { percentage }) }
}

/** An empty host is a backend that may not be used or cannot be: the route answers 500 for it. */
function convertDestination(ref: unknown, backends: Backends, at: At): Destination | undefined {
  const nowhere: Destination = { at, host: { value: '', at } }
  const name = text(child(ref, 'name')) ?? ''
  const group = text(child(ref, 'group')) ?? ''
  const kind = text(child(ref, 'kind')) ?? 'Service'
  const namespace = text(child(ref, 'namespace')) ?? backends.namespace
  const port = number(child(ref, 'port'))
  if (namespace !== backends.namespace) {
    const from = { group: 'gateway.networking.k8s.io', kind: backends.kind, namespace: backends.namespace }
    if (!backends.granted(from, { group, kind, namespace, name })) return nowhere
  }
  let host: string
  if (group === '' && kind === 'Service') {
    if (name.includes('.')) return undefined
    host = `${name}.${namespace}.svc.cluster.local`
  } else if (group === 'networking.istio.io' && kind === 'Hostname') {
    if (child(ref, 'namespace') !== undefined) return undefined
    host = name
  } else if (kind === 'ServiceImport') {
    host = `${name}.${namespace}.svc.cluster.local`
  } else return nowhere
  if (port === undefined) return undefined
  return { at, host: { value: host, at }, port }
}
