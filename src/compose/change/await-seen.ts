import type { KubeObject, KubeObjects } from '../../kube/index.ts'
import { type ObjectName, textOf } from '../../planner/index.ts'
import type { Step } from './journal.ts'

export interface SeenObject {
  readonly object: ObjectName
  /** `unseen`: whoever acts on it keeps no record of it in the object, so it cannot be told. */
  readonly seen: 'yes' | 'late' | 'unseen'
}

/** Kinds whose controllers say which generation they have acted on, in every cluster. */
const reporting = new Set([
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'serving.kserve.io/InferenceService',
  'serving.knative.dev/Service',
  'gateway.networking.k8s.io/Gateway',
  'gateway.networking.k8s.io/HTTPRoute',
  'gateway.networking.k8s.io/GRPCRoute',
])

/**
 * Waits until controllers have seen what was written, where an object tells: its status names the
 * generation it is about. istiod writes no status unless it is told to, so most of a mesh's objects are
 * `unseen`, and only the door itself can be asked.
 */
export async function awaitSeen(
  objects: KubeObjects,
  steps: readonly Step[],
  timeoutMs: number,
): Promise<readonly SeenObject[]> {
  const signal = AbortSignal.timeout(timeoutMs)
  return Promise.all(
    steps
      .filter(({ op, state }) => op !== 'delete' && state === 'written')
      .map(async ({ object }) => ({ object, seen: await seenOf(objects, object, signal) })),
  )
}

async function seenOf(
  objects: KubeObjects,
  object: ObjectName,
  signal: AbortSignal,
): Promise<SeenObject['seen']> {
  while (!signal.aborted) {
    const read = await objects.read(object)
    if (read.kind !== 'found') return 'unseen'
    const first = stateOf(object, read.object)
    if (first !== 'waiting') return first
    const { resourceVersion = '' } = read.object.metadata as { readonly resourceVersion?: string }
    let watched = false
    for await (const next of objects.watch(object, resourceVersion, signal)) {
      watched = true
      const state = stateOf(object, next)
      if (state !== 'waiting') return state
    }
    // A watch that never began is refused: nothing to wait for.
    if (!watched && !signal.aborted) return 'unseen'
  }
  return 'late'
}

interface Status {
  readonly observedGeneration?: number | string
  readonly conditions?: readonly { readonly observedGeneration?: number }[]
  readonly parents?: readonly { readonly conditions?: readonly { readonly observedGeneration?: number }[] }[]
}

function stateOf({ apiVersion, kind }: ObjectName, live: KubeObject): 'yes' | 'waiting' | 'unseen' {
  const { generation } = live.metadata as { readonly generation?: number }
  const status = (live.status ?? {}) as Status
  const conditions = [
    ...(status.conditions ?? []),
    ...(status.parents ?? []).flatMap((each) => each.conditions ?? []),
  ]
  const observed = [status, ...conditions].flatMap(({ observedGeneration: each }) =>
    each === undefined ? [] : [Number(each)],
  )
  const reports = reporting.has(`${apiVersion.replace(/\/.*/, '')}/${kind}`)
  if (generation === undefined || (observed.length === 0 && !reports)) return 'unseen'
  return observed.length > 0 && observed.every((each) => each >= generation) ? 'yes' : 'waiting'
}

/** For a person: what was waited for, and what cannot be seen. */
export function seenText(seen: readonly SeenObject[]): readonly string[] {
  const named = (state: SeenObject['seen']) =>
    seen.filter((each) => each.seen === state).map(({ object }) => textOf(object))
  const [yes, late, unseen] = [named('yes'), named('late'), named('unseen')]
  return [
    ...(yes.length > 0 ? [`seen by its controller: ${yes.join(', ')}`] : []),
    ...(late.length > 0 ? [`not seen by its controller in time: ${late.join(', ')}`] : []),
    ...(unseen.length > 0
      ? [
          `whether the mesh has it cannot be seen in ${unseen.length === 1 ? 'this object' : 'these objects'}: ${unseen.join(', ')}; ask the door itself`,
        ]
      : []),
  ]
}
