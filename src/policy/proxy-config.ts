import type { Mesh } from '../mesh/index.ts'
import { type PathRules, pathRules } from './path-normalization.ts'
import type { HeadRules } from './request-head.ts'
import type { ProxyIdentity } from './seam.ts'

/**
 * How a gateway reads requests: MeshConfig's normalization, and what `defaultConfig.
 * connectionSettings` and the pod's own `proxy.istio.io/config` put over it. Agrees with Istio
 * `core/connection_settings.go`.
 */
export function headRules(mesh: Mesh, proxy: ProxyIdentity): HeadRules {
  const { meshConfig } = mesh
  const pod = mesh.workloads.find(
    (workload) => workload.namespace === proxy.namespace && workload.podLabels === proxy.labels,
  )
  const settings = connectionSettings(meshConfig.raw)
  const edge = settings.profile === 'EDGE'
  const base = pathRules(meshConfig.pathNormalization)
  const merge = settings.httpMergeSlashes
  const slashes = settings.httpPathWithEscapedSlashesAction ?? (edge ? 'UNESCAPE_AND_REDIRECT' : undefined)
  const underscores = settings.httpHeadersWithUnderscoresAction ?? (edge ? 'REJECT_REQUEST' : undefined)
  const paths: PathRules = {
    normalize: base.normalize,
    mergeSlashes: typeof merge === 'boolean' ? merge : edge || base.mergeSlashes,
    escapedSlashes: slashAction(slashes) ?? base.escapedSlashes,
  }
  return {
    paths,
    useRemoteAddress: true,
    trustedHops: pod?.proxyConfig?.numTrustedProxies ?? meshConfig.numTrustedProxies,
    underscores:
      underscores === 'REJECT_REQUEST' ? 'reject' : underscores === 'DROP_HEADER' ? 'drop' : 'allow',
  }
}

/** `gatewayTopology.forwardClientCertDetails`: what becomes of `x-forwarded-client-cert` at a gateway. */
export function certificateForwarding(mesh: Mesh): CertificateForwarding {
  const topology = field(field(mesh.meshConfig.raw, 'defaultConfig'), 'gatewayTopology')
  const written = field(topology, 'forwardClientCertDetails')
  return forwardings.find((each) => each === written) ?? 'SANITIZE_SET'
}

const forwardings = [
  'SANITIZE_SET',
  'SANITIZE',
  'FORWARD_ONLY',
  'APPEND_FORWARD',
  'ALWAYS_FORWARD_ONLY',
] as const
export type CertificateForwarding = (typeof forwardings)[number]

interface ConnectionSettings {
  readonly profile?: unknown
  readonly httpMergeSlashes?: unknown
  readonly httpPathWithEscapedSlashesAction?: unknown
  readonly httpHeadersWithUnderscoresAction?: unknown
}

function connectionSettings(raw: unknown): ConnectionSettings {
  const config = field(field(raw, 'defaultConfig'), 'connectionSettings')
  return typeof config === 'object' && config !== null ? config : {}
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

function slashAction(action: unknown): PathRules['escapedSlashes'] | undefined {
  switch (action) {
    case 'KEEP_UNCHANGED':
      return 'keep'
    case 'REJECT_REQUEST':
      return 'reject'
    case 'UNESCAPE_AND_REDIRECT':
      return 'unescape-and-redirect'
    case 'UNESCAPE_AND_FORWARD':
      return 'unescape'
    default:
      return undefined
  }
}
