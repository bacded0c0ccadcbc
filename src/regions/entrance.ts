import { type Chain, type Next, type ProxyIdentity, serviceTargets } from '../policy/index.ts'
import { bytesStage, type Stage, stageOf } from './stage.ts'
import { unchanged } from './through.ts'
import type { View } from './view.ts'

/** A way in: a gateway's listener, or a Service somebody inside the mesh calls. */
export interface Entrance {
  /** The same id means the same way in, in another door too. */
  readonly id: string
  /** For people: `istio-system/ingressgateway`, `inside the mesh`. */
  readonly door: string
  readonly scheme: 'http' | 'https'
  /** As a URL names it. */
  readonly port: number
  /** What is called, from inside. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly host: string }
}

/** An entrance as one door has it. */
export interface Spot {
  readonly entrance: Entrance
  /** Where a call from inside ends. */
  readonly next?: Next
  /** What a caller's own sidecar makes of the call, before it leaves the pod. */
  readonly leaving?: readonly Stage[]
  /** undefined = no proxy stands there. */
  readonly stage?: Stage
  readonly chain?: Chain
  readonly proxy?: ProxyIdentity
  /** Server names the chain takes, one of each kind; undefined = any. */
  readonly names?: readonly string[]
}

export function spotsOf(view: View): ReadonlyMap<string, Spot> {
  const spots = new Map<string, Spot>()
  for (const [door, proxy] of doorsOf(view)) {
    for (const listener of view.door.listeners(proxy).listeners) {
      for (const chain of listener.chains) {
        const { server } = chain.server
        const names = chain.serverNames?.join(',') ?? ''
        for (const scheme of schemesOf(chain)) {
          const id = `${door} ${scheme} ${server.port.number} ${names}`
          const entrance: Entrance = { id, door, scheme, port: server.port.number }
          const stage = stageAt(view, proxy, listener.port, chain)
          if (stage === undefined) continue
          spots.set(id, {
            entrance,
            stage,
            chain,
            proxy,
            ...(chain.serverNames && { names: chain.serverNames.map((name) => name.replace(/^\*/, 'x')) }),
          })
        }
      }
    }
  }
  for (const service of view.mesh.services) {
    const host = `${service.name}.${service.namespace}.svc.cluster.local`
    for (const { port } of service.ports) {
      const next = view.behind(host, port)
      if (next.kind === 'unknown' || (next.kind === 'end' && next.workload === undefined)) continue
      const id = `inside ${host}:${port}`
      const { namespace, name } = service
      const entrance: Entrance = {
        id,
        door: 'inside the mesh',
        scheme: 'http',
        port,
        service: { namespace, name, host },
      }
      const leaving = leavingOf(view, host, port)
      const common = { entrance, next, ...(leaving.length > 0 && { leaving }) }
      spots.set(id, next.kind === 'end' ? common : { ...common, stage: stageOf(view, next) })
    }
  }
  return spots
}

/** Bytes are handed on whatever they are, but for what a name in the TLS hello decides. */
function schemesOf({ tls, target, serverNames }: Chain): readonly Entrance['scheme'][] {
  if (target === undefined || tls) return [tls ? 'https' : 'http']
  return serverNames === undefined ? ['http', 'https'] : ['https']
}

function stageAt(view: View, proxy: ProxyIdentity, port: number, chain: Chain): Stage | undefined {
  const { table, target } = chain
  if (table !== undefined) return { insight: view.insight(proxy), table: table(), port, through: unchanged }
  return target && bytesStage(view, proxy, port, target)
}

const doors = new WeakMap<View, ReadonlyMap<string, ProxyIdentity>>()

/** Gateways a request from outside may come to, by name; two of one name by all their labels. */
export function doorsOf(view: View): ReadonlyMap<string, ProxyIdentity> {
  const known = doors.get(view)
  if (known !== undefined) return known
  const nameOf = ({ namespace, labels }: ProxyIdentity) =>
    `${namespace}/${labels.istio ?? labels.app ?? 'gateway'}`
  const all = entryGateways(view)
  const found = new Map(
    all.map((proxy) => {
      const name = nameOf(proxy)
      const alone = all.filter((other) => nameOf(other) === name).length === 1
      const labels = Object.entries(proxy.labels).map(([key, value]) => `${key}=${value}`)
      return [alone ? name : `${name} (${labels.sort().join(', ')})`, proxy] as const
    }),
  )
  doors.set(view, found)
  return found
}

/** The ingress gateway, and every other that a Service shows to the outside. */
function entryGateways(view: View): readonly ProxyIdentity[] {
  const [first, ...others] = view.door.gateways
  const shown = others.filter((proxy) => {
    const hosts = new Set(
      serviceTargets(view.mesh, proxy.namespace, proxy.labels).map((target) => target.host),
    )
    return view.mesh.services.some(
      (service) =>
        (service.type === 'LoadBalancer' || service.type === 'NodePort') &&
        hosts.has(`${service.name}.${service.namespace}.svc.cluster.local`),
    )
  })
  return first === undefined ? [] : [first, ...shown]
}

/** By the VirtualServices of the mesh; several where they are not known to every pod. */
function leavingOf(view: View, host: string, port: number): readonly Stage[] {
  const { mesh } = view
  const everywhere = mesh.virtualServices.every(({ exportTo }) => exportTo === undefined)
  const all = [
    ...mesh.workloads.map(({ namespace, serviceAccount }) => ({ namespace, account: serviceAccount })),
    ...mesh.serviceAccounts.map(({ namespace, name }) => ({ namespace, account: name })),
  ]
  const alike = everywhere && mesh.sidecars.length === 0
  const callers = alike ? [{ namespace: host.split('.')[1] ?? '', account: '' }] : all
  const tables = new Set(callers.map((caller) => view.door.outboundTable({ host, port, ...caller })))
  return [...tables].flatMap((table): Stage[] =>
    table === undefined ? [] : [{ insight: view.noPolicies, table, port, through: unchanged }],
  )
}
