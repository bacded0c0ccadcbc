import { parseGoDuration } from '../../base/index.ts'

/** Milliseconds of a Go duration as oauth2-proxy takes it: a bare number is nanoseconds. Undefined: none, or below 0. */
export function parseDurationSetting(value: string | number): number | undefined {
  if (typeof value === 'number') return value * 1e-6
  if (/^\d+$/.test(value)) return Number(value) * 1e-6
  const milliseconds = parseGoDuration(value)
  return milliseconds === undefined || milliseconds < 0 ? undefined : milliseconds
}
