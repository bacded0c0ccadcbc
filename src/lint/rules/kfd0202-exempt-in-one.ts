import { exemptions } from '../exemptions.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A path taken out of one of the two policies that together ask for sign-in. */
export const exemptInOne: Rule = {
  code: 'KFD0202',
  severity: 'warning',
  title: 'a path is exempted from sign-in in one policy and not in the other',
  why: 'A door of oauth2-proxy has two locks: a CUSTOM policy sends callers without a token to sign in, and a DENY policy refuses whoever has no verified token after that. Exempting a path in one of them alone does not open it: it answers 403 instead of a sign-in page, or asks for sign-in all the same.',
  remedy:
    'For callers with tokens, exempt in the CUSTOM policy only and give the token an issuer (RequestAuthentication); then suppress this finding with that reason. To open the path to everybody, exempt in both, and know that it is public.',

  *check({ queries }) {
    for (const gateway of queries.gateways()) {
      for (const one of exemptions(queries, gateway)) {
        if (one.opens.length > 0 || (one.custom !== undefined) === (one.deny !== undefined)) continue
        const [here, there] = one.custom ? [one.custom, one.denies[0]] : [one.deny, one.customs[0]]
        if (here === undefined || there === undefined) continue
        yield {
          severity: one.custom ? 'info' : 'warning',
          message: one.custom
            ? `${nameOf(here.policy)} exempts \`${one.pattern}\`, ${nameOf(there)} does not: callers without a token get 403 there instead of a sign-in page`
            : `${nameOf(here.policy)} exempts \`${one.pattern}\`, ${nameOf(there)} does not: callers are still sent to sign in`,
          evidence: [{ at: here.at, text: one.pattern }],
        }
      }
    }
  },
}
