/**
 * Whether a workload's port takes mutual TLS, plain text, or both.
 *
 * Agrees with Istio's pilot/pkg/security/authn/policy_applier.go, ComposePeerAuthentication: of each
 * scope (workload, namespace, mesh) the oldest counts, and UNSET inherits.
 */
import type { Mesh, MtlsMode, PeerAuthentication } from '../mesh/index.ts'
import { byAge, labelsInclude, type PolicyTarget } from './attach.ts'

export type PortMode = Exclude<MtlsMode, 'UNSET'>

export interface PeerModes {
  readonly mode: PortMode
  /** By container port; also for ports no Service declares. */
  readonly ports: ReadonlyMap<number, PortMode>
  /** What said so, closest scope first. */
  readonly from: readonly PeerAuthentication[]
}

export function modeOf(modes: PeerModes, port: number): PortMode {
  return modes.ports.get(port) ?? modes.mode
}

/** Whether callers are given mTLS for the Services of a namespace at all; a workload's own policy is not asked. */
export function offersMutual(mesh: Mesh, namespace: string): boolean {
  const { autoMutual, rootNamespace } = mesh.meshConfig
  return autoMutual && composePeerModes(mesh, { namespace, labels: {}, rootNamespace }).mode !== 'DISABLE'
}

export function composePeerModes(mesh: Mesh, target: PolicyTarget): PeerModes {
  const { rootNamespace } = target
  const candidates = [...mesh.peerAuthentications].sort(byAge)
  const isWide = (policy: PeerAuthentication) => Object.keys(policy.selector ?? {}).length === 0
  const wide = (namespace: string) =>
    candidates.find((policy) => policy.namespace === namespace && isWide(policy))
  const root = wide(rootNamespace)
  const namespace = target.namespace === rootNamespace ? undefined : wide(target.namespace)
  // One with a selector in the root namespace is left out, even for the pods there.
  const workload = candidates.find(
    (policy) =>
      policy.namespace === target.namespace &&
      policy.namespace !== rootNamespace &&
      !isWide(policy) &&
      labelsInclude(target.labels, policy.selector),
  )
  let mode: PortMode = 'PERMISSIVE'
  for (const policy of [root, namespace, workload]) mode = resolve(policy?.mtls?.value, mode)
  const ports = new Map<number, PortMode>()
  // Port levels count only beside a selector.
  for (const [port, setting] of Object.entries(workload?.portLevelMtls ?? {})) {
    ports.set(Number(port), resolve(setting.value, mode))
  }
  const from = [workload, namespace, root].filter((policy) => policy !== undefined)
  return { mode, ports, from }
}

function resolve(written: MtlsMode | undefined, inherited: PortMode): PortMode {
  return written === undefined || written === 'UNSET' ? inherited : written
}
