import { fieldsOf } from './fields.ts'
import type { DestinationRule, EnvoyFilter, Meta, ServiceEntry, SidecarResource } from '../model.ts'
import type { Value } from './node.ts'
import { readServerTls } from './read-gateway.ts'
import { readSelector } from './read-security.ts'

export function readDestinationRule(meta: Meta, value: Value): DestinationRule {
  const spec = fieldsOf(value)
  const policy = spec.get('trafficPolicy')
  const policyFields = policy && fieldsOf(policy)
  const portModes: Record<number, string> = {}
  for (const item of policyFields?.get('portLevelSettings')?.items() ?? []) {
    const inner = fieldsOf(item)
    const port = inner.get('port')
    const number = port && fieldsOf(port).get('number')?.number()
    const mode = tlsMode(inner.get('tls'))
    if (number !== undefined && mode !== undefined) portModes[number] = mode
  }
  const rule: DestinationRule = {
    ...meta,
    kind: 'DestinationRule',
    host: spec.get('host')?.text() ?? { value: '', at: value.at },
    exportTo: spec.get('exportTo')?.strings(),
    workloadSelector: readSelector(spec.get('workloadSelector')),
    subsets:
      spec.get('subsets')?.items()?.map((item) => {
        const inner = fieldsOf(item).ignore('trafficPolicy')
        const subset = {
          name: inner.get('name')?.string() ?? '',
          labels: inner.get('labels')?.record() ?? {},
          at: item.at,
        }
        inner.done()
        return subset
      }) ?? [],
    tlsMode: tlsMode(policyFields?.get('tls')),
    portTlsModes: portModes,
  } // biome-ignore format: chains
  spec.done()
  return rule
}

function tlsMode(value: Value | undefined): string | undefined {
  const mode = value && fieldsOf(value).get('mode')?.numberOrString()
  return typeof mode === 'number' ? ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'][mode] : mode
}

export function readServiceEntry(meta: Meta, value: Value): ServiceEntry {
  const spec = fieldsOf(value).ignore('addresses', 'subjectAltNames')
  const selector = spec.get('workloadSelector')
  const entry: ServiceEntry = {
    ...meta,
    kind: 'ServiceEntry',
    hosts: spec.get('hosts')?.texts() ?? [],
    ports:
      spec.get('ports')?.items()?.map((item) => {
        const inner = fieldsOf(item)
        const port = {
          number: inner.get('number')?.number() ?? 0,
          name: inner.get('name')?.string() ?? '',
          protocol: inner.get('protocol')?.string() ?? '',
          targetPort: inner.get('targetPort')?.number(),
        }
        inner.done()
        return port
      }) ?? [],
    location: enumName(spec.get('location'), ['MESH_EXTERNAL', 'MESH_INTERNAL']),
    resolution: enumName(spec.get('resolution'), ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS']),
    exportTo: spec.get('exportTo')?.strings(),
    endpoints:
      spec.get('endpoints')?.items()?.map((item) => {
        const inner = fieldsOf(item)
        return { address: inner.get('address')?.string() ?? '', labels: inner.get('labels')?.record() ?? {} }
      }) ?? [],
    workloadSelector: selector && fieldsOf(selector).get('labels')?.record(),
  } // biome-ignore format: chains
  spec.done()
  return entry
}

function enumName(value: Value | undefined, names: readonly string[]): string | undefined {
  const written = value?.numberOrString()
  return typeof written === 'number' ? names[written] : written
}

export function readSidecar(meta: Meta, value: Value): SidecarResource {
  const spec = fieldsOf(value).ignore('outboundTrafficPolicy', 'inboundConnectionPool')
  const selector = spec.get('workloadSelector')
  const sidecar: SidecarResource = {
    ...meta,
    kind: 'Sidecar',
    workloadSelector: selector && (fieldsOf(selector).get('labels')?.record() ?? {}),
    ingress:
      spec.get('ingress')?.items()?.map((item) => {
        const inner = fieldsOf(item).ignore('captureMode', 'connectionPool')
        const port = inner.get('port')
        const portFields = port && fieldsOf(port)
        const tls = inner.get('tls')
        const listener = {
          port: {
            number: portFields?.get('number')?.number() ?? 0,
            name: portFields?.get('name')?.string() ?? '',
            protocol: portFields?.get('protocol')?.string() ?? '',
          },
          defaultEndpoint: inner.get('defaultEndpoint')?.string(),
          bind: inner.get('bind')?.string(),
          tls: tls && readServerTls(tls),
          at: item.at,
        }
        inner.done()
        return listener
      }) ?? [],
    egress:
      spec.get('egress')?.items()?.map((item) => ({
        hosts: fieldsOf(item).get('hosts')?.strings() ?? [],
        at: item.at,
      })) ?? [],
    raw: value.raw(),
  } // biome-ignore format: chains
  spec.done()
  return sidecar
}

export function readEnvoyFilter(meta: Meta, value: Value): EnvoyFilter {
  const spec = fieldsOf(value)
  const selector = spec.get('workloadSelector')
  const refs = [spec.get('targetRef'), ...(spec.get('targetRefs')?.items() ?? [])].filter(
    (ref) => ref !== undefined,
  )
  const filter: EnvoyFilter = {
    ...meta,
    kind: 'EnvoyFilter',
    workloadSelector: selector && (fieldsOf(selector).get('labels')?.record() ?? {}),
    targetRefs: refs.map((ref) => {
      const inner = fieldsOf(ref)
      return {
        group: inner.get('group')?.string() ?? '',
        kind: inner.get('kind')?.string() ?? '',
        name: inner.get('name')?.string() ?? '',
        namespace: inner.get('namespace')?.string(),
        at: ref.at,
      }
    }),
    priority: spec.get('priority')?.number() ?? 0,
    configPatches:
      spec.get('configPatches')?.items()?.map((item) => {
        const inner = fieldsOf(item)
        const patch = inner.get('patch')
        const patchFields = patch && fieldsOf(patch)
        const found = {
          at: item.at,
          applyTo: inner.get('applyTo')?.string() ?? '',
          match: inner.get('match')?.raw(),
          patch: {
            operation: patchFields?.get('operation')?.string() ?? '',
            value: patchFields?.get('value')?.raw(),
            filterClass: patchFields?.get('filterClass')?.string(),
          },
        }
        patchFields?.done()
        inner.done()
        return found
      }) ?? [],
  } // biome-ignore format: chains
  spec.done()
  return filter
}
