import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** What was opened for a time, and is open still. */
export const exemptionPastDate: Rule = {
  code: 'KFD0227',
  severity: 'error',
  title: 'an exemption is past the day it should have ended',
  why: 'Annotation `kfdoor.dev/until` says on which day something opened for a time should end. Nothing closes by itself.',
  remedy: 'Remove the object, or move the date.',

  *check({ mesh, now }) {
    const marked = [
      ...mesh.authorizationPolicies,
      ...mesh.requestAuthentications,
      ...mesh.virtualServices,
      ...mesh.envoyFilters,
      ...mesh.roleBindings,
      // PodDefault.
      ...mesh.others,
    ]
    for (const object of marked) {
      const until = object.annotations[untilAnnotation]
      if (until === undefined) continue
      const ends = Date.parse(until) / 1000
      const evidence = [{ at: object.at, text: `${untilAnnotation}: ${until}` }] as const
      if (Number.isNaN(ends)) {
        yield { severity: 'warning', message: `\`${until}\` of ${nameOf(object)} is no date`, evidence }
      } else if (now > ends) {
        yield { message: `${nameOf(object)} was to end on ${until}`, evidence }
      }
    }
  },
}

/** An RFC 3339 date or time on an object that opens something. */
const untilAnnotation = 'kfdoor.dev/until'
