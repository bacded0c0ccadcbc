/**
 * Whether a schedule is one that Pipelines takes: the five or six fields of robfig/cron 1.2
 * (`second minute hour day month [weekday]`), or a descriptor such as `@daily` or `@every 1h30m`.
 */

interface Span {
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const spans: readonly Span[] = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
]

const descriptors = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/
const every = /^@every ((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/

/** Undefined when the schedule is good, else what is wrong, as robfig/cron says it. */
export function cronProblem(schedule: string): string | undefined {
  if (schedule === '') return 'Empty spec string'
  if (schedule.startsWith('@')) {
    if (descriptors.test(schedule) || every.test(schedule)) return undefined
    return schedule.startsWith('@every ')
      ? `Failed to parse duration ${schedule}: invalid duration`
      : `Unrecognized descriptor: ${schedule}`
  }
  const fields = schedule.split(/\s+/).filter(Boolean)
  if (fields.length < 5 || fields.length > 6) {
    return `Expected 5 to 6 fields, found ${fields.length}: ${schedule}`
  }
  for (const [i, field] of fields.entries()) {
    for (const part of field.split(',').filter(Boolean)) {
      const problem = rangeProblem(part, spans[i] as Span)
      if (problem) return problem
    }
  }
  return undefined
}

function rangeProblem(part: string, span: Span): string | undefined {
  const [range = '', step, ...more] = part.split('/')
  if (more.length > 0) return `Too many slashes: ${part}`
  if (step !== undefined && !/^\d+$/.test(step)) return `Failed to parse int from ${step}`
  if (step !== undefined && Number(step) === 0) return `Step of range should be a positive number: ${part}`
  const [low = '', high, ...rest] = range.split('-')
  if (rest.length > 0) return `Too many hyphens: ${part}`
  if (low === '*' || low === '?') return undefined
  const from = numberOf(low, span)
  if (from === undefined) return `Failed to parse int from ${low}`
  // `N/step` runs to the end of the span.
  const to = high === undefined ? (step === undefined ? from : span.max) : numberOf(high, span)
  if (to === undefined) return `Failed to parse int from ${high}`
  if (from < span.min) return `Beginning of range (${from}) below minimum (${span.min}): ${part}`
  if (to > span.max) return `End of range (${to}) above maximum (${span.max}): ${part}`
  if (from > to) return `Beginning of range (${from}) beyond end of range (${to}): ${part}`
  return undefined
}

function numberOf(text: string, span: Span): number | undefined {
  const named = span.names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return span.min + named
  return /^\d+$/.test(text) ? Number(text) : undefined
}
