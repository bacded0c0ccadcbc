/**
 * Finds a matching rule among thousands without trying them all. Every rule is filed under values
 * that a request must have for it to match (a path, a path prefix, a principal, a claim …): of the
 * ones it offers, those the fewest other rules share. A request then meets only the rules filed
 * under its own values, and those that offer none.
 */
import type { Attributes } from './attributes.ts'
import type { Field, Key } from './field.ts'
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
  const known: KnownTests = new Map()
  if (rules.length < smallest) {
    const candidates = rules.map((rule) => candidateOf(rule, known))
    return { find: (attributes) => firstOf(candidates, attributes) }
  }
  const counts = countOf(rules)
  const shelves = new Map<string, Shelf>()
  const unfiled: Candidate[] = []
  for (const rule of rules) {
    const offer = bestOffer(rule, counts)
    const candidate = candidateOf(rule, known, offer?.proven)
    if (offer === undefined) {
      unfiled.push(candidate)
      continue
    }
    for (const key of offer.keys) {
      let shelf = shelves.get(key.dimension)
      if (shelf === undefined) {
        shelf = new Shelf(lookupOf(key.dimension))
        shelves.set(key.dimension, shelf)
      }
      shelf.file(key, candidate)
    }
  }
  const all = [...shelves.values()]
  return {
    find(attributes) {
      for (const shelf of all) {
        const rule = shelf.lookup(attributes, shelf)
        if (rule !== undefined) return rule
      }
      return firstOf(unfiled, attributes)
    },
  }
}

type Test = (attributes: Attributes) => boolean

/** A rule as it is tried: as one list of tests, where it has one `from` and one `to` entry. */
interface Candidate {
  readonly rule: Rule
  readonly tests: readonly Test[] | undefined
}

/** Rules that ask the same are given the same test: what is asked often stays near the processor. */
type KnownTests = Map<string, Test>

/** `proven` is a field that holds for whoever finds the rule where it is filed. */
function candidateOf(rule: Rule, known: KnownTests, proven?: Field): Candidate {
  const [from, to] = [rule.from[0], rule.to[0]]
  if (from === undefined || to === undefined || rule.from.length + rule.to.length > 2) {
    return { rule, tests: undefined }
  }
  const fields = [...from.fields, ...to.fields].filter((field) => field !== proven)
  return { rule, tests: fields.map((field) => sharedTest(rule, field, known)) }
}

function sharedTest({ policy }: Rule, { name, values, test }: Field, known: KnownTests): Test {
  // A service account without a namespace is one of the policy's own.
  const asked = JSON.stringify([policy.namespace, name, values.map(({ value }) => value)])
  const before = known.get(asked)
  if (before !== undefined) return before
  known.set(asked, test)
  return test
}

function tryCandidate({ rule, tests }: Candidate, attributes: Attributes): Rule | undefined {
  if (tests === undefined) return ruleMatches(rule, attributes) ? rule : undefined
  for (let i = 0; i < tests.length; i++) if (!tests[i]?.(attributes)) return undefined
  return rule
}

function firstOf(candidates: readonly Candidate[], attributes: Attributes): Rule | undefined {
  for (const candidate of candidates) {
    const rule = tryCandidate(candidate, attributes)
    if (rule !== undefined) return rule
  }
  return undefined
}

/** The rules filed under one thing a request has. */
class Shelf {
  /** Tries the request's values of this thing, one after the other. */
  readonly lookup: Lookup
  readonly #exact = new Map<string, Candidate[]>()
  #prefixes: Radix<Candidate> | undefined = undefined
  #suffixes: Radix<Candidate> | undefined = undefined

  constructor(lookup: Lookup) {
    this.lookup = lookup
  }

  file(key: Key, candidate: Candidate): void {
    switch (key.kind) {
      case 'exact': {
        const list = this.#exact.get(key.text)
        if (list === undefined) this.#exact.set(key.text, [candidate])
        else list.push(candidate)
        break
      }
      case 'prefix':
        this.#prefixes ??= new Radix()
        this.#prefixes.add(key.text, candidate)
        break
      case 'suffix':
        this.#suffixes ??= new Radix(true)
        this.#suffixes.add(key.text, candidate)
        break
    }
  }

  find(value: string, attributes: Attributes): Rule | undefined {
    const list = this.#exact.get(value)
    const exact = list && firstOf(list, attributes)
    if (exact !== undefined) return exact
    const begins = this.#prefixes?.firstBeginning(value, tryCandidate, attributes)
    if (begins !== undefined) return begins
    return this.#suffixes?.firstBeginning(value, tryCandidate, attributes)
  }
}

type Lookup = (attributes: Attributes, shelf: Shelf) => Rule | undefined

/** How a request's values of a dimension are tried; the counterpart of the keys in field.ts. */
function lookupOf(dimension: string): Lookup {
  switch (dimension) {
    case 'path':
      return (a, shelf) => shelf.find(a.path, a)
    case 'host':
      return (a, shelf) => shelf.find(a.host, a)
    case 'method':
      return (a, shelf) => shelf.find(a.source.method, a)
    case 'port':
      return (a, shelf) => shelf.find(String(a.source.port), a)
    case 'sni':
      return (a, shelf) => shelf.find(a.sni, a)
    case 'principal':
      return (a, shelf) => findAny(a.source.principals, a, shelf)
    case 'namespace':
      return (a, shelf) => findAny(a.source.principals.flatMap(namespacesIn), a, shelf)
  }
  if (dimension.startsWith('header:')) {
    const name = dimension.slice('header:'.length)
    return (a, shelf) => {
      let rule: Rule | undefined
      a.someHeader(name, (value) => {
        rule = shelf.find(value, a)
        return rule !== undefined
      })
      return rule
    }
  }
  const keys = JSON.parse(dimension.slice('claim:'.length)) as string[]
  return (a, shelf) => {
    const value = a.claim(keys)
    if (typeof value === 'string') return shelf.find(value, a)
    return Array.isArray(value) ? findAny(value, a, shelf) : undefined
  }
}

/** The first of the values, those that are texts, that leads to a rule. */
function findAny(values: readonly unknown[], attributes: Attributes, shelf: Shelf): Rule | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const rule = typeof value === 'string' ? shelf.find(value, attributes) : undefined
    if (rule !== undefined) return rule
  }
  return undefined
}

/** Every segment that follows a `/ns/`. */
function namespacesIn(name: string): readonly string[] {
  const found: string[] = []
  for (let at = name.indexOf('/ns/'); at !== -1; at = name.indexOf('/ns/', at + 3)) {
    const end = name.indexOf('/', at + 4)
    if (end !== -1) found.push(name.slice(at + 4, end))
  }
  return found
}

const keyText = (key: Key) => `${key.dimension} ${key.kind} ${key.text}`

/** How many rules there are per key, and how many that could be filed under a dimension. */
interface Counts {
  readonly keys: ReadonlyMap<string, number>
  readonly dimensions: ReadonlyMap<string, number>
}

function countOf(rules: readonly Rule[]): Counts {
  const keys = new Map<string, number>()
  const dimensions = new Map<string, number>()
  const countUp = (counts: Map<string, number>, texts: ReadonlySet<string>) => {
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  for (const rule of rules) {
    const all = [...rule.from, ...rule.to].flatMap(({ fields }) =>
      fields.flatMap((field) => field.keys ?? []),
    )
    countUp(keys, new Set(all.map(keyText)))
    countUp(dimensions, new Set(all.map((key) => key.dimension)))
  }
  return { keys, dimensions }
}

interface Offer {
  readonly keys: readonly Key[]
  /** How many rules share the most shared of the keys. */
  readonly cost: number
  /** How many rules could be filed under the least used of their dimensions. */
  readonly common: number
  /** The one field all keys come from, where it holds for every request that has one of them. */
  readonly proven?: Field
}

/** One side of a rule: all its `from` entries, or all its `to` entries, have to offer keys. */
function bestOffer(rule: Rule, counts: Counts): Offer | undefined {
  const sides = [sideOffer(rule.to, counts), sideOffer(rule.from, counts)]
  return best(sides.filter((offer) => offer !== undefined))
}

function sideOffer(entries: readonly Entry[], counts: Counts): Offer | undefined {
  const offers: Offer[] = []
  for (const entry of entries) {
    const offer = best(entry.fields.flatMap((field) => fieldOffer(field, counts) ?? []))
    if (offer === undefined) return undefined
    offers.push(offer)
  }
  const [only] = offers
  if (only !== undefined && offers.length === 1) return only
  const unique = new Map(offers.flatMap(({ keys }) => keys).map((key) => [keyText(key), key]))
  return {
    keys: [...unique.values()],
    cost: Math.max(...offers.map(({ cost }) => cost)),
    common: Math.min(...offers.map(({ common }) => common)),
  }
}

function fieldOffer(field: Field, counts: Counts): Offer | undefined {
  const { keys } = field
  if (keys === undefined) return undefined
  let cost = 0
  let common = Number.POSITIVE_INFINITY
  for (const key of keys) {
    // Of two that are shared by as many, the one that fewer requests have: exact, then long, then short.
    const breadth = key.kind === 'exact' ? 0 : 0.5 / (1 + key.text.length)
    cost = Math.max(cost, (counts.keys.get(keyText(key)) ?? 1) + breadth)
    common = Math.min(common, counts.dimensions.get(key.dimension) ?? 1)
  }
  return { keys, cost, common, ...(field.keysSuffice && { proven: field }) }
}

/**
 * The cheapest; or, of those that are hardly dearer, one under whose dimension more rules can be filed:
 * every dimension is one more look-up for every request.
 */
function best(offers: readonly Offer[]): Offer | undefined {
  const limit = 2 * Math.min(...offers.map(({ cost }) => cost)) + 2
  let found: Offer | undefined
  for (const offer of offers) {
    if (offer.cost > limit) continue
    if (found === undefined || offer.common > found.common) found = offer
    else if (offer.common === found.common && offer.cost < found.cost) found = offer
  }
  return found
}
