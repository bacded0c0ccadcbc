/**
 * One field of a rule (`paths`, `notPrincipals`, a `when` key …) as a test of a request, with what is
 * needed to find it quickly and to explain it.
 *
 * Agrees with the generators in Istio's pilot/pkg/security/authz/model/generator.go. A value that
 * cannot be translated is asymmetric: an ALLOW rule is dropped whole, the other actions only lose the
 * value, or the field when no good value is left (model.go, checkError). Both deny more.
 */
import type { At } from '../base/index.ts'
import type { Text } from '../mesh/index.ts'
import type { Attributes } from './attributes.ts'
import type { ValuePattern } from './value-pattern.ts'

/** A condition that every request the field takes fulfils: the index finds rules by it. */
export interface Key {
  /** What is looked at: `path`, `host`, `header:x-team`, `claim:["groups"]`, … */
  readonly dimension: string
  readonly kind: 'exact' | 'prefix' | 'suffix'
  readonly text: string
}

export interface Field {
  /** As written: `paths`, `notPaths`, `when request.headers[x-team]`. */
  readonly name: string
  readonly at: At
  readonly negated: boolean
  readonly values: readonly Text[]
  readonly test: (attributes: Attributes) => boolean
  /** One of them holds for every request that passes; undefined = none is known. */
  readonly keys?: readonly Key[]
  /** The other way round too: a request that has one of the keys passes. */
  readonly keysSuffice?: boolean
}

/** How one value of a field is tested; undefined = the value is bad. */
export interface ValueTest {
  readonly test: (attributes: Attributes) => boolean
  readonly keys?: readonly Key[]
  readonly keysSuffice?: boolean
}

export type Translate = (value: string) => ValueTest | undefined

/** `bad` = a value could not be translated, which drops an ALLOW rule. */
export type FieldResult = { readonly fields: readonly Field[]; readonly bad: readonly Text[] }

/**
 * A field and its `not` twin. `whole` = one bad value spoils all of them (what Istio calls an extended
 * generator), else only itself.
 */
export function compileField(
  name: string,
  at: At,
  values: readonly Text[] | undefined,
  notValues: readonly Text[] | undefined,
  translate: Translate,
  whole = false,
): FieldResult {
  const fields: Field[] = []
  const bad: Text[] = []
  for (const [list, negated] of [
    [values, false],
    [notValues, true],
  ] as const) {
    if (list === undefined || list.length === 0) continue
    const tests: ValueTest[] = []
    const spoiled: Text[] = []
    for (const value of list) {
      const test = translate(value.value)
      if (test === undefined) spoiled.push(value)
      else tests.push(test)
    }
    bad.push(...spoiled)
    if (tests.length === 0 || (whole && spoiled.length > 0)) continue
    fields.push(fieldOf(negated ? notName(name) : name, at, negated, list, tests))
  }
  return { fields, bad }
}

function notName(name: string): string {
  return name.startsWith('when ') ? `${name} notValues` : `not${name[0]?.toUpperCase()}${name.slice(1)}`
}

function fieldOf(
  name: string,
  at: At,
  negated: boolean,
  values: readonly Text[],
  tests: readonly ValueTest[],
): Field {
  const only = tests[0] as ValueTest
  const some =
    tests.length === 1
      ? only.test
      : (attributes: Attributes) => {
          for (const each of tests) if (each.test(attributes)) return true
          return false
        }
  if (negated) return { name, at, negated, values, test: (attributes) => !some(attributes) }
  const keys = tests.every((each) => each.keys !== undefined)
    ? tests.flatMap((each) => each.keys ?? [])
    : undefined
  const keysSuffice = tests.every((each) => each.keysSuffice)
  return { name, at, negated, values, test: some, ...(keys && { keys, keysSuffice }) }
}

export function keyOf(dimension: string, pattern: ValuePattern): readonly Key[] | undefined {
  return pattern.kind === 'present' ? undefined : [{ dimension, kind: pattern.kind, text: pattern.text }]
}
