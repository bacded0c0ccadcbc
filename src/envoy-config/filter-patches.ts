/**
 * EnvoyFilters on the HTTP filters of one chain: Istio's core/envoyfilter/listener_patch.go. A patch
 * is Envoy's own configuration, so whatever it inserts is written as it stands.
 */
import { type Blueprint, type OwnedPatch, patchField, patchObject, patchText } from '../policy/index.ts'
import type { Clusters } from './clusters.ts'
import { isObject, type Json, type JsonValue } from './json.ts'
import { mergeJson } from './merge.ts'
import type { Problem } from './problem.ts'

/** Where a chain stands. */
export interface ChainPlace {
  /** `0.0.0.0_8080`, `virtualInbound`. */
  readonly listener: string
  /** The port Envoy filters name. */
  readonly port: number
  readonly serverNames: readonly string[]
  readonly tls: boolean
}

const manager = 'envoy.filters.network.http_connection_manager'

/** `filters` with every patch applied in turn. */
export function patchFilters(
  blueprint: Blueprint,
  place: ChainPlace,
  filters: readonly Json[],
  clusters: Clusters,
): readonly Json[] {
  const { patches, filterName } = blueprint
  const chain = [...filters]
  const indexOf = (name: string) => chain.findIndex((filter) => filter.name === name)
  for (const { owner, patch } of patches) {
    if (patch.applyTo !== 'HTTP_FILTER' || !standsAt(patch, place)) continue
    const filter = networkFilterOf(patch)
    const network = filterName(patchText(filter, 'name'))
    if (network !== '' && network !== manager) continue
    const wanted = patchObject(patchField(filter, 'sub_filter'))
    const beside = filterName(patchText(wanted, 'name'))
    const at = beside === '' ? -1 : indexOf(beside)
    const name = `${owner.namespace}/${owner.name}`
    const value = withClusters(filterOf(patch, filterName), name, clusters)
    switch (patch.patch.operation) {
      case 'INSERT_FIRST':
        chain.unshift(value)
        break
      case 'INSERT_BEFORE':
        if (beside === '') chain.unshift(value)
        else if (at !== -1) chain.splice(at, 0, value)
        break
      case 'INSERT_AFTER':
        if (beside === '') chain.push(value)
        else if (at !== -1) chain.splice(at + 1, 0, value)
        break
      case 'ADD':
        chain.push(value)
        break
      case 'REMOVE':
        if (at !== -1) chain.splice(at, 1)
        break
      case 'REPLACE':
        if (at !== -1) chain[at] = value
        break
      case 'MERGE': {
        const before = chain[at]
        if (before !== undefined) chain[at] = mergeFilter(before, value)
      }
    }
  }
  return chain
}

/** The filter a patch writes; fields it spells in snake case Envoy reads too. */
function filterOf({ patch }: OwnedPatch['patch'], filterName: Blueprint['filterName']): Json {
  const value = patchObject(patch.value)
  const { name, typed_config: snake, typedConfig = snake, ...rest } = value
  return {
    ...(rest as Json),
    ...(name !== undefined && { name: filterName(String(name)) }),
    ...(typedConfig !== undefined && { typedConfig: typedConfig as Json }),
  }
}

/** The clusters a filter calls are there under the names this configuration gives them. */
function withClusters(value: Json, owner: string, clusters: Clusters): Json {
  const walk = (each: JsonValue): JsonValue => {
    if (Array.isArray(each)) return each.map(walk)
    if (!isObject(each)) return each
    return Object.fromEntries(
      Object.entries(each).map(([key, inner]) => {
        const names = key === 'cluster' || key === 'cluster_name' || key === 'clusterName'
        if (!names || typeof inner !== 'string') return [key, walk(inner as JsonValue)]
        return [key, clusters.filter(owner, inner, key !== 'cluster')]
      }),
    )
  }
  return walk(value) as Json
}

function mergeFilter(before: Json, patch: Json): Json {
  const config = before.typedConfig
  const more = patch.typedConfig
  const { '@type': _, ...fields } = isObject(more) ? more : {}
  return { ...before, ...(isObject(config) && { typedConfig: mergeJson(config, fields) }) }
}

/** Settings of the connection manager itself. */
export function patchManager(blueprint: Blueprint, place: ChainPlace, hcm: Json): Json {
  let patched = hcm
  for (const { patch } of blueprint.patches) {
    if (patch.applyTo !== 'NETWORK_FILTER' || patch.patch.operation !== 'MERGE') continue
    if (!standsAt(patch, place)) continue
    const name = blueprint.filterName(patchText(networkFilterOf(patch), 'name'))
    if (name === manager) patched = mergeFilter(patched, filterOf(patch, blueprint.filterName))
  }
  return patched
}

function networkFilterOf(patch: OwnedPatch['patch']) {
  const chain = patchObject(patchField(patchObject(patchObject(patch.match).listener), 'filter_chain'))
  return patchObject(chain.filter)
}

function standsAt(patch: OwnedPatch['patch'], place: ChainPlace): boolean {
  const listener = patchObject(patchObject(patch.match).listener)
  const chain = patchObject(patchField(listener, 'filter_chain'))
  const port = patchText(listener, 'port_number') || patchText(chain, 'destination_port')
  const name = patchText(listener, 'name')
  const sni = patchText(chain, 'sni')
  const transport = patchText(chain, 'transport_protocol')
  return (
    ['', '0', String(place.port)].includes(port) &&
    ['', place.listener].includes(name) &&
    (sni === '' || place.serverNames.includes(sni)) &&
    (transport === '' || (transport === 'tls') === place.tls)
  )
}

/** Patches no part of the configuration is made of. */
export function patchProblems(blueprint: Blueprint): readonly Problem[] {
  return blueprint.patches.flatMap(({ owner, patch }) => {
    const { applyTo } = patch
    const { operation } = patch.patch
    const written =
      applyTo === 'HTTP_FILTER' ||
      (operation === 'MERGE' &&
        ['NETWORK_FILTER', 'ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'].includes(applyTo))
    if (written) return []
    const harmless = ['CLUSTER', 'BOOTSTRAP', 'EXTENSION_CONFIG'].includes(applyTo)
    return [
      {
        severity: harmless ? 'note' : 'error',
        at: patch.at,
        message: `EnvoyFilter ${owner.namespace}/${owner.name} does ${operation} on ${applyTo}, which is not written`,
      } as const,
    ]
  })
}
