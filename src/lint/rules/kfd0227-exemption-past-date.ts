import { parseUntil } from '../../base/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** What was opened for a time, and is open still. */
export const exemptionPastDate: Rule = {
  code: 'KFD0227',
  severity: 'error',
  title: 'an exemption is past the day it should have ended',
  why: 'Annotation `kfdoor.dev/until` says until when something is opened: a day, which counts to its end in UTC, or a time with its zone. Nothing closes by itself.',
  remedy: 'Remove the object, or move the date.',

  *check({ mesh, now }) {
    const marked = [
      ...mesh.authorizationPolicies,
      ...mesh.requestAuthentications,
      ...mesh.virtualServices,
      ...mesh.envoyFilters,
      ...mesh.roleBindings,
      ...mesh.gateways,
      ...mesh.gatewayApi,
      ...mesh.services,
      ...mesh.serviceEntries,
      // PodDefault.
      ...mesh.others,
    ]
    for (const object of marked) {
      const until = object.annotations[untilAnnotation]
      if (until === undefined) continue
      const ends = parseUntil(until)
      const evidence = [{ at: object.at, text: `${untilAnnotation}: ${until}` }] as const
      if (ends === undefined) {
        yield {
          severity: 'warning',
          message: `\`${until}\` of ${nameOf(object)} is no date, nor a time with its zone`,
          evidence,
        }
      } else if (now >= ends) {
        yield {
          message: `${nameOf(object)} was to end ${until.includes('T') ? 'at' : 'on'} ${until}`,
          evidence,
        }
      }
    }
  },
}

/** An RFC 3339 date or time on an object that opens something. */
const untilAnnotation = 'kfdoor.dev/until'
