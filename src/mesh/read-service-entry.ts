import type { Fields } from './fields.ts'
import type { Meta, ServiceEntry } from './model.ts'
import { readWorkloadSelector } from './read-meta.ts'

/** networking.istio.io ServiceEntry (istio/api networking/v1alpha3/service_entry.proto). */
export function readServiceEntry(meta: Meta, spec: Fields): ServiceEntry {
  const hosts = spec.texts('hosts')
  if (!hosts?.length) spec.error('missing-hosts', '`spec.hosts` is missing or empty')
  spec.known('addresses', 'subjectAltNames')
  return {
    ...meta,
    kind: 'ServiceEntry',
    hosts: hosts ?? [],
    ports: (spec.list('ports') ?? []).map((port) => {
      const read = {
        number: port.int('number') ?? 0,
        name: port.string('name') ?? '',
        protocol: port.string('protocol') ?? '',
        targetPort: port.int('targetPort'),
      }
      port.done()
      return read
    }),
    location: spec.enumeration('location', ['MESH_EXTERNAL', 'MESH_INTERNAL'])?.value,
    resolution: spec.enumeration('resolution', ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'])
      ?.value,
    exportTo: spec.strings('exportTo'),
    endpoints: (spec.list('endpoints') ?? []).map((endpoint) => {
      endpoint.known('ports', 'network', 'locality', 'weight', 'serviceAccount')
      const read = { address: endpoint.string('address') ?? '', labels: endpoint.record('labels') ?? {} }
      endpoint.done()
      return read
    }),
    workloadSelector: readWorkloadSelector(spec),
  }
}
