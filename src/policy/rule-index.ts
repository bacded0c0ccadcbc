/**
 * Finds a matching rule among thousands without trying them all. Every rule is filed under values
 * that a request must have for it to match (a path, a path prefix, a principal, a claim …): of the
 * ones it offers, those the fewest other rules share. A request then meets only the rules filed
 * under its own values, and those that offer none.
 */
import type { Attributes } from './attributes.ts'
import type { Key } from './field.ts'
import { Radix } from './radix.ts'
import type { Entry, Rule } from './rule.ts'
import { ruleMatches } from './rule.ts'

export interface RuleIndex {
  /** Some rule that matches; undefined = none does. Which one is not part of the promise. */
  find(attributes: Attributes): Rule | undefined
}

/** Below this many rules trying them in turn is quicker than looking up. */
const smallest = 6

export function indexRules(rules: readonly Rule[]): RuleIndex {
  if (rules.length < smallest) return { find: (attributes) => firstOf(rules, attributes) }
  const counts = countKeys(rules)
  const shelves = new Map<string, Shelf>()
  const unfiled: Rule[] = []
  for (const rule of rules) {
    const keys = bestKeys(rule, counts)
    if (keys === undefined) {
      unfiled.push(rule)
      continue
    }
    for (const key of keys) {
      let shelf = shelves.get(key.dimension)
      if (shelf === undefined) {
        shelf = new Shelf(valuesOf(key.dimension))
        shelves.set(key.dimension, shelf)
      }
      shelf.file(key, rule)
    }
  }
  const all = [...shelves.values()]
  return {
    find(attributes) {
      for (const shelf of all) {
        const rule = shelf.find(attributes)
        if (rule !== undefined) return rule
      }
      return firstOf(unfiled, attributes)
    },
  }
}

function firstOf(rules: readonly Rule[], attributes: Attributes): Rule | undefined {
  for (const rule of rules) if (ruleMatches(rule, attributes)) return rule
  return undefined
}

/** The rules filed under one thing a request has. */
class Shelf {
  readonly #each: EachValue
  readonly #exact = new Map<string, Rule[]>()
  #prefixes: Radix<Rule> | undefined = undefined
  #suffixes: Radix<Rule> | undefined = undefined
  // The request at hand: kept here so that looking up makes no closures.
  #attributes: Attributes | undefined = undefined
  #found: Rule | undefined = undefined

  constructor(each: EachValue) {
    this.#each = each
  }

  file(key: Key, rule: Rule): void {
    switch (key.kind) {
      case 'exact': {
        const list = this.#exact.get(key.text)
        if (list === undefined) this.#exact.set(key.text, [rule])
        else list.push(rule)
        break
      }
      case 'prefix':
        this.#prefixes ??= new Radix()
        this.#prefixes.add(key.text, rule)
        break
      case 'suffix':
        this.#suffixes ??= new Radix(true)
        this.#suffixes.add(key.text, rule)
        break
    }
  }

  find(attributes: Attributes): Rule | undefined {
    this.#attributes = attributes
    this.#found = undefined
    this.#each(attributes, this.#tryValue)
    this.#attributes = undefined
    return this.#found
  }

  readonly #tryRule = (rule: Rule): boolean => {
    if (!ruleMatches(rule, this.#attributes as Attributes)) return false
    this.#found = rule
    return true
  }

  readonly #tryValue = (value: string): boolean => {
    const list = this.#exact.get(value)
    if (list !== undefined) for (const rule of list) if (this.#tryRule(rule)) return true
    if (this.#prefixes?.someBeginning(value, this.#tryRule)) return true
    return this.#suffixes?.someBeginning(value, this.#tryRule) ?? false
  }
}

type EachValue = (attributes: Attributes, test: (value: string) => boolean) => void

/** How a request's values of a dimension are listed; the counterpart of the keys in field.ts. */
function valuesOf(dimension: string): EachValue {
  switch (dimension) {
    case 'path':
      return (a, test) => test(a.path)
    case 'host':
      return (a, test) => test(a.host)
    case 'method':
      return (a, test) => test(a.source.method)
    case 'port':
      return (a, test) => test(String(a.source.port))
    case 'sni':
      return (a, test) => test(a.sni)
    case 'principal':
      return (a, test) => a.source.principals.some(test)
    case 'namespace':
      return (a, test) => a.source.principals.some((name) => someNamespace(name, test))
  }
  if (dimension.startsWith('header:')) {
    const name = dimension.slice('header:'.length)
    return (a, test) => a.someHeader(name, test)
  }
  const keys = JSON.parse(dimension.slice('claim:'.length)) as string[]
  return (a, test) => a.someClaim(keys, test)
}

/** Every segment that follows a `/ns/`. */
function someNamespace(name: string, test: (value: string) => boolean): boolean {
  for (let at = name.indexOf('/ns/'); at !== -1; at = name.indexOf('/ns/', at + 3)) {
    const end = name.indexOf('/', at + 4)
    if (end !== -1 && test(name.slice(at + 4, end))) return true
  }
  return false
}

const keyText = (key: Key) => `${key.dimension} ${key.kind} ${key.text}`

function countKeys(rules: readonly Rule[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const rule of rules) {
    const seen = new Set<string>()
    for (const entry of [...rule.from, ...rule.to]) {
      for (const field of entry.fields) for (const key of field.keys ?? []) seen.add(keyText(key))
    }
    for (const text of seen) counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return counts
}

interface Offer {
  readonly keys: readonly Key[]
  readonly cost: number
}

/** The cheaper side of a rule: all its `from` entries, or all its `to` entries, have to offer keys. */
function bestKeys(rule: Rule, counts: Map<string, number>): readonly Key[] | undefined {
  const from = sideOffer(rule.from, counts)
  const to = sideOffer(rule.to, counts)
  if (from === undefined) return to?.keys
  if (to === undefined) return from.keys
  return from.cost < to.cost ? from.keys : to.keys
}

function sideOffer(entries: readonly Entry[], counts: Map<string, number>): Offer | undefined {
  const keys: Key[] = []
  let cost = 0
  for (const entry of entries) {
    const offer = entryOffer(entry, counts)
    if (offer === undefined) return undefined
    keys.push(...offer.keys)
    cost = Math.max(cost, offer.cost)
  }
  const unique = new Map(keys.map((key) => [keyText(key), key]))
  return { keys: [...unique.values()], cost }
}

function entryOffer(entry: Entry, counts: Map<string, number>): Offer | undefined {
  let best: Offer | undefined
  for (const field of entry.fields) {
    if (field.keys === undefined) continue
    let cost = 0
    for (const key of field.keys) {
      // Of two that are shared by as many, the one that fewer requests have: exact, then long, then short.
      const breadth = key.kind === 'exact' ? 0 : 0.5 / (1 + key.text.length)
      cost = Math.max(cost, (counts.get(keyText(key)) ?? 1) + breadth)
    }
    if (best === undefined || cost < best.cost) best = { keys: field.keys, cost }
  }
  return best
}
