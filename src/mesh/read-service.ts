import type { Fields } from './fields.ts'
import type { Meta, Service } from './model.ts'

/** Kubernetes Service. */
export function readService(meta: Meta, spec: Fields | undefined): Service {
  return {
    ...meta,
    kind: 'Service',
    type: spec?.string('type') ?? 'ClusterIP',
    selector: spec?.record('selector'),
    ports: (spec?.list('ports') ?? []).map((port) => ({
      name: port.string('name') ?? '',
      port: port.int('port') ?? 0,
      targetPort: port.intOrString('targetPort'),
      nodePort: port.int('nodePort'),
      protocol: port.string('protocol') ?? 'TCP',
      appProtocol: port.string('appProtocol'),
    })),
    externalName: spec?.string('externalName'),
    clusterIP: spec?.string('clusterIP'),
    externalIPs: spec?.strings('externalIPs'),
  }
}
