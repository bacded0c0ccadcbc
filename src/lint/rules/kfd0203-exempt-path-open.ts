import { exemptions } from '../exemptions.ts'
import type { Rule } from '../rule.ts'

/** An exemption through which an anonymous request reaches a workload. */
export const exemptPathOpen: Rule = {
  code: 'KFD0203',
  severity: 'error',
  title: 'an exempted path is open to everybody',
  why: 'Whoever knows the URL gets in: no session, no token, nobody to name in a log. It is how models are opened by mistake when only one caller was meant.',
  remedy:
    'Take the exemption out of the DENY policy that asks for a token, and let callers send a service account’s token (`kfdoor explain POST URL --as sa:NS/NAME`). If the path is meant for everybody, suppress this finding with the reason.',

  *check({ queries }) {
    const signIn = queries.signInServices()
    for (const gateway of queries.gateways()) {
      for (const one of exemptions(queries, gateway)) {
        const place = one.deny ?? one.custom
        if (place === undefined) continue
        const isSignIn = ({ service }: { service?: string }) => service !== undefined && signIn.has(service)
        // One for each pattern, and the others' hosts are as open.
        const [opens] = one.opens.filter((each) => !isSignIn(each))
        if (opens === undefined) continue
        const how = opens.header ? ` that carries any Authorization header` : ''
        yield {
          // What is left out for the sign-in's own pages is left out on hosts that have none.
          ...(one.opens.some(isSignIn) && { severity: 'warning' as const }),
          message: `anybody's request${how} to \`${opens.host}${opens.path}\` reaches ${opens.service}, because \`${one.pattern}\` is exempted`,
          evidence: [
            { at: place.at, text: one.pattern },
            ...(one.deny && one.custom ? [{ at: one.custom.at, text: one.pattern }] : []),
          ],
        }
      }
    }
  },
}
