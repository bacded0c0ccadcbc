import { injectionOf } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** A policy on pods without a proxy: nobody enforces it. */
export const noSidecar: Rule = {
  code: 'KFD0240',
  severity: 'warning',
  title: 'a policy selects pods that have no sidecar',
  why: 'Policies are enforced by the proxy beside the pod. Without one the policy is text: every caller of the cluster gets through.',
  remedy: 'Let the namespace or the pod be injected (`istio-injection: enabled`), or remove the policy.',

  *check({ mesh, queries }) {
    for (const policy of mesh.authorizationPolicies) {
      if (policy.selector === undefined || Object.keys(policy.selector).length === 0) continue
      if (actionOf(policy) === 'AUDIT') continue
      for (const workload of mesh.workloads) {
        const { namespace, podLabels: labels } = workload
        if (queries.door.gateways.some((proxy) => proxy.labels === labels)) continue
        if (!queries.selects(policy, { kind: 'sidecar', namespace, labels })) continue
        const injection = injectionOf(mesh, workload)
        if (injection === 'sidecar') continue
        const how =
          injection === 'ambient' ? 'is in ambient mode, where a waypoint enforces it' : 'has no sidecar'
        yield {
          ...(injection === 'ambient' && { severity: 'info' as const }),
          message: `${nameOf(policy)} selects ${nameOf(workload)}, which ${how}`,
          evidence: [
            { at: policy.at, text: nameOf(policy) },
            { at: workload.at, text: nameOf(workload) },
          ],
        }
      }
    }
  },
}
