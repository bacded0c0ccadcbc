/**
 * External authorizers: MeshConfig's `extensionProviders` as Istio accepts them, and Kubeflow's old
 * EnvoyFilter, which configures the same Envoy filter by hand.
 *
 * Agrees with Istio's pilot/pkg/security/authz/builder/extauthz.go. A provider it refuses turns the
 * policies that name it into denials (builder.go, getBadCustomDenyRules).
 */
import type { At } from '../base/index.ts'
import type { ExtensionProvider, Mesh } from '../mesh/index.ts'
import type { Registry } from './registry.ts'
import { isVisible, lookUp } from './registry.ts'
import { lowerCase } from './value-pattern.ts'

/** What both protocols share. */
interface Common {
  readonly name: string
  readonly at: At
  readonly cluster: string
  /** Why every check fails before it is sent; undefined = it can be reached. */
  readonly unreachable?: 'no-cluster' | 'not-http2'
  readonly timeoutMs: number
  readonly failOpen: boolean
  readonly statusOnError: number
  readonly body?: {
    readonly maxBytes: number
    readonly allowPartial: boolean
    readonly asBytes: boolean
  }
  readonly clearRouteCache: boolean
}

export interface HttpProvider extends Common {
  readonly protocol: 'http'
  readonly pathPrefix: string
  readonly requestHeaders: readonly NameMatch[]
  /** Values are Envoy format strings; sorted by name. */
  readonly addedHeaders: readonly (readonly [name: string, value: string])[]
  readonly upstreamOnAllow: readonly NameMatch[]
  /** Adds to the request instead of replacing; only an EnvoyFilter can say so. */
  readonly upstreamToAppend: readonly NameMatch[]
  /** Empty = every header of the answer. */
  readonly downstreamOnDeny: readonly NameMatch[]
  readonly downstreamOnAllow: readonly NameMatch[]
}

export interface GrpcProvider extends Common {
  readonly protocol: 'grpc'
}

export type Provider = HttpProvider | GrpcProvider

/** A provider Istio refuses, or does not find. */
export interface BadProvider {
  readonly name: string
  readonly at?: At
  readonly problem: string
}

/** Header names are compared without case. */
export interface NameMatch {
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains'
  readonly text: string
}

export function matchesName(matches: readonly NameMatch[], name: string): boolean {
  for (const match of matches) {
    if (match.kind === 'exact' ? name === match.text : partlyMatches(match, name)) return true
  }
  return false
}

function partlyMatches({ kind, text }: NameMatch, name: string): boolean {
  if (kind === 'prefix') return name.startsWith(text)
  return kind === 'suffix' ? name.endsWith(text) : name.includes(text)
}

function nameMatch(written: string): NameMatch {
  const text = lowerCase(written)
  if (text.startsWith('*')) return { kind: 'suffix', text: text.slice(1) }
  if (text.endsWith('*')) return { kind: 'prefix', text: text.slice(0, -1) }
  return { kind: 'exact', text }
}

/** Statuses Envoy's HttpStatus knows; anything else in `statusOnError` is refused. */
const statuses = new Set([
  0, 100, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401,
  402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426,
  428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
])

const defaultTimeoutMs = 600_000

/** The provider a CUSTOM policy names, as a proxy in `namespace` can call it. */
export function compileProvider(
  mesh: Mesh,
  registry: Registry,
  name: string,
  namespace: string,
): Provider | BadProvider {
  // The mesh configuration keeps one provider per name, the last.
  const config = mesh.meshConfig.extensionProviders.findLast((provider) => provider.name === name)
  if (config === undefined || config.kind === 'other') {
    const known = mesh.meshConfig.extensionProviders.filter((each) => each.kind !== 'other')
    const list = known.map((each) => each.name).join(', ') || 'none'
    return { name, problem: `is not among the mesh's authorizers (${list})` }
  }
  const problem = problemOf(config, registry)
  if (problem !== undefined) return { name, at: config.at, problem }
  const service = lookUp(registry, config.service)
  if (service === undefined) return { name, at: config.at, problem: `service ${config.service} is unknown` }
  const port = service.ports.find((each) => each.number === config.port)
  const reachable = port !== undefined && isVisible(service, namespace)
  const body = config.includeRequestBodyInCheck
  const common: Common = {
    name,
    at: config.at,
    cluster: `outbound|${config.port}||${service.host}`,
    ...(!reachable && { unreachable: 'no-cluster' as const }),
    timeoutMs: config.timeoutMs ?? defaultTimeoutMs,
    failOpen: config.failOpen,
    // 0 is an accepted status, and Envoy then falls back to 403 as for none.
    statusOnError: Number(config.statusOnError || 0) || 403,
    ...(body && {
      body: {
        maxBytes: body.maxRequestBytes,
        allowPartial: body.allowPartialMessage,
        asBytes: body.packAsBytes,
      },
    }),
    // istiod takes `clearRouteCache` and does not hand it to Envoy (istio/istio#61558).
    clearRouteCache: false,
  }
  if (config.kind === 'envoyExtAuthzGrpc') {
    const plain = reachable && !isHttp2(port)
    return { ...common, protocol: 'grpc', ...(plain && { unreachable: 'not-http2' as const }) }
  }
  const included = config.includeRequestHeadersInCheck
  return {
    ...common,
    protocol: 'http',
    pathPrefix: config.pathPrefix ?? '',
    requestHeaders: (included.length > 0 ? included : config.includeHeadersInCheck).map((text) =>
      nameMatch(text.value),
    ),
    addedHeaders: Object.entries(config.includeAdditionalHeadersInCheck)
      .map(([header, value]) => [lowerCase(header), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    upstreamOnAllow: config.headersToUpstreamOnAllow.map((text) => nameMatch(text.value)),
    upstreamToAppend: [],
    downstreamOnDeny: config.headersToDownstreamOnDeny.map((text) => nameMatch(text.value)),
    downstreamOnAllow: config.headersToDownstreamOnAllow.map((text) => nameMatch(text.value)),
  }
}

function problemOf(config: ExtensionProvider, registry: Registry): string | undefined {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(config.name)) {
    return 'has a name that is not a DNS label (lower-case letters, digits and hyphens)'
  }
  if (!(config.port >= 1 && config.port <= 65535)) return `has port ${config.port}`
  if (lookUp(registry, config.service) === undefined) {
    return `names service ${config.service}, which is not in the mesh, or in several namespaces`
  }
  const status = config.statusOnError
  if (
    status !== undefined &&
    status !== '' &&
    !(/^[+-]?[0-9]+$/.test(status) && statuses.has(Number(status)))
  ) {
    return `has statusOnError ${status}`
  }
  if (config.kind !== 'envoyExtAuthzHttp') return undefined
  if (config.pathPrefix && !isPathPrefix(config.pathPrefix)) return `has pathPrefix ${config.pathPrefix}`
  const lists = [
    config.includeRequestHeadersInCheck,
    config.includeHeadersInCheck,
    config.headersToDownstreamOnDeny,
    config.headersToDownstreamOnAllow,
    config.headersToUpstreamOnAllow,
  ]
  return lists.some((list) => list.some((text) => text.value === '*'))
    ? 'lists a lone `*` as a header name'
    : undefined
}

/** Begins with a slash and parses as Go's net/url does. */
function isPathPrefix(prefix: string): boolean {
  if (!prefix.startsWith('/')) return false
  for (let i = 0; i < prefix.length; i++) {
    const code = prefix.charCodeAt(i)
    if (code < 32 || code === 127) return false
  }
  const path = prefix.replace(/[?#].*$/, '')
  return !/%(?![0-9a-fA-F]{2})/.test(path)
}

/** gRPC needs an HTTP/2 cluster, which istiod makes by the port's protocol. */
function isHttp2(port: { readonly name: string; readonly appProtocol?: string }): boolean {
  const http2 = ['grpc', 'grpc-web', 'http2']
  if (port.appProtocol !== undefined) {
    const protocol = lowerCase(port.appProtocol)
    return http2.includes(protocol) || protocol === 'kubernetes.io/h2c'
  }
  const name = lowerCase(port.name)
  return http2.some((protocol) => name === protocol || name.startsWith(`${protocol}-`))
}
