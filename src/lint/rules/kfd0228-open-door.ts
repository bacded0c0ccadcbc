import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'
import { pathOf, sampleHost } from '../witness.ts'

/** Routes of an outward gateway that an anonymous request takes to the end. */
export const openDoor: Rule = {
  code: 'KFD0228',
  severity: 'error',
  title: 'anybody on the network reaches a workload',
  why: 'The gateway asks nobody to sign in on this route: no provider, no token, no rule stands before it. It happens when the EnvoyFilter or the CUSTOM policy that should ask is not applied.',
  remedy:
    'See `kfdoor explain` for the route; a CUSTOM policy whose selector fits the gateway’s pods has to ask.',

  *check({ mesh, queries }) {
    const signIn = queries.signInServices()
    for (const gateway of queries.gateways()) {
      if (!queries.isOutward(gateway)) continue
      for (const service of mesh.virtualServices) {
        if (service.gateways === undefined) continue
        const open = service.http.flatMap((route) =>
          (route.match ?? [undefined]).flatMap((match) => {
            const path = pathOf(match)
            const host = sampleHost(service.hosts[0]?.value ?? '*')
            if (path === undefined || match?.method?.kind === 'regex') return []
            const method = match?.method?.kind === 'exact' ? match.method.text : 'GET'
            const asked = queries.anonymous(gateway, { host, path, method })
            const mine = route.route.some(({ destination }) =>
              isSameService(destination.host.value, asked.service, service.namespace),
            )
            const known = asked.service !== undefined && signIn.has(asked.service)
            return asked.verdict === 'allow' && mine && !known ? [{ route, path, host, asked }] : []
          }),
        )
        const [first] = open
        if (first === undefined) continue
        const more = open.length > 1 ? `, and ${open.length - 1} more of its routes` : ''
        yield {
          message: `an anonymous request to \`${first.host}${first.path}\` reaches ${first.asked.service}${more}`,
          evidence: [{ at: first.route.at, text: nameOf(service) }],
        }
      }
    }
  },
}

function isSameService(written: string, host: string | undefined, namespace: string): boolean {
  if (host === undefined) return false
  const [name = '', space = namespace] = written.split('.')
  return host === written || host === `${name}.${space}.svc.cluster.local`
}
