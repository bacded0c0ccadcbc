/**
 * Gateway API Gateways as Istio sees them: one Istio Gateway per listener, bound to the pods of a
 * Service. Agrees with Istio `pilot/pkg/config/kube/gateway` (gateway_collection.go, conversion.go).
 */
import type { At } from '../../base/index.ts'
import type { Mesh, OtherObject, Server, ServerTls } from '../../mesh/index.ts'
import type { GatewayConfig } from '../gateway-servers.ts'
import type { ProxyIdentity } from '../seam.ts'
import { child, list, number, strings, text } from './json.ts'
import { compileGrants, type Granted } from './reference-grant.ts'

/** A listener routes may name as their parent. */
export interface Parent {
  readonly gateway: { readonly namespace: string; readonly name: string }
  /** The internal Gateway's `namespace/name`. */
  readonly key: string
  /** `namespace/host`. */
  readonly hosts: readonly string[]
  /** As written; empty = any. */
  readonly hostname: string
  readonly section: string
  readonly port: number
  readonly protocol: string
  readonly kinds: readonly string[]
}

export interface Listeners {
  readonly configs: readonly GatewayConfig[]
  readonly parents: readonly Parent[]
  /** Pods Istio deploys by itself. */
  readonly proxies: readonly ProxyIdentity[]
}

const controller = 'istio.io/gateway-controller'

/** Classes Istio makes without being asked (`gatewayclass.go`). */
const builtIn: Readonly<Record<string, string>> = {
  istio: controller,
  'istio-remote': 'istio.io/unmanaged-gateway',
  'istio-waypoint': 'istio.io/mesh-controller',
}

export function convertGateways(mesh: Mesh): Listeners {
  const granted = compileGrants(mesh)
  const configs: GatewayConfig[] = []
  const parents: Parent[] = []
  const proxies: ProxyIdentity[] = []
  for (const gateway of mesh.gatewayApi) {
    if (gateway.kind !== 'Gateway') continue
    const className = text(child(gateway.raw, 'spec', 'gatewayClassName')) ?? ''
    if (gatewayClassController(mesh, className) !== controller) continue
    const services = gatewayServices(gateway, className)
    if (services.length === 0) continue
    const managed = isManaged(gateway)
    const account = `${gateway.name}-${className}`
    if (managed) proxies.push(deployedProxy(gateway, account))
    for (const listener of list(child(gateway.raw, 'spec', 'listeners'))) {
      const converted = convertListener(mesh, gateway, listener, granted)
      if (converted === undefined) continue
      const { server, parent } = converted
      parents.push(parent)
      configs.push({
        key: parent.key,
        namespace: gateway.namespace,
        name: parent.key.slice(gateway.namespace.length + 1),
        object: { kind: 'Gateway', namespace: gateway.namespace, name: gateway.name },
        createdAt: gateway.createdAt,
        servers: [server],
        services,
        managed,
      })
    }
  }
  return { configs, parents, proxies }
}

/** Who serves Gateways of a class: `istio.io/…` is Istio. */
export function gatewayClassController(mesh: Mesh, className: string): string | undefined {
  const written = mesh.gatewayApi.find(({ kind, name }) => kind === 'GatewayClass' && name === className)
  return written === undefined ? builtIn[className] : text(child(written.raw, 'spec', 'controllerName'))
}

/** One address that names a host means: somebody else runs the pods. */
function isManaged(gateway: OtherObject): boolean {
  const addresses = list(child(gateway.raw, 'spec', 'addresses'))
  if (addresses.length !== 1) return addresses.length === 0
  return (text(child(addresses[0], 'type')) ?? 'IPAddress') === 'IPAddress'
}

function gatewayServices(gateway: OtherObject, className: string): readonly string[] {
  const { namespace } = gateway
  if (isManaged(gateway)) {
    const name = gateway.annotations['gateway.istio.io/name-override'] ?? `${gateway.name}-${className}`
    return [`${name}.${namespace}.svc.cluster.local`]
  }
  return list(child(gateway.raw, 'spec', 'addresses'))
    .filter((address) => text(child(address, 'type')) === 'Hostname')
    .map((address) => text(child(address, 'value')) ?? '')
    .map((host) => (host.includes('.') ? host : `${host}.${namespace}.svc.cluster.local`))
}

function deployedProxy(gateway: OtherObject, account: string): ProxyIdentity {
  return {
    kind: 'gateway',
    namespace: gateway.namespace,
    labels: { 'gateway.networking.k8s.io/gateway-name': gateway.name },
    serviceAccount: gateway.annotations['gateway.istio.io/service-account'] ?? account,
  }
}

/** `undefined` = the listener is not programmed: its port stays closed. */
function convertListener(
  mesh: Mesh,
  gateway: OtherObject,
  listener: unknown,
  granted: Granted,
): { readonly server: Server; readonly parent: Parent } | undefined {
  const { at, namespace, name } = gateway
  const protocol = text(child(listener, 'protocol')) ?? ''
  if (!['HTTP', 'HTTPS', 'TLS', 'TCP'].includes(protocol)) return undefined
  const tls = convertTls(mesh, gateway, child(listener, 'tls'), granted)
  if (tls === 'invalid') return undefined
  if (tls === undefined && (protocol === 'HTTPS' || protocol === 'TLS')) return undefined
  const section = text(child(listener, 'name')) ?? ''
  const port = number(child(listener, 'port')) ?? 0
  const hostname = text(child(listener, 'hostname')) ?? ''
  const namespaces = allowedNamespaces(mesh, namespace, child(listener, 'allowedRoutes', 'namespaces'))
  // `~` is a namespace nothing lives in: the listener is there, and no route is bound to it.
  const hosts = (namespaces.length === 0 ? ['~'] : namespaces).map((entry) => `${entry}/${hostname || '*'}`)
  return {
    server: {
      at,
      port: { number: port, name: 'default', protocol },
      hosts: hosts.map((value) => ({ value, at })),
      ...(tls && { tls }),
    },
    parent: {
      gateway: { namespace, name },
      key: `${namespace}/${name}~istio-autogenerated-k8s-gateway~${section}`,
      hosts,
      hostname,
      section,
      port,
      protocol,
      kinds: allowedKinds(protocol, child(listener, 'allowedRoutes', 'kinds')),
    },
  }
}

function allowedKinds(protocol: string, written: unknown): readonly string[] {
  const supported =
    protocol === 'HTTP' || protocol === 'HTTPS'
      ? ['HTTPRoute', 'GRPCRoute']
      : [protocol === 'TCP' ? 'TCPRoute' : 'TLSRoute']
  const kinds = list(written)
  if (kinds.length === 0) return supported
  const group = 'gateway.networking.k8s.io'
  return supported.filter((kind) =>
    kinds.some(
      (entry) => text(child(entry, 'kind')) === kind && (text(child(entry, 'group')) ?? group) === group,
    ),
  )
}

function allowedNamespaces(mesh: Mesh, own: string, written: unknown): readonly string[] {
  const from = text(child(written, 'from')) ?? 'Same'
  if (from === 'Same') return [own]
  const selector = child(written, 'selector')
  if (from === 'All' || selector === undefined) return ['*']
  return mesh.namespaces
    .filter(({ name, labels }) => selects(selector, { 'kubernetes.io/metadata.name': name, ...labels }))
    .map(({ name }) => name)
    .sort()
}

/** A Kubernetes label selector. */
function selects(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const wanted = child(selector, 'matchLabels')
  if (typeof wanted === 'object' && wanted !== null) {
    for (const [key, value] of Object.entries(wanted)) if (labels[key] !== value) return false
  }
  return list(child(selector, 'matchExpressions')).every((entry) => {
    const value = labels[text(child(entry, 'key')) ?? '']
    const values = strings(child(entry, 'values'))
    switch (text(child(entry, 'operator'))) {
      case 'In':
        return value !== undefined && values.includes(value)
      case 'NotIn':
        return value === undefined || !values.includes(value)
      case 'Exists':
        return value !== undefined
      case 'DoesNotExist':
        return value === undefined
      default:
        return false
    }
  })
}

function convertTls(
  mesh: Mesh,
  gateway: OtherObject,
  tls: unknown,
  granted: Granted,
): ServerTls | 'invalid' | undefined {
  if (tls === undefined || tls === null) return undefined
  const { at } = gateway
  if (text(child(tls, 'mode')) === 'Passthrough') return serverTls(at, 'PASSTHROUGH', undefined)
  const option = text(child(tls, 'options', 'gateway.istio.io/tls-terminate-mode'))
  if (option === 'ISTIO_MUTUAL') return serverTls(at, 'ISTIO_MUTUAL', undefined)
  const mode = option === 'MUTUAL' || option === 'OPTIONAL_MUTUAL' ? option : 'SIMPLE'
  if (option === 'ISTIO_SIMPLE') return serverTls(at, 'SIMPLE', undefined)
  const names = list(child(tls, 'certificateRefs')).flatMap((ref) => {
    const name = text(child(ref, 'name')) ?? ''
    const namespace = text(child(ref, 'namespace')) ?? gateway.namespace
    const kind = text(child(ref, 'kind')) ?? 'Secret'
    const group = text(child(ref, 'group')) ?? ''
    if (kind !== 'Secret' || group !== '') return []
    const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: gateway.namespace }
    if (namespace !== gateway.namespace && !granted(from, { group, kind, namespace, name })) return []
    const secret = mesh.secrets.some((entry) => entry.namespace === namespace && entry.name === name)
    return secret ? [`kubernetes-gateway://${namespace}/${name}`] : []
  })
  return names.length === 0 ? 'invalid' : serverTls(at, mode, names[0])
}

function serverTls(at: At, mode: string, credential: string | undefined): ServerTls {
  return {
    at,
    httpsRedirect: false,
    mode: { value: mode, at },
    credentialNames: [],
    subjectAltNames: [],
    ...(credential !== undefined && { credentialName: { value: credential, at } }),
  }
}
