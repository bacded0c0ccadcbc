/**
 * What several rules together leave nothing to: a rule, or one path of a list. Taken away one after the
 * other, so that all that is named can be taken away at once.
 */
import { matchesPathValue, type Rule } from '../policy/index.ts'
import { looksAtHttp } from './covers.ts'
import type { Place, Shadowed } from './shadowed.ts'
import { apart, boxesOf, type Conditions, type Cutting, coveredBy } from './united.ts'

/** Where a rule stands at one proxy: beside which others of its action, and what a DENY refuses before. */
export interface Stand {
  readonly rule: Rule
  readonly beside: readonly Rule[]
  readonly refusing: readonly Rule[]
}

/** More rules in one list, and more that may have something to do with one, are not tried. */
const mostRules = 400
const mostOthers = 24
const mostBoxes = 64

/** @param gone those already known to decide nothing, by `nameOf` */
export function findSurplus(
  stands: ReadonlyMap<string, readonly Stand[]>,
  gone: ReadonlySet<string>,
  placeOf: (rule: Rule) => Place,
): readonly Shadowed[] {
  const search = new Search(stands, gone, placeOf)
  return [...search.rules(), ...search.values()]
}

class Search {
  readonly #stands: ReadonlyMap<string, readonly Stand[]>
  readonly #nameOf = new Map<Rule, string>()
  readonly #gone: Set<string>
  /** Rules that have lost a path: what they took is no longer counted on. */
  readonly #touched = new Set<string>()
  readonly #placeOf: (rule: Rule) => Place

  constructor(
    stands: ReadonlyMap<string, readonly Stand[]>,
    gone: ReadonlySet<string>,
    placeOf: (rule: Rule) => Place,
  ) {
    this.#stands = stands
    this.#gone = new Set(gone)
    this.#placeOf = placeOf
    for (const [name, all] of stands) for (const { rule } of all) this.#nameOf.set(rule, name)
  }

  *rules(): Generator<Shadowed> {
    // Of several that can do without one another the first ones stay.
    for (const [name, stands] of [...this.#stands].toReversed()) {
      if (this.#gone.has(name)) continue
      const found = stands.map((stand) => this.#covered(stand, boxesOf(stand.rule), []))
      const [by] = found
      if (by === undefined || found.includes(undefined)) continue
      this.#gone.add(name)
      const [{ rule }] = stands as [Stand]
      yield this.#shadowed(this.#placeOf(rule), by, 'together')
    }
  }

  *values(): Generator<Shadowed> {
    for (const [name, stands] of this.#stands) {
      const [first] = stands
      if (first === undefined || this.#gone.has(name)) continue
      for (const [at, entry] of first.rule.to.entries()) {
        for (const [place, field] of entry.fields.entries()) {
          if (!/^(paths|notPaths)$/.test(field.name) || this.#touched.has(name)) continue
          let left = [...field.values]
          for (const value of field.values.toReversed()) {
            const rest = left.filter((each) => each !== value)
            if (rest.length === 0) continue
            const found = stands.map((stand) => this.#withoutValue(stand, at, place, left, value))
            const [by] = found
            if (by === undefined || found.includes(undefined)) continue
            left = rest
            const { object, rule } = this.#placeOf(first.rule)
            const where = [rule, entry.place, field.name].filter((part) => part !== '').join('.')
            const own = by.length === 0 ? [first.rule] : by
            yield {
              ...this.#shadowed({ object, rule: where, at: value.at }, own, 'value'),
              value: value.value,
            }
          }
          if (left.length < field.values.length) this.#touched.add(name)
        }
      }
    }
  }

  /** Whether the rule takes the same without that path, or exempts in vain. */
  #withoutValue(
    stand: Stand,
    at: number,
    place: number,
    left: Values,
    value: Values[number],
  ): readonly Rule[] | undefined {
    const { rule } = stand
    const entry = rule.to[at]
    const field = entry?.fields[place]
    if (entry === undefined || field === undefined) return undefined
    const rest = left.filter((each) => each !== value)
    const others = entry.fields.filter((_, each) => each !== place)
    const boxes = (fields: Conditions['fields']) =>
      rule.from.map((from) => ({ fields: [...from.fields, ...fields] }))
    const only = pathField(field, [value], false)
    // Of an exemption: what the rule would take without it. Of a path: what it takes by that alone.
    const whole = boxes(field.negated ? [...others, only, pathField(field, rest, true)] : [...others, only])
    const kept = boxes([...others, pathField(field, field.negated ? left : rest, field.negated)])
    const beside = rule.to.flatMap((each, index) =>
      index === at ? kept : rule.from.map((from) => ({ fields: [...from.fields, ...each.fields] })),
    )
    return this.#covered(stand, whole, [{ of: rule, boxes: beside }], { maybeNothing: true })
  }

  #covered(
    { rule, beside, refusing }: Stand,
    boxes: readonly Conditions[],
    own: readonly Cutting<Rule>[],
    options: { readonly maybeNothing?: true } = {},
  ): readonly Rule[] | undefined {
    if (beside.length > mostRules || refusing.length > mostRules || boxes.length > mostBoxes) return undefined
    const counts = (other: Rule) => {
      const name = this.#nameOf.get(other) ?? ''
      return other !== rule && !this.#gone.has(name) && !this.#touched.has(name)
    }
    // Where bytes are handed on an ALLOW about HTTP falls out, and leaves everything to one that is not.
    const http = rule.policy.action?.value === 'DENY' || looksAtHttp(rule)
    const alike = beside.filter(
      (other) =>
        counts(other) &&
        other.policy.provider?.value === rule.policy.provider?.value &&
        (http || other.policy.action?.value === 'CUSTOM' || !looksAtHttp(other)),
    )
    const others = [...alike, ...refusing.filter(counts)].map((of) => ({ of, boxes: boxesOf(of) }))
    const near = others.filter((other) => other.boxes.some((one) => boxes.some((each) => !apart(one, each))))
    const count = near.reduce((sum, other) => sum + other.boxes.length, 0)
    if (near.length > mostOthers || count > mostBoxes || near.length + own.length === 0) return undefined
    return coveredBy(boxes, [...own, ...near], options)
  }

  #shadowed(place: Place, by: readonly Rule[], how: 'together' | 'value'): Shadowed {
    const [first, ...also] = by.map(this.#placeOf) as [Place, ...Place[]]
    return { ...place, by: first, how, ...(also.length > 0 && { also }) }
  }
}

type Field = Conditions['fields'][number]
type Values = Field['values']

function pathField({ at }: Field, values: Values, negated: boolean): Field {
  return {
    name: negated ? 'notPaths' : 'paths',
    at,
    negated,
    values,
    test: ({ path }) => values.some(({ value }) => matchesPathValue(value, path)) !== negated,
  }
}
