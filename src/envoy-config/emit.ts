import type { Mesh } from '../mesh/index.ts'
import { blueprintOf, compileDoor, type EngineOptions, type ProxyIdentity } from '../policy/index.ts'
import { bootstrap } from './bootstrap.ts'
import { clusterList, type ProviderUpstreamOf, type UpstreamOf } from './clusters.ts'
import { patchProblems } from './filter-patches.ts'
import { gatewayListeners } from './gateway.ts'
import { inboundListeners } from './inbound.ts'
import type { Json } from './json.ts'
import type { Bindings } from './listen.ts'
import type { Problem } from './problem.ts'
import type { TlsMaterial } from './tls-context.ts'

export interface EmitOptions {
  readonly engine?: EngineOptions
  readonly bindings: Bindings
  readonly upstream: UpstreamOf
  readonly provider: ProviderUpstreamOf
  readonly tls: TlsMaterial
  /** Clusters of several meshes in one Envoy need names of their own. */
  readonly rename?: (cluster: string) => string
}

export interface Emitted {
  readonly listeners: readonly Json[]
  readonly clusters: readonly Json[]
  readonly problems: readonly Problem[]
}

/** Everything one proxy of a mesh is configured with, for a stock Envoy. */
export function emitProxy(mesh: Mesh, proxy: ProxyIdentity, options: EmitOptions): Emitted {
  const blueprint = blueprintOf(mesh, proxy, options.engine)
  const clusters = clusterList({
    registry: blueprint.registry,
    upstream: options.upstream,
    providerUpstream: options.provider,
    rename: options.rename ?? ((cluster) => cluster),
  })
  const problems: Problem[] = [...patchProblems(blueprint)]
  const shared = {
    clusters,
    bindings: options.bindings,
    tls: options.tls,
    problem: (problem: Problem) => void problems.push(problem),
  }
  const listeners =
    proxy.kind === 'gateway'
      ? gatewayListeners(blueprint, compileDoor(mesh, options.engine).listeners(proxy), shared)
      : inboundListeners(blueprint, shared)
  return { listeners, clusters: clusters.list(), problems }
}

/** The whole configuration as Envoy reads it from a file. */
export function emitBootstrap(
  mesh: Mesh,
  proxy: ProxyIdentity,
  options: EmitOptions,
): Emitted & { readonly bootstrap: Json } {
  const emitted = emitProxy(mesh, proxy, options)
  return { ...emitted, bootstrap: bootstrap(emitted.listeners, emitted.clusters) }
}
