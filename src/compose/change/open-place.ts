import { Fault } from '../../base/index.ts'
import { addressOf, clusterAccess, openKubeApi, openObjects } from '../../kube/index.ts'
import type { Plan } from '../../planner/index.ts'
import type { ChangePlace } from './apply-plan.ts'

export interface PlaceOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly kubeconfig?: string
  readonly context?: string
  /** `--kube-as` */
  readonly as?: string
  readonly say: (line: string) => void
}

/** @throws Fault ERR_PLAN_ELSEWHERE where the plan was made for another cluster */
export function checkServer({ metadata: { name }, spec: { source } }: Plan, here: string): void {
  if (source.kind === 'cluster' && source.server !== here) {
    throw new Fault('ERR_PLAN_ELSEWHERE', { plan: name, made: source.server, here })
  }
}

/**
 * The cluster a plan is for: the context it was made from, unless another is named.
 *
 * @throws Fault ERR_KUBECONFIG
 */
export async function openPlace(plan: Plan, options: PlaceOptions): Promise<ChangePlace & { close(): void }> {
  const { env, kubeconfig, as, say } = options
  const { source } = plan.spec
  const made = source.kind === 'cluster' && source.context !== '' ? source.context : undefined
  const context = options.context ?? made
  const access = await clusterAccess(env, {
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  })
  const api = openKubeApi(access)
  return {
    env,
    objects: openObjects(api, as === undefined ? {} : { as }),
    server: addressOf(access),
    now: () => new Date(),
    say,
    close: () => api.close(),
  }
}
