/**
 * Milliseconds of a duration as Go's `time.ParseDuration` reads it: `10s`, `1m30s`, `0.5s`, `100ms`, `-1h`. Istio
 * (jsonpb, for every `google.protobuf.Duration`), Dex and oauth2-proxy all use that. `undefined` = not one.
 */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([-+]?)((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (!match) return undefined
  let total = 0
  for (const [, amount, unit] of (match[2] ?? '').matchAll(/([0-9.]+)([a-zµμ]+)/g)) {
    total += Number(amount) * (units[unit ?? ''] ?? 0)
  }
  return match[1] === '-' ? -total : total
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
