import type { At } from '../../base/index.ts'
import { type Mesh, type Service, type Workload, workloadsOf } from '../../mesh/index.ts'

/** An authorizer the mesh asks, and what it is. */
export interface NamedProvider {
  readonly kind: 'oauth2-proxy' | 'authservice' | 'other'
  /** Name in meshConfig.extensionProviders, or the EnvoyFilter's `namespace/name`, as in Check.provider. */
  readonly provider: string
  /** `oauth2-proxy.oauth2-proxy.svc.cluster.local` */
  readonly host: string
  readonly port?: number
  /** Where it is named. */
  readonly at: At
  readonly service?: Service
  readonly workload?: Workload
}

/**
 * Every authorizer the mesh names for ext_authz, in the order CUSTOM policies and EnvoyFilters name
 * them: services of extensionProviders that an AuthorizationPolicy uses, then clusters of EnvoyFilters.
 * What runs behind is told by the image of the workload the Service selects, else by the name.
 */
export function namedProviders(mesh: Mesh): readonly NamedProvider[] {
  const used = mesh.authorizationPolicies.flatMap((policy) =>
    policy.action?.value === 'CUSTOM' && policy.provider ? [policy.provider.value] : [],
  )
  const found: NamedProvider[] = []
  for (const name of new Set(used)) {
    const provider = mesh.meshConfig.extensionProviders.find((one) => one.name === name)
    if (!provider || provider.kind === 'other') continue
    // `namespace/host` is allowed here (istiod, extensionproviders.go).
    const host = provider.service.slice(provider.service.indexOf('/') + 1)
    found.push(identify(mesh, { provider: name, host, port: provider.port, at: provider.at }))
  }
  for (const filter of mesh.envoyFilters)
    for (const patch of filter.configPatches)
      for (const { host, port } of clustersIn(patch.patch.value))
        found.push(
          identify(mesh, {
            provider: `${filter.namespace}/${filter.name}`,
            host,
            at: patch.at,
            ...(port && { port }),
          }),
        )
  return found
}

/** Which of Kubeflow's two the mesh wants; undefined when it names neither. The first one named counts. */
export function authProviderKind(mesh: Mesh): 'oauth2-proxy' | 'authservice' | undefined {
  const known = namedProviders(mesh).find((one) => one.kind !== 'other')
  return known?.kind === 'other' ? undefined : known?.kind
}

/** The workload that runs that auth service: the one the mesh names, else one with its image. */
export function workloadOf(mesh: Mesh, kind: 'oauth2-proxy' | 'authservice'): Workload | undefined {
  const named = namedProviders(mesh).find((one) => one.kind === kind && one.workload)
  return named?.workload ?? mesh.workloads.find((one) => kindOfImage(one) === kind)
}

function identify(
  mesh: Mesh,
  named: Pick<NamedProvider, 'provider' | 'host' | 'port' | 'at'>,
): NamedProvider {
  const [name, namespace] = named.host.split('.')
  const service = mesh.services.find((one) => one.name === name && one.namespace === namespace)
  const workload = service && workloadsOf(service, mesh.workloads)[0]
  const kind = (workload && kindOfImage(workload)) ?? kindOfName(name ?? '')
  return { ...named, kind, ...(service && { service }), ...(workload && { workload }) }
}

function kindOfImage({ containers }: Workload): 'oauth2-proxy' | 'authservice' | undefined {
  for (const { image } of containers) {
    const path =
      image
        .toLowerCase()
        .split('@')[0]
        ?.replace(/:[^/:]*$/, '') ?? ''
    if (path.includes('oauth2-proxy') || path.includes('oauth2_proxy')) return 'oauth2-proxy'
    if (path.includes('authservice')) return 'authservice'
  }
  return undefined
}

function kindOfName(name: string): NamedProvider['kind'] {
  if (/oauth2[-_]?proxy/.test(name)) return 'oauth2-proxy'
  return name.includes('authservice') ? 'authservice' : 'other'
}

/** The clusters an ext_authz filter asks, over HTTP or gRPC. */
function clustersIn(value: unknown): { host: string; port?: number }[] {
  const config = field(value, 'typed_config') ?? field(value, 'typedConfig')
  const http = field(field(config, 'http_service'), 'server_uri')
  const grpc = field(field(config, 'grpc_service'), 'envoy_grpc')
  const clusters = [field(http, 'cluster'), field(grpc, 'cluster_name')]
  return clusters.flatMap((cluster) => {
    if (typeof cluster !== 'string') return []
    const [, port, , host] = cluster.split('|')
    return host ? [{ host, ...(port && { port: Number(port) }) }] : []
  })
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
