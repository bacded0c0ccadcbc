import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A CUSTOM policy whose provider istiod refuses or does not find. */
export const providerUnusable: Rule = {
  code: 'KFD0205',
  severity: 'error',
  title: 'a CUSTOM policy names a provider that cannot be used',
  why: 'Istio does not ignore such a policy: every request its rules match is refused with `RBAC: access denied`. It happens when an upgrade replaces the mesh configuration.',
  remedy: 'Name the provider in `meshConfig.extensionProviders`, with a Service that is in the mesh.',

  *check({ mesh, queries }) {
    for (const policy of mesh.authorizationPolicies) {
      if (policy.action?.value !== 'CUSTOM' || policy.provider === undefined) continue
      const problem = queries.providerProblem(policy.provider.value, policy.namespace)
      if (problem === undefined) continue
      yield {
        message: `provider \`${policy.provider.value}\` of ${nameOf(policy)} ${problem}`,
        evidence: [{ at: policy.provider.at, text: policy.provider.value }],
      }
    }
    const seen = new Map<string, { readonly line: number }>()
    for (const { name, at } of mesh.meshConfig.extensionProviders) {
      if (seen.has(name)) {
        yield {
          severity: 'warning',
          message: `extension provider \`${name}\` is configured twice; only the last one counts`,
          evidence: [{ at, text: name }],
        }
      }
      seen.set(name, at)
    }
  },
}
