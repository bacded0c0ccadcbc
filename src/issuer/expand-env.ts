export type Environment = Readonly<Record<string, string | undefined>>

/** Go's os.ExpandEnv: `$NAME` and `${NAME}`; what is not set becomes nothing. */
export function expandEnv(text: string, env: Environment): string {
  return text.replace(
    /\$(?:\{([^{}]*)\}|([A-Za-z_][A-Za-z0-9_]*)|([*#$@!?0-9-]))/g,
    (_, braced?: string, plain?: string, special?: string) => env[braced ?? plain ?? special ?? ''] ?? '',
  )
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go's time.ParseDuration, in milliseconds: `24h`, `1h30m`, `1.5s`. Undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text))
    return undefined
  let sum = 0
  for (const [, number = '', unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(number) * (UNITS[unit] as number)
  }
  return sum
}
