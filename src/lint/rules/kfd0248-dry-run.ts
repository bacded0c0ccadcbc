import { isDryRun } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A policy that is only written into a log. */
export const dryRun: Rule = {
  code: 'KFD0248',
  severity: 'info',
  title: 'a policy is in dry run and decides nothing',
  why: 'With `istio.io/dry-run: "true"` the outcome is logged and not enforced.',
  remedy: 'Remove the annotation when the log says what you expect.',

  *check({ mesh }) {
    for (const policy of mesh.authorizationPolicies) {
      if (policy.dryRun === undefined || !isDryRun(policy)) continue
      yield {
        message: `${nameOf(policy)} is in dry run: nothing is enforced`,
        evidence: [{ at: policy.dryRun.at, text: 'istio.io/dry-run: "true"' }],
      }
    }
  },
}
