import { isSubset } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { actionOf, nameOf } from '../walk.ts'

/** A policy whose selector fits no pod: it is there, and nothing is asked. */
export const policySelectsNothing: Rule = {
  code: 'KFD0229',
  severity: 'warning',
  title: 'a policy selects no workload',
  why: 'Labels in `selector` are those of pods, in the policy’s namespace (or the whole mesh, from the root namespace). One letter off, and the policy does nothing.',
  remedy: 'Compare with `kubectl get pods --show-labels`; a gateway of your own has labels of its own.',

  *check({ queries }) {
    // With the pods KServe's and Knative's controllers make.
    const { mesh } = queries.door
    if (mesh.workloads.length === 0) return
    for (const policy of [...mesh.authorizationPolicies, ...mesh.requestAuthentications]) {
      if (policy.selector === undefined || Object.keys(policy.selector).length === 0) continue
      // A policy that waits for pods of a namespace no pod of which is in the YAML says nothing.
      const known =
        policy.namespace === mesh.meshConfig.rootNamespace ||
        mesh.workloads.some(({ namespace }) => namespace === policy.namespace)
      if (!known) continue
      const gateways = queries.door.gateways.map((proxy) => ({
        namespace: proxy.namespace,
        podLabels: proxy.labels,
      }))
      const fits = [...mesh.workloads, ...gateways].some(
        ({ namespace, podLabels }) =>
          (policy.namespace === namespace || policy.namespace === mesh.meshConfig.rootNamespace) &&
          isSubset(policy.selector ?? {}, podLabels),
      )
      if (fits) continue
      const asks = policy.kind === 'AuthorizationPolicy' && actionOf(policy) === 'CUSTOM'
      yield {
        ...(asks && { severity: 'error' as const }),
        message: `${nameOf(policy)} selects no pod that is in the YAML${asks ? ': nobody is asked to sign in by it' : ''}`,
        evidence: [{ at: policy.at, text: JSON.stringify(policy.selector) }],
      }
    }
  },
}
