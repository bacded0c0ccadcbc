import type { AnyFault } from '../../src/base/index.ts'
import type { ApplyOptions, applyPlan, ChangePlace } from '../../src/compose/change/apply-plan.ts'
import type { Change, Plan } from '../../src/planner/index.ts'
import type { FaultyProxy } from '../parts/faulty-proxy.ts'
import type { Cluster } from '../parts/kubernetes.ts'
import type { Anything } from './cluster-dump.ts'

/** A plan about to be carried out, with a state folder of its own. */
export interface Run {
  readonly plan: Plan
  readonly place: ChangePlace
  /** `XDG_STATE_HOME` */
  readonly state: string
  apply(options?: ApplyOptions): ReturnType<typeof applyPlan>
}

/** A cluster with three policies `made`, `changed`, `removed`, beside which others are at work: what a test of it needs. */
export interface Beside {
  readonly folder: string
  readonly kubeconfig: string
  /** Path of the policies at the API server. */
  readonly policies: string
  cluster(): Cluster
  proxy(): FaultyProxy
  /** Makes `made`, changes `changed`, deletes `removed`. */
  threeChanges(): readonly Change[]
  run(changes: readonly Change[], context?: string): Promise<Run>
  read(name: string): Promise<Anything>
  edit(name: string, path: string): Promise<void>
  applied(object: Anything, manager?: string): Promise<void>
  policy(name: string, path: string): Anything
  /** The user `limited` has these verbs over policies, and no others. */
  grant(verbs: readonly string[]): Promise<void>
  faultOf(work: Promise<unknown>): Promise<AnyFault>
  writesNothing(work: () => Promise<unknown>): Promise<void>
  /** The command line, in a process of its own. `fileBlocks`: no file may be larger, as on a disk that is full. */
  type(
    words: readonly string[],
    state: string,
    options?: { readonly fileBlocks?: number; readonly kubeconfig?: string },
  ): Promise<{ readonly out: string; readonly err: string; readonly code: number }>
}
