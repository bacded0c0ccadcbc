import type { AuthorizationRule } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** `rules: [{}]` on a workload that stands behind a door. */
export const allowsEverybody: Rule = {
  code: 'KFD0219',
  severity: 'warning',
  title: 'a workload behind the door lets in every caller',
  why: 'An empty rule allows whoever reaches the pod: every other pod of the cluster, with any identity header it likes. The sign-in at the gateway is then the only lock, and it is walked around from inside.',
  remedy: 'Name who may call: the gateway’s service account in `principals`, or `namespaces`.',

  *check({ mesh, queries }) {
    for (const policy of mesh.authorizationPolicies) {
      if (actionOf(policy) !== 'ALLOW') continue
      const open = policy.rules?.find(({ from, to, when }) => !to && !when && (!from || from.some(isAnybody)))
      if (open === undefined) continue
      const behind = queries
        .proxies()
        .find(
          ({ proxy, workload }) =>
            workload !== undefined && queries.selects(policy, proxy) && isServed(workload.podLabels),
        )
      if (behind === undefined) continue
      yield {
        message: `${nameOf(policy)} lets every caller${open.from ? ' with a sidecar' : ''} reach ${behind.name}`,
        evidence: [{ at: open.at, text: open.from ? "from: '*'" : 'rules: [{}]' }],
      }
    }
  },
}

/** Models and Pipelines: what the door is there to guard. */
function isServed(labels: Readonly<Record<string, string>>): boolean {
  return (
    labels['serving.kserve.io/inferenceservice'] !== undefined ||
    labels['serving.knative.dev/service'] !== undefined ||
    labels.app === 'ml-pipeline'
  )
}

/** A source that names every principal or namespace, and asks nothing else. */
function isAnybody({ source }: NonNullable<AuthorizationRule['from']>[number]): boolean {
  if (source === undefined) return false
  const { at: _, ...fields } = source
  const written = Object.entries(fields).filter(([, values]) => values !== undefined)
  return written.every(
    ([field, values]) =>
      (field === 'principals' || field === 'namespaces') && values?.some(({ value }) => value === '*'),
  )
}
