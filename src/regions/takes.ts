import type { Attributes, Rule } from '../policy/index.ts'
import { addBit, addBits, type Bits, both, isEmpty, membersOf, noBits, without } from './bits.ts'

const claimPrefix = 'claim:'

function isClaim({ dimension, kind }: Key): boolean {
  return kind === 'exact' && dimension.startsWith(claimPrefix)
}

type Key = NonNullable<Rule['from'][number]['fields'][number]['keys']>[number]

interface Tested {
  readonly done: Bits
  readonly takes: Bits
}

/**
 * Which callers the `from` side of a rule takes. Asked once per caller in a situation, and once for all
 * rules that say the same of callers.
 */
export class Takes {
  readonly #size: number
  readonly #ids = new Map<string, number>()
  readonly #idOf = new WeakMap<Rule, number>()
  readonly #tested = new Map<string, Tested[]>()
  readonly #held = new Map<string, { readonly done: Bits; readonly by: Map<string, Bits> }>()

  constructor(size: number) {
    this.#size = size
  }

  /** Of those `among`; `attributes` gives what the rule sees of a caller. */
  of(rule: Rule, situation: string, among: Bits, attributes: (index: number) => Attributes): Bits {
    let list = this.#tested.get(situation)
    if (list === undefined) {
      list = []
      this.#tested.set(situation, list)
    }
    const id = this.#id(rule)
    const tested = list[id] ?? { done: noBits(this.#size), takes: noBits(this.#size) }
    list[id] = tested
    const asked = without(among, tested.done)
    if (!isEmpty(asked)) {
      addBits(tested.done, asked)
      for (const index of membersOf(this.#candidates(rule, situation, asked, attributes))) {
        const seen = attributes(index)
        if (rule.from.some((entry) => entry.fields.every((field) => field.test(seen)))) {
          addBit(tested.takes, index)
        }
      }
    }
    return both(tested.takes, among)
  }

  /** Those who have a claim the rule asks for; all, where it asks for none by its whole value. */
  #candidates(
    { from }: Rule,
    situation: string,
    among: Bits,
    attributes: (index: number) => Attributes,
  ): Bits {
    const found = noBits(this.#size)
    for (const { fields } of from) {
      const keys = fields
        .map((field) => field.keys)
        .find((list) => list !== undefined && list.length > 0 && list.every(isClaim))
      if (keys === undefined) return among
      for (const { dimension, text } of keys) {
        const holders = this.#holders(`${situation} ${dimension}`, dimension, among, attributes).get(text)
        if (holders !== undefined) addBits(found, holders)
      }
    }
    return both(found, among)
  }

  /** Who has which text as this claim, or in it. */
  #holders(
    key: string,
    dimension: string,
    among: Bits,
    attributes: (index: number) => Attributes,
  ): ReadonlyMap<string, Bits> {
    const held = this.#held.get(key) ?? { done: noBits(this.#size), by: new Map<string, Bits>() }
    this.#held.set(key, held)
    const { done, by } = held
    const fresh = without(among, done)
    if (isEmpty(fresh)) return by
    addBits(done, fresh)
    const path: readonly string[] = JSON.parse(dimension.slice(claimPrefix.length))
    for (const index of membersOf(fresh)) {
      const value = attributes(index).claim(path)
      for (const text of Array.isArray(value) ? value : [value]) {
        if (typeof text !== 'string') continue
        const holders = by.get(text) ?? noBits(this.#size)
        by.set(text, holders)
        addBit(holders, index)
      }
    }
    return by
  }

  /** The same for rules that say the same of callers. */
  #id(rule: Rule): number {
    let id = this.#idOf.get(rule)
    if (id === undefined) {
      // A service account without a namespace is one of the policy's own.
      const text = JSON.stringify([
        rule.policy.namespace,
        rule.policy.action?.value,
        rule.from.map(({ fields }) =>
          fields.map(({ name, values }) => [name, values.map((each) => each.value)]),
        ),
      ])
      id = this.#ids.get(text) ?? this.#ids.size
      this.#ids.set(text, id)
      this.#idOf.set(rule, id)
    }
    return id
  }
}
