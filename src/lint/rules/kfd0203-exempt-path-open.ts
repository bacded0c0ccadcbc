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

  *check({ mesh, queries }) {
    const signIn = queries.signInServices()
    for (const gateway of queries.gateways()) {
      for (const one of exemptions(mesh, queries, gateway)) {
        const { opens } = one
        if (opens === undefined || (opens.service !== undefined && signIn.has(opens.service))) continue
        const place = one.deny ?? one.custom
        if (place === undefined) continue
        const how = opens.header ? ` that carries any Authorization header` : ''
        yield {
          message: `anybody's request${how} to \`${opens.path}\` reaches ${opens.service}, because \`${one.pattern}\` is exempted`,
          evidence: [
            { at: place.at, text: one.pattern },
            ...(one.deny && one.custom ? [{ at: one.custom.at, text: one.pattern }] : []),
          ],
        }
      }
    }
  },
}
