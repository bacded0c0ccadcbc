/**
 * Which Sidecar resource a pod's proxy gets: its namespace's own, those with a selector first and the
 * oldest of them, else the root namespace's. Agrees with Istio's push_context.go, initSidecarScopes and
 * getSidecarScope.
 */
import type { Labels, Mesh, SidecarResource } from '../mesh/index.ts'
import { byAge, labelsInclude } from './attach.ts'

const sorted = new WeakMap<Mesh, readonly SidecarResource[]>()

/** Oldest first; a mesh never changes, and every pod and port asks. */
function sidecarsByAge(mesh: Mesh): readonly SidecarResource[] {
  let known = sorted.get(mesh)
  if (known === undefined) {
    known = [...mesh.sidecars].sort(byAge)
    sorted.set(mesh, known)
  }
  return known
}

/** `labels` of a pod nobody knows are none. */
export function sidecarResourceOf(
  mesh: Mesh,
  namespace: string,
  labels: Labels,
): SidecarResource | undefined {
  const all = sidecarsByAge(mesh)
  const general = (of: string) =>
    all.find((one) => one.namespace === of && one.workloadSelector === undefined)
  return (
    all.find(
      (one) =>
        one.namespace === namespace &&
        one.workloadSelector !== undefined &&
        labelsInclude(labels, one.workloadSelector),
    ) ??
    general(namespace) ??
    general(mesh.meshConfig.rootNamespace)
  )
}
