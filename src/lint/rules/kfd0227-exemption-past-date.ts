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
      const ends = endOf(until)
      const evidence = [{ at: object.at, text: `${untilAnnotation}: ${until}` }] as const
      if (ends === undefined) {
        yield { severity: 'warning', message: `\`${until}\` of ${nameOf(object)} is no date`, evidence }
      } else if (now > ends) {
        yield { message: `${nameOf(object)} was to end on ${until}`, evidence }
      }
    }
  },
}

/** An RFC 3339 date or time on an object that opens something. */
const untilAnnotation = 'kfdoor.dev/until'

/** Seconds since the epoch; undefined = no date of the calendar. */
function endOf(until: string): number | undefined {
  const [day] = /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(until) ?? []
  if (day === undefined) return undefined
  const midnight = Date.parse(`${day}T00:00:00Z`)
  // `2026-02-31` would be read as a day of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined
  const ends = Date.parse(until)
  return Number.isNaN(ends) ? undefined : ends / 1000
}
