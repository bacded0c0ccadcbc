/**
 * When what is to end on a day, or at a moment, is over. A day is one of UTC and counts to its end: what ends "on
 * 2030-12-31" is still meant on that day. A time says its zone, as RFC 3339 wants it: without one it would end at
 * another moment on every machine that reads it.
 *
 * @returns seconds since the epoch; undefined = neither a day of the calendar nor such a time
 */
export function parseUntil(text: string): number | undefined {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? []
  const midnight = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`)
  // `2026-02-31` would be read as a day of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined
  if (time === undefined) return midnight / 1000 + 86_400
  const moment = Date.parse(text)
  return Number.isNaN(moment) ? undefined : moment / 1000
}
