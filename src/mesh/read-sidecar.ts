import type { Fields } from './fields.ts'
import type { Meta, SidecarResource } from './model.ts'
import { readPort, readServerTls } from './read-gateway.ts'
import { readWorkloadSelector } from './read-meta.ts'
import { plain } from './tree.ts'

/** networking.istio.io Sidecar (istio/api networking/v1alpha3/sidecar.proto). */
export function readSidecar(meta: Meta, spec: Fields): SidecarResource {
  spec.known('inboundConnectionPool')
  const outbound = spec.fields('outboundTrafficPolicy')
  outbound?.known('egressProxy')
  const outboundMode = outbound?.string('mode')
  outbound?.done()
  return {
    ...meta,
    kind: 'Sidecar',
    workloadSelector: readWorkloadSelector(spec),
    ...(outboundMode !== undefined && { outboundMode }),
    ingress: (spec.list('ingress') ?? []).map((listener) => {
      listener.known('captureMode', 'connectionPool')
      const tls = listener.fields('tls')
      const read = {
        port: readPort(listener),
        defaultEndpoint: listener.string('defaultEndpoint'),
        bind: listener.string('bind'),
        tls: tls && readServerTls(tls),
        at: listener.at,
      }
      listener.done()
      return read
    }),
    egress: (spec.list('egress') ?? []).map((listener) => {
      listener.known('port', 'bind', 'captureMode')
      const read = { hosts: listener.strings('hosts') ?? [], at: listener.at }
      listener.done()
      return read
    }),
    raw: plain(spec.node),
  }
}
