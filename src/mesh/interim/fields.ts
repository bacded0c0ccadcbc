import type { Value } from './node.ts'

/** protobuf's JSON form takes `notPaths` and `not_paths` alike (istiod parses YAML with it). */
const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** The fields of one object, taken one by one; what nobody took is unknown. */
export class Fields {
  readonly value: Value
  readonly #fields = new Map<string, Value>()
  readonly #taken = new Set<string>()

  constructor(value: Value) {
    this.value = value
    for (const [key, field] of value.entries()) {
      const name = camel(key)
      if (this.#fields.has(name)) field.problem('duplicate-field', `\`${field.path}\` is written twice`)
      this.#fields.set(name, field)
    }
  }

  get(name: string): Value | undefined {
    this.#taken.add(name)
    const field = this.#fields.get(name)
    return field?.present ? field : undefined
  }

  /** Written at all, `null` included. */
  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** These are known, and of no interest to a door. */
  ignore(...names: readonly string[]): this {
    for (const name of names) this.#taken.add(name)
    return this
  }

  /** Notes every field nobody took. */
  done(): void {
    for (const [name, field] of this.#fields) {
      if (!this.#taken.has(name)) {
        field.problem('unknown-field', `there is no field \`${field.path}\`; Istio ignores it`, 'warning')
      }
    }
  }
}

export const fieldsOf = (value: Value): Fields => new Fields(value)

/** Milliseconds of a Go duration (`1m30s`) or a protobuf one (`0.5s`). */
export function durationMs(value: Value | undefined): number | undefined {
  const text = value?.string()
  if (text === undefined) return undefined
  const units: Readonly<Record<string, number>> = {
    h: 3_600_000,
    m: 60_000,
    s: 1000,
    ms: 1,
    us: 0.001,
    ns: 0.000_001,
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g)]
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text.replace(/^[+]/, '')) {
    if (text === '0') return 0
    value?.problem('bad-duration', `\`${value.path}: ${text}\` is not a duration such as 10s or 1m30s`)
    return undefined
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit as string] ?? 0), 0)
}
