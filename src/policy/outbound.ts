/**
 * A caller's own sidecar: VirtualServices of the mesh (`gateways: [mesh]`, or none) decide where a call
 * to a Service goes before it leaves the pod. Agrees with Istio's route.go,
 * BuildSidecarVirtualHostWrapper, for hosts a VirtualService names; any other call goes as it is.
 */
import type { At } from '../base/index.ts'
import { isSubsetOf } from '../mesh/index.ts'
import type { Gateway } from './compiled-gateway.ts'
import type { Context, Decision, DoorRequest, Step } from './decision.ts'
import { targetResolver } from './destinations.ts'
import { imports, reachOf } from './egress.ts'
import { decideGateway } from './evaluate.ts'
import type { MergedServer } from './gateway-servers.ts'
import { type GatewayWorld, seenFrom } from './listener.ts'
import { pathRules } from './path-normalization.ts'
import { serviceHost } from './registry.ts'
import { compileTable, findHost, type RouteTable } from './route-table.ts'
import type { Filters } from './seam.ts'

export interface OutboundCall {
  /** The Service's full host. */
  readonly host: string
  readonly port: number
  /** The namespace of the pod that calls, and its service account. */
  readonly namespace: string
  readonly account: string
}

export type DecideOutbound = (
  call: OutboundCall,
  request: DoorRequest,
  context: Context,
  hop: number,
) => Decision | undefined

export interface Outbound {
  /** undefined = no VirtualService of the mesh is about that host. */
  readonly decide: DecideOutbound
  /** The routes it decides by. */
  readonly table: (call: OutboundCall) => RouteTable | undefined
}

export function compileOutbound(world: GatewayWorld): Outbound {
  const tables = new Map<string, RouteTable>()
  const seen = new Map<string, GatewayWorld['services']>()
  const known = (service: GatewayWorld['services'][number], { namespace, account }: OutboundCall) =>
    imports(world.mesh, { namespace, name: account }, service)
  const { mesh } = world
  const isListed = ({ namespace, account }: OutboundCall, host: string) =>
    reachOf(mesh, { namespace, name: account }, host).kind === 'listed'
  // A star stands for the Services the proxy knows; for a name only where it knows none of those
  // (`route.go`, separateVSHostsAndServices).
  const about = (service: GatewayWorld['services'][number], call: OutboundCall) =>
    service.hosts.some(
      (each) =>
        isSubsetOf(call.host, each) &&
        (!each.startsWith('*') ||
          service.semantics === 'gateway' ||
          isListed(call, call.host) ||
          !mesh.services.some(({ name, namespace }) => {
            const host = serviceHost(name, namespace)
            return isSubsetOf(host, each) && isListed(call, host)
          })),
    )
  const visible = ({ namespace }: OutboundCall) => {
    const all =
      seen.get(namespace) ??
      seenFrom(world.services, namespace).filter(({ gateways }) => gateways.includes('mesh'))
    seen.set(namespace, all)
    return all
  }
  const tableOf: Outbound['table'] = (call) => {
    const { namespace, port } = call
    const services = visible(call).filter((service) => known(service, call) !== false)
    if (!services.some((service) => about(service, call))) return undefined
    const limits = world.mesh.sidecars.length > 0
    const names = limits ? services.map((each) => `${each.namespace}/${each.name}`).join() : ''
    const key = `${namespace} ${port} ${names}`
    let table = tables.get(key)
    if (table === undefined) {
      table = compileTable([serverOf(port)], {
        mesh: world.mesh,
        proxy: { kind: 'sidecar', namespace, labels: {} },
        resolve: targetResolver(world.mesh, world.registry, namespace),
        servicesOf: () => services,
      })
      tables.set(key, table)
    }
    return table
  }
  const decide: DecideOutbound = (call, request, context, hop) => {
    const table = tableOf(call)
    if (table === undefined) return undefined
    const differs = visible(call).find(
      (service) => about(service, call) && known(service, call) === undefined,
    )
    if (differs !== undefined) return differing(differs.object, hop, context.trace !== false)
    const { port } = call
    const server = serverOf(port)
    const decision = decideGateway(
      gatewayOf(world, server, isListed(call, call.host) ? named(table, call, request.host) : table),
      { ...request, port, scheme: 'http' },
      context,
      hop,
    )
    // The listener is nobody's object: every sidecar has it.
    const steps = decision.steps
      .filter(({ phase }) => phase !== 'listener')
      .map((step) =>
        step.phase === 'route' && step.object?.kind === 'mesh' ? { ...step, object: undefined } : step,
      )
    return { ...decision, steps } as Decision
  }
  return { decide, table: tableOf }
}

/** Pods of the caller have different Sidecars, and only some know the VirtualService. */
function differing(object: Step['object'], hop: number, trace: boolean): Decision {
  const reason = 'egress-differs'
  const text = `${object?.namespace}/${object?.name} is not known to it, as the Sidecar of some of its pods has it, and of others not`
  const step: Step = { hop, phase: 'sidecar', outcome: 'unknown', reason, text, ...(object && { object }) }
  return { kind: 'unknown', verdict: 'unknown', reason, steps: trace ? [step] : [], checks: [] }
}

/** A Service's short names stand for its host (`generateVirtualHostDomains`). */
function named(table: RouteTable, call: OutboundCall, sent: string): RouteTable {
  const written = sent.toLowerCase().replace(/:\d+$/, '')
  if (table.hosts.has(written)) return table
  const [name = '', namespace = ''] = call.host.split('.')
  const short = [
    `${name}.${namespace}.svc`,
    `${name}.${namespace}`,
    ...(namespace === call.namespace ? [name] : []),
  ]
  // By a star too: that stands for the Service, and so for all its names.
  const host = short.includes(written) ? findHost(table, call.host) : undefined
  if (host === undefined) return table
  return { ...table, hosts: new Map([...table.hosts, [written, host]]) }
}

const nowhere: At = { file: '', line: 0 }

function serverOf(number: number): MergedServer {
  const server = {
    at: nowhere,
    port: { number, name: 'http', protocol: 'HTTP' },
    hosts: [{ value: '*', at: nowhere }],
  }
  return {
    gateway: {
      key: 'mesh',
      namespace: '',
      name: 'mesh',
      object: { kind: 'mesh', namespace: '', name: 'mesh' },
      servers: [server],
    },
    server,
    hosts: ['*'],
    routeName: String(number),
  }
}

function gatewayOf(world: GatewayWorld, server: MergedServer, table: RouteTable): Gateway {
  const { number } = server.server.port
  const chain = { server, tls: false, table: () => table }
  return {
    proxy: { listeners: [{ port: number, bind: '', chains: [chain] }], refused: [], skipped: [] },
    filters: () => untouched,
    connections: () => [],
    head: {
      paths: pathRules(world.mesh.meshConfig.pathNormalization),
      useRemoteAddress: false,
      trustedHops: 0,
      underscores: 'allow',
    },
    certificates: 'SANITIZE',
  }
}

/** Policies hold where a call arrives, not where it leaves. */
const untouched: Filters = {
  keys: [],
  tokensIn: () => [],
  run: ({ request }) => ({
    kind: 'pass',
    headers: request.headers,
    path: request.path,
    host: request.host,
    reroute: false,
    downstream: { set: [], add: [] },
    steps: [],
    checks: [],
    reason: 'route-matched',
  }),
}
