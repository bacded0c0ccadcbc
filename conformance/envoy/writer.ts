/** Who writes the configuration an Envoy runs: our emitter, or a control plane. */
import {
  behindProxyProtocol,
  type Emitted,
  emitProxy,
  type MeshIdentity,
  type Upstream,
} from '../../src/envoy-config/index.ts'
import type { Mesh } from '../../src/mesh/index.ts'
import type { ProxyIdentity } from '../../src/policy/index.ts'
import { materialOf } from './material.ts'

/** What surrounds a proxy that shares an Envoy with others. */
export interface Site {
  /** Where a port of the mesh is opened; a sidecar's all at 15006. */
  readonly placeOf: (meshPort: number) => { readonly address: string; readonly port: number }
  readonly listenerName: (listener: string) => string
  readonly rename: (cluster: string) => string
  readonly echo: (cluster: string, host: string) => Upstream | 'none'
  /** undefined = nobody that answers checks. */
  readonly authorizer: (cluster: string, protocol: 'http' | 'grpc') => Upstream | undefined
  readonly identity: MeshIdentity
}

/** A configuration to be written. */
export interface Subject {
  readonly name: string
  readonly mesh: Mesh
  readonly fetched: (uri: string) => string | undefined
}

export type Writer = (subject: Subject, proxy: ProxyIdentity, site: Site) => Emitted

const istioVersion = '1.31.0'

export const byEmitter: Writer = ({ mesh, fetched }, proxy, site) =>
  emitProxy(mesh, proxy, {
    engine: { istioVersion, fetched },
    bindings: behindProxyProtocol(site.placeOf, site.listenerName),
    upstream: ({ cluster, host }) => site.echo(cluster, host),
    provider: ({ cluster, protocol }) => site.authorizer(cluster, protocol),
    tls: materialOf(mesh, site.identity),
    rename: site.rename,
  })
