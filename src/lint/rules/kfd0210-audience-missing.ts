import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'
import { isMachineRule } from './kfd0208-machine-issuer-missing.ts'

/** Any token of the cluster is taken, whatever it was made for. */
export const audienceMissing: Rule = {
  code: 'KFD0210',
  severity: 'warning',
  title: 'tokens of service accounts are taken whatever they were made for',
  why: 'A token made for one service can be replayed at another unless the audience is compared. Without `audiences` every token the cluster ever issued opens this door.',
  remedy: 'Write `audiences`, and let callers ask for it: `kubectl create token NAME --audience=AUDIENCE`.',

  *check({ mesh }) {
    for (const policy of mesh.requestAuthentications) {
      for (const rule of policy.jwtRules) {
        const { issuer, audiences } = rule
        if (audiences.length > 0 || !isMachineRule(rule)) continue
        yield {
          message: `${nameOf(policy)} takes tokens of \`${issuer.value}\` for any audience`,
          evidence: [{ at: issuer.at, text: issuer.value }],
        }
      }
    }
  },
}
