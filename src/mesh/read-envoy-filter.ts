import type { Fields } from './fields.ts'
import type { EnvoyFilter, Meta } from './model.ts'
import { readTargetRefs, readWorkloadSelector } from './read-meta.ts'

const places = [
  'INVALID',
  'LISTENER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
  'EXTENSION_CONFIG',
  'BOOTSTRAP',
  'LISTENER_FILTER',
]
const operations = [
  'INVALID',
  'MERGE',
  'ADD',
  'REMOVE',
  'INSERT_BEFORE',
  'INSERT_AFTER',
  'INSERT_FIRST',
  'REPLACE',
]
const classes = ['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS']

/** networking.istio.io EnvoyFilter (istio/api networking/v1alpha3/envoy_filter.proto). */
export function readEnvoyFilter(meta: Meta, spec: Fields): EnvoyFilter {
  return {
    ...meta,
    kind: 'EnvoyFilter',
    workloadSelector: readWorkloadSelector(spec),
    targetRefs: readTargetRefs(spec),
    priority: spec.int('priority') ?? 0,
    configPatches: (spec.list('configPatches') ?? []).map((entry) => {
      const patch = entry.fields('patch')
      const read = {
        at: entry.at,
        applyTo: entry.enumeration('applyTo', places)?.value ?? 'INVALID',
        match: entry.raw('match'),
        patch: {
          operation: patch?.enumeration('operation', operations)?.value ?? 'INVALID',
          value: patch?.raw('value'),
          filterClass: patch?.enumeration('filterClass', classes)?.value,
        },
      }
      patch?.done()
      entry.done()
      return read
    }),
  }
}
