import type { Offer } from '../queries.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Routes of an outward gateway that an anonymous request takes to the end. */
export const openDoor: Rule = {
  code: 'KFD0228',
  severity: 'error',
  title: 'anybody on the network reaches a workload',
  why: 'The gateway asks nobody to sign in on this route: no provider, no token, no rule stands before it. It happens when the EnvoyFilter or the CUSTOM policy that should ask is not applied.',
  remedy:
    'See `kfdoor explain` for the route; a CUSTOM policy whose selector fits the gateway’s pods has to ask.',

  *check({ queries }) {
    const signIn = queries.signInServices()
    for (const gateway of queries.gateways()) {
      if (!queries.isOutward(gateway)) continue
      const open = new Map<string, [Opened, ...Opened[]]>()
      for (const offer of queries.offers(gateway)) {
        const { host, path, method, targets, object } = offer
        const { verdict, service } = queries.anonymous(gateway, { host, path, method })
        // A route before it may have taken the request.
        if (verdict !== 'allow' || service === undefined || !targets.includes(service)) continue
        if (signIn.has(service)) continue
        const name = nameOf(object)
        const same = open.get(name)
        if (same === undefined) open.set(name, [{ offer, service }])
        else if (!same.some(({ offer: { at } }) => at.line === offer.at.line && at.file === offer.at.file))
          same.push({ offer, service })
      }
      for (const [name, [{ offer, service }, ...others]] of open) {
        const more = others.length > 0 ? `, and ${others.length} more of its routes` : ''
        yield {
          message: `an anonymous request to \`${offer.host}${offer.path}\` reaches ${service}${more}`,
          evidence: [{ at: offer.at, text: name }],
        }
      }
    }
  },
}

interface Opened {
  readonly offer: Offer
  readonly service: string
}
