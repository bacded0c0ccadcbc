import type { At, Problem } from '../../../base/index.ts'
import { parseToml, type TomlValue } from '../toml.ts'
import type { CompatOption } from './option.ts'

/** A value somebody set, and where. */
export interface Given {
  readonly value: TomlValue
  readonly at: At
}

/** What a command line says: oauth2-proxy's flags as pflag reads them. */
export function givenByFlags(
  args: readonly string[],
  options: readonly CompatOption[],
  problems: Problem[],
): Map<string, Given> {
  const given = new Map<string, Given>()
  const at = { file: 'command line', line: 1 }
  const wrong = (message: string) =>
    problems.push({ severity: 'error', code: 'unknown-setting', message, at })
  for (let index = 0; index < args.length; index++) {
    const text = args[index] ?? ''
    const [, name = '', inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(text) ?? []
    const option = options.find(({ flag }) => flag === name)
    if (!option) {
      wrong(
        name === ''
          ? 'an argument that is no flag of oauth2-proxy'
          : `\`--${name}\` is no flag of oauth2-proxy`,
      )
      continue
    }
    let value = inline
    if (value === undefined && option.kind === 'flag') value = 'true'
    if (value === undefined) value = args[++index]
    if (value === undefined) {
      wrong(`\`--${name}\` has no value`)
      continue
    }
    const before = given.get(option.name)?.value
    // A list flag may be repeated, and takes commas.
    if (option.kind === 'list')
      given.set(option.name, { value: [...(Array.isArray(before) ? before : []), ...value.split(',')], at })
    else given.set(option.name, { value, at })
  }
  return given
}

/** `OAUTH2_PROXY_COOKIE_NAME`. Kubernetes writes such variables too, for a Service named oauth2-proxy. */
export function givenByEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
  options: readonly CompatOption[],
  problems: Problem[],
): Map<string, Given> {
  const given = new Map<string, Given>()
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined) continue
    const rest = variable.slice(prefix.length)
    if (/^(PORT|SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$/.test(rest)) continue
    const name = rest.toLowerCase()
    const at = { file: 'environment', line: 1 }
    if (options.some((one) => one.name === name)) {
      // viper takes an empty variable for none.
      if (value !== '') given.set(name, { value, at })
      continue
    }
    const meant = options.find(({ flag }) => flag?.replaceAll('-', '_') === name)
    problems.push({
      severity: 'error',
      code: 'unknown-setting',
      message: `\`${variable}\` is no variable of oauth2-proxy${meant ? `; it is \`${prefix}${meant.name.toUpperCase()}\`` : ''}`,
      at,
    })
  }
  return given
}

export function givenByFile(
  file: string,
  text: string,
  options: readonly CompatOption[],
  problems: Problem[],
): Map<string, Given> {
  const { entries, problems: found } = parseToml(text, { file, line: 1 })
  problems.push(...found)
  const given = new Map<string, Given>()
  for (const [key, entry] of entries) {
    const name = key.replaceAll('-', '_')
    if (options.some((one) => one.name === name)) given.set(name, entry)
    else
      problems.push({
        severity: 'error',
        code: 'unknown-setting',
        message: `\`${key}\` is no option of oauth2-proxy 7.15`,
        at: entry.at,
      })
  }
  return given
}

/** What becomes of each option that is set: refused ones are errors, harmless ones are said. */
export function classify(
  given: ReadonlyMap<string, Given>,
  options: readonly CompatOption[],
  service: string,
): Problem[] {
  const problems: Problem[] = []
  for (const [name, { value, at }] of given) {
    const option = options.find((one) => one.name === name)
    if (!option || option.becomes === 'honoured') continue
    const text = (typeof value === 'object' ? value.map(String).join(',') : String(value)).trim()
    if (text === '' || option.unless?.some((one) => one.toLowerCase() === text.toLowerCase())) continue
    const reason = option.why ? `: ${option.why}` : ''
    problems.push(
      option.becomes === 'refused'
        ? {
            severity: 'error',
            code: 'refused-setting',
            message: `\`${name}\` of ${service} is not taken over${reason}`,
            at,
          }
        : {
            severity: 'warning',
            code: 'harmless-setting',
            message: `\`${name}\` of ${service} has no effect here${reason}`,
            at,
          },
    )
  }
  return problems
}
