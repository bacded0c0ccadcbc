import { aroundGateways, type Door } from '../../policy/index.ts'

/** A way in on which no gateway of the mesh decides. */
export interface AroundRow {
  readonly kind: string
  readonly object: string
  readonly port?: number
  readonly service: string
  /** Proxies on the way; none = no policy of the mesh holds. */
  readonly proxies: readonly string[]
  readonly at: string
}

export function aroundRows(door: Door): readonly AroundRow[] {
  return aroundGateways(door).map(({ kind, object, port, service, proxies, at }) => ({
    kind,
    object: `${object.kind} ${object.namespace}/${object.name}`,
    ...(port !== undefined && { port }),
    service: `${service.namespace}/${service.name}:${service.port}`,
    proxies: proxies.map((proxy) => `${proxy.kind} of ${proxy.workload.namespace}/${proxy.workload.name}`),
    at: `${at.file}:${at.line}`,
  }))
}

export function aroundText({ kind, object, port, service, proxies, at }: AroundRow): string {
  const by = port === undefined ? kind : `${kind} ${port}`
  const held = proxies.length === 0 ? 'no policy of the mesh holds there' : `past ${proxies.join(', ')}`
  return `${by} of ${object} leads to ${service}: ${held} (${at})`
}
