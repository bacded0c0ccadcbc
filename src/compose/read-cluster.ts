import { Document, visit } from 'yaml'
import { Fault } from '../base/index.ts'
import {
  addressOf,
  clusterAccess,
  openKubeApi,
  type Snapshot,
  type SnapshotOptions,
  takeSnapshot,
} from '../kube/index.ts'
import type { MeshInput } from '../mesh/index.ts'
import { spelling } from '../planner/index.ts'

export interface WhichCluster {
  readonly kubeconfig?: string
  readonly context?: string
}

/** Options of a snapshot with their usual values. */
export type ReadOptions = WhichCluster & Partial<Omit<SnapshotOptions, 'signal'>>

/**
 * The door of a cluster, read now.
 *
 * @throws Fault ERR_KUBECONFIG, ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED
 */
export async function readCluster(
  env: Readonly<Record<string, string | undefined>>,
  options: ReadOptions = {},
): Promise<Snapshot & { readonly server: string; readonly context?: string }> {
  const access = await clusterAccess(env, options)
  const api = openKubeApi(access)
  try {
    const { withSecrets = false, anonymize = false, namespaces, as, progress, marks, whole } = options
    const snapshot = await takeSnapshot(api, {
      withSecrets,
      anonymize,
      namespaces,
      as,
      progress,
      marks,
      ...(whole !== undefined && { whole }),
    })
    const { objects, incomplete } = snapshot
    if (objects.length === 0) {
      throw new Fault('ERR_CLUSTER_REFUSED', {
        server: addressOf(access),
        reason: incomplete[0] ?? 'it shows no object of a door',
      })
    }
    const { context } = access
    return { ...snapshot, server: addressOf(access), ...(context !== undefined && { context }) }
  } finally {
    api.close()
  }
}

/** A snapshot as a file: a List that kubectl reads too. `takenAt` RFC 3339. */
export function asYaml(snapshot: Snapshot, takenAt: string): string {
  const annotations = {
    'kfdoor.dev/snapshot': 'v1alpha1',
    'kfdoor.dev/taken-at': takenAt,
    ...(snapshot.incomplete.length > 0 && { 'kfdoor.dev/incomplete': snapshot.incomplete.join('\n') }),
  }
  const list = { apiVersion: 'v1', kind: 'List', metadata: { annotations }, items: snapshot.objects }
  const document = new Document(list, spelling)
  // A text of several lines is read by people.
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = 'BLOCK_LITERAL'
    },
  })
  return document.toString({ lineWidth: 0 })
}

/**
 * The cluster as an input beside files: `cluster:`, or `cluster:CONTEXT`. Its lines are those of
 * `kfdoor snapshot`, and the context is named in any case: a place has to be found again.
 */
export async function clusterInput(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  kubeconfig?: string,
): Promise<MeshInput> {
  const context = path.slice('cluster:'.length)
  const snapshot = await readCluster(env, {
    ...(context !== '' && { context }),
    ...(kubeconfig && { kubeconfig }),
  })
  return { file: `cluster:${snapshot.context ?? context}`, text: asYaml(snapshot, new Date().toISOString()) }
}
