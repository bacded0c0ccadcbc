import type { Labels, Mesh, Workload } from '../mesh/index.ts'
import { chainFor } from './accept.ts'
import { byAge, labelsInclude } from './attach.ts'
import { bindServices } from './bind-services.ts'
import type { Gateway } from './compiled-gateway.ts'
import { connectionFilters } from './connection-filters.ts'
import type { Context, Decision, DoorRequest, HeaderList } from './decision.ts'
import { compileEnvoyFilters } from './envoy-filter.ts'
import { decideGateway } from './evaluate.ts'
import { compileFilters, selectPolicies, targetOf } from './filters.ts'
import type { HttpFilter } from './flow.ts'
import { convertGateways, convertRoutes } from './gateway-api/index.ts'
import { gatewayConfig, sortGateways } from './gateway-selection.ts'
import type { PathDecision } from './hop.ts'
import { type Chain, compileGatewayProxy, type GatewayProxy, type GatewayWorld } from './listener.ts'
import { compileOutbound, type DecideOutbound, type Outbound } from './outbound.ts'
import { certificateForwarding, headRules } from './proxy-config.ts'
import { compileRegistry } from './registry.ts'
import type { EngineOptions, Filters, ProxyIdentity, VerificationKey } from './seam.ts'
import { withServing } from './serving/index.ts'
import { compileSidecar, type InboundArrival, type InboundConnection, type Sidecar } from './sidecar.ts'
import { trafficExtensions } from './traffic-extension.ts'
import { trustDomains } from './trust-domain.ts'
import { decidePath } from './walk.ts'
import { injectionOf, sidecarOf } from './workload-of.ts'

const nothing: GatewayProxy = { listeners: [], refused: [], skipped: [] }

/** A mesh ready to answer. Each proxy is compiled when it is first asked. */
export interface Door {
  /** With what Knative's and KServe's controllers make of it. */
  readonly mesh: Mesh
  /** Gateway workloads, the ingress gateway first. */
  readonly gateways: readonly ProxyIdentity[]
  /** The gateway pod in that namespace with those labels; the ingress gateway without `which`. */
  gateway(which?: { readonly namespace?: string; readonly labels?: Labels }): ProxyIdentity
  /** Listeners of a gateway, for whoever has to open them. */
  listeners(proxy: ProxyIdentity): GatewayProxy
  /** The filter chain of a gateway that a connection to this port with this SNI ends at. */
  chain(proxy: ProxyIdentity, connection: Pick<DoorRequest, 'port' | 'scheme' | 'sni'>): Chain | undefined
  /** What a sidecar takes a connection for; undefined = it closes it. */
  inbound(proxy: ProxyIdentity, arrival: InboundArrival): InboundConnection | undefined
  /** Whether callers speak the mesh's mTLS to a sidecar's container port by themselves. */
  takesMutual(proxy: ProxyIdentity, port: number): boolean
  decide(proxy: ProxyIdentity, request: DoorRequest, context: Context, hop?: number): Decision
  /** What the sidecar of a pod makes of a call that leaves it. */
  readonly outbound: DecideOutbound
  /** The VirtualServices it decides that by; undefined = none is about that host. */
  readonly outboundTable: Outbound['table']
  /** The whole way, from `entry` (the ingress gateway) to the workload. */
  decidePath(request: DoorRequest, context: Context, entry?: ProxyIdentity): PathDecision
  /** Keys the tokens of this proxy may be verified with; without `proxy`, of every proxy on any way. */
  keys(proxy?: ProxyIdentity): readonly VerificationKey[]
  /** Tokens (compact JWS) in a request, or in the headers of a provider's answer. */
  tokensIn(
    request: { readonly headers: HeaderList; readonly path: string },
    proxy?: ProxyIdentity,
  ): readonly string[]
}

interface Compiled {
  readonly keys: readonly VerificationKey[]
  readonly tokensIn: Filters['tokensIn']
  decide(request: DoorRequest, context: Context, hop: number): Decision
  readonly listeners?: GatewayProxy
  readonly inbound?: Sidecar['connection']
  readonly takesMutual?: Sidecar['takesMutual']
}

/**
 * @example
 * const door = compileDoor(mesh)
 * const decision = door.decide(door.gateway(), request, { answers: [], now, verified: () => false })
 */
export function compileDoor(given: Mesh, options: EngineOptions = {}): Door {
  const mesh = withServing(given)
  const registry = compileRegistry(mesh)
  const kubernetes = convertGateways(mesh)
  const configs = sortGateways([...mesh.gateways.map(gatewayConfig), ...kubernetes.configs])
  const services = [...bindServices(mesh), ...convertRoutes(mesh, registry, kubernetes.parents)].sort(byAge)
  const world: GatewayWorld = { mesh, registry, gateways: configs, services }
  const gateways = [...gatewayProxies(mesh), ...kubernetes.proxies]
  const compiled = new Map<string, Compiled>()
  /** The same proxy object comes again and again; its labels are compared only the first time. */
  const met = new WeakMap<ProxyIdentity, Compiled>()
  const of = (proxy: ProxyIdentity): Compiled => {
    const known = met.get(proxy)
    if (known !== undefined) return known
    const key = proxyKey(proxy)
    const fresh =
      compiled.get(key) ??
      (proxy.kind === 'gateway'
        ? compileGateway(world, proxy, options)
        : compileInbound(mesh, proxy, options))
    compiled.set(key, fresh)
    met.set(proxy, fresh)
    return fresh
  }
  let all: readonly ProxyIdentity[] | undefined
  const everyProxy = () => {
    all ??= [...gateways, ...verifyingSidecars(mesh, gateways)]
    return all
  }
  const outbound = compileOutbound(world)
  const door: Door = {
    mesh,
    gateways,
    gateway(which) {
      if (which === undefined) return gateways[0] as ProxyIdentity
      const { namespace, labels = {} } = which
      const found = gateways.find(
        (proxy) =>
          (namespace === undefined || proxy.namespace === namespace) &&
          Object.entries(labels).every(([key, value]) => proxy.labels[key] === value),
      )
      return found ?? { kind: 'gateway', namespace: namespace ?? mesh.meshConfig.rootNamespace, labels }
    },
    listeners: (proxy) => of(proxy).listeners ?? nothing,
    chain: (proxy, connection) => chainFor(of(proxy).listeners ?? nothing, connection),
    inbound: (proxy, arrival) => of(proxy).inbound?.(arrival),
    takesMutual: (proxy, port) => of(proxy).takesMutual?.(port) ?? true,
    decide: (proxy, request, context, hop = 0) => of(proxy).decide(request, context, hop),
    outbound: outbound.decide,
    outboundTable: outbound.table,
    decidePath: (request, context, entry) => decidePath(door, request, context, entry),
    keys: (proxy) => uniqueKeys((proxy ? [proxy] : everyProxy()).flatMap((entry) => of(entry).keys)),
    tokensIn: (request, proxy) =>
      proxy
        ? of(proxy).tokensIn(request)
        : [...new Set(everyProxy().flatMap((entry) => of(entry).tokensIn(request)))],
  }
  return door
}

/** Workloads whose sidecar some RequestAuthentication may select. */
function verifyingSidecars(mesh: Mesh, gateways: readonly ProxyIdentity[]): readonly ProxyIdentity[] {
  const { rootNamespace } = mesh.meshConfig
  const applies = (workload: Workload) =>
    mesh.requestAuthentications.some(
      (policy) =>
        policy.targetRefs.length === 0 &&
        (policy.namespace === rootNamespace || policy.namespace === workload.namespace) &&
        labelsInclude(workload.podLabels, policy.selector),
    )
  return mesh.workloads
    .filter((workload) => !gateways.some((proxy) => proxy.labels === workload.podLabels))
    .filter((workload) => injectionOf(mesh, workload) === 'sidecar' && applies(workload))
    .map(sidecarOf)
}

function compileGateway(world: GatewayWorld, proxy: ProxyIdentity, options: EngineOptions): Compiled {
  const { mesh } = world
  const filters = compileFilters(mesh, proxy, options)
  let connections: readonly HttpFilter[] | undefined
  const gateway: Gateway = {
    proxy: compileGatewayProxy(world, proxy),
    filters: () => filters,
    // Few gateways pass bytes.
    connections: () => {
      connections ??= gatewayConnections(world, proxy, options)
      return connections
    },
    head: headRules(mesh, proxy),
    certificates: certificateForwarding(mesh),
    last: {},
    localPrincipal: (chain) => {
      const { tls } = chain.server.server
      const name = tls?.credentialName?.value ?? tls?.credentialNames[0]?.value
      return name === undefined ? undefined : options.certificatePrincipal?.(proxy.namespace, name)
    },
  }
  return {
    keys: filters.keys,
    tokensIn: filters.tokensIn,
    listeners: gateway.proxy,
    decide: (request, context, hop) => decideGateway(gateway, request, context, hop),
  }
}

function gatewayConnections(
  { mesh, registry }: GatewayWorld,
  proxy: ProxyIdentity,
  options: EngineOptions,
): readonly HttpFilter[] {
  const policies = selectPolicies(mesh, targetOf(mesh, proxy))
  const context = { domains: trustDomains(mesh.meshConfig), tcp: true }
  const extensions = trafficExtensions(mesh, targetOf(mesh, proxy), 'gateway')
    .filter(({ place }) => place === 'network')
    .map(({ filter }) => filter)
  const own = connectionFilters(mesh, registry, proxy.namespace, policies, context)
  return compileEnvoyFilters(mesh, proxy, registry, options).applyToConnections([...extensions, ...own])
}

function compileInbound(mesh: Mesh, proxy: ProxyIdentity, options: EngineOptions): Compiled {
  const { namespace, labels, serviceAccount = 'default' } = proxy
  const sidecar: Sidecar = compileSidecar(mesh, { namespace, labels, serviceAccount }, options)
  return {
    keys: sidecar.keys,
    tokensIn: sidecar.tokensIn,
    inbound: sidecar.connection,
    takesMutual: sidecar.takesMutual,
    decide: (request, context, hop) => sidecar.decide(request, context, hop),
  }
}

/**
 * Pods some Gateway selects. The ingress gateway comes first: the Deployment of that name, or, where
 * the YAML has none, the pod Istio's own installation makes.
 */
function gatewayProxies(mesh: Mesh): readonly ProxyIdentity[] {
  const proxies: ProxyIdentity[] = []
  for (const workload of mesh.workloads) {
    const image = workload.containers.some(({ image }) => image === 'auto' || /(^|\/)proxyv2\b/.test(image))
    const selected = mesh.gateways.some(
      ({ selector }) =>
        selector !== undefined &&
        Object.keys(selector).length > 0 &&
        Object.entries(selector).every(([key, value]) => workload.podLabels[key] === value),
    )
    if (workload.name !== 'istio-ingressgateway' && !(selected || (image && workload.kind === 'Deployment')))
      continue
    const proxy: ProxyIdentity = {
      kind: 'gateway',
      namespace: workload.namespace,
      labels: workload.podLabels,
      serviceAccount: workload.serviceAccount,
    }
    if (workload.name === 'istio-ingressgateway') proxies.unshift(proxy)
    else proxies.push(proxy)
  }
  if (!mesh.workloads.some(({ name }) => name === 'istio-ingressgateway')) {
    proxies.unshift({
      kind: 'gateway',
      namespace: 'istio-system',
      labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
      serviceAccount: 'istio-ingressgateway-service-account',
    })
  }
  return proxies
}

function proxyKey(proxy: ProxyIdentity): string {
  const labels = Object.entries(proxy.labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([proxy.kind, proxy.namespace, proxy.serviceAccount ?? '', labels])
}

function uniqueKeys(keys: readonly VerificationKey[]): readonly VerificationKey[] {
  return [...new Map(keys.map((key) => [key.id, key])).values()]
}
