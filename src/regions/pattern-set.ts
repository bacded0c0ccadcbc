import type { StringMatch } from '../mesh/index.ts'
import {
  isPathTemplate,
  matchesExpression,
  type PathMatch,
  type PathRules,
  parsePathTemplate,
  parseValuePattern,
} from '../policy/index.ts'
import { anyChar, charSet, charsOf } from './char-set.ts'
import { expression } from './expression.ts'
import { type Label, Nfa, type Starts } from './nfa.ts'
import { type Partition, partition, type Universe } from './partition.ts'
import { type Through, unchanged } from './through.ts'
import { canonicalPath } from './universe.ts'

/** A pattern over one kind of text, as written. */
export type Pattern =
  /** A value of an AuthorizationPolicy; `present` says what a lone star asks. */
  | { readonly kind: 'value'; readonly text: string; readonly ignoreCase?: boolean; readonly star?: 0 | 1 }
  | { readonly kind: 'path'; readonly text: string }
  | { readonly kind: 'match'; readonly match: Pick<StringMatch, 'kind' | 'text'> }
  | { readonly kind: 'route'; readonly match: PathMatch }
  | { readonly kind: 'contains'; readonly text: string }
  /** A virtual host's domain, whatever port stands behind it. */
  | { readonly kind: 'domain'; readonly text: string }

/**
 * Patterns to part texts by. Those added together count as one. Nothing is built before it is
 * needed: many hosts meet the same patterns, and then share one partition.
 */
export class PatternSet {
  readonly #asked = new Map<string, (build: Build, label: Label) => Starts>()
  #built: Built | undefined

  /** Texts that come out of `through` as one of these, by what went in. */
  add(patterns: readonly Pattern[], through: Through = unchanged): void {
    const key = `${through.name} ${JSON.stringify(patterns)}`
    if (this.#asked.has(key)) return
    this.#asked.set(key, (build, label) => {
      build.nfa.sharing = through.preimage === undefined
      const starts = patterns.flatMap((pattern) => build.pattern(pattern, label))
      build.nfa.sharing = false
      return through.preimage?.(build.nfa, starts) ?? starts
    })
  }

  /** Texts that come out of `through` as a path normalization leaves alone. */
  addCanonical(through: Through, rules: PathRules): void {
    const key = `${through.name} canonical`
    if (this.#asked.has(key)) return
    this.#asked.set(key, (build, label) => {
      const starts = canonicalPath(build.nfa, rules, label)
      return through.preimage?.(build.nfa, starts) ?? starts
    })
  }

  addBuilt(key: string, make: (nfa: Nfa, label: Label) => Starts): void {
    if (!this.#asked.has(key)) this.#asked.set(key, (build, label) => make(build.nfa, label))
  }

  /** The same signature means the same partition. */
  signature(): string {
    return [...this.#asked.keys()].sort().join('\n')
  }

  /** `within`: only of texts that this takes, too. Asked again, the patterns stand where they stood. */
  part(universe: MakeStarts, alphabet: string, most?: number, within?: Pattern): Parted {
    const built = this.#build(universe)
    const { build } = built
    const starts = [...built.starts]
    const universes = [built.universe]
    if (within !== undefined) {
      const label = build.fresh()
      const own = build.pattern(within, label)
      universes.push({ label, starts: own })
      starts.push(...own)
    }
    const found = partition({ nfa: build.nfa, starts, alphabet, universes, ...(most && { most }) })
    return { ...(found && { partition: found }), untranslated: [...build.untranslated] }
  }

  #build(universe: MakeStarts): Built {
    const known = this.#built
    if (known?.for === universe && known.patterns === this.#asked.size) return known
    const build = new Build()
    const label = build.fresh()
    const own = universe(build.nfa, label)
    const starts = [...own]
    for (const make of this.#asked.values()) starts.push(...make(build, build.fresh()))
    const patterns = this.#asked.size
    this.#built = { build, starts, universe: { label, starts: own }, for: universe, patterns }
    return this.#built
  }
}

type MakeStarts = (nfa: Nfa, label: Label) => Starts

interface Built {
  readonly build: Build
  readonly starts: Starts
  readonly universe: Universe
  readonly for: MakeStarts
  readonly patterns: number
}

export interface Parted {
  /** undefined = it would have too many states. */
  readonly partition?: Partition
  /** Expressions that are not translated: nothing can be said where one of them matters. */
  readonly untranslated: readonly string[]
}

class Build {
  readonly nfa = new Nfa()
  readonly untranslated = new Set<string>()
  #next = 0

  fresh(): Label {
    return this.#next++
  }

  pattern(pattern: Pattern, label: Label): Starts {
    const { nfa } = this
    switch (pattern.kind) {
      case 'contains':
        return nfa.contains(pattern.text, label)
      case 'domain':
        return domain(nfa, pattern.text, label)
      case 'path':
        if (isPathTemplate(pattern.text)) return template(nfa, pattern.text, label)
        return value(nfa, pattern.text, label, false, 1)
      case 'value':
        return value(nfa, pattern.text, label, pattern.ignoreCase ?? false, pattern.star ?? 1)
      case 'match': {
        const { kind, text } = pattern.match
        if (kind === 'exact') return nfa.exact(text, label)
        if (kind === 'prefix') return nfa.prefix(text, label)
        if (kind === 'none' || text === '*') return nfa.anything(label, 0)
        return this.#expression(text, label)
      }
      case 'route': {
        const { kind, text, ignoreCase } = pattern.match
        if (kind === 'exact') return nfa.exact(text, label, ignoreCase)
        if (kind === 'prefix') return nfa.prefix(text, label, ignoreCase)
        if (kind === 'segments') return [...nfa.exact(text, label), ...nfa.prefix(`${text}/`, label)]
        return this.#expression(text, label)
      }
    }
  }

  #expression(source: string, label: Label): Starts {
    const starts = expression(this.nfa, source, label)
    if (starts !== undefined) return starts
    // One RE2 refuses matches nothing, to the engine too.
    if (isExpression(source)) this.untranslated.add(source)
    return []
  }
}

function isExpression(source: string): boolean {
  return matchesExpression(`(?:${source})|`, '')
}

function value(nfa: Nfa, text: string, label: Label, ignoreCase: boolean, star: 0 | 1): Starts {
  const pattern = parseValuePattern(text)
  switch (pattern.kind) {
    case 'present':
      return nfa.anything(label, star)
    case 'exact':
      return nfa.exact(pattern.text, label, ignoreCase)
    case 'prefix':
      return nfa.prefix(pattern.text, label, ignoreCase)
    case 'suffix':
      return nfa.suffix(pattern.text, label, ignoreCase)
  }
}

function template(nfa: Nfa, text: string, label: Label): Starts {
  const { parts } = parsePathTemplate(text)
  let at = 0
  const named = parts.map((part) => {
    if (typeof part === 'string') {
      at += part.length
      return part
    }
    const operator = text.startsWith('{**}', at) ? ('text' as const) : ('segment' as const)
    at += operator === 'text' ? 4 : 3
    return { operator }
  })
  return nfa.template(named, label)
}

/** Without the port: what stands behind the last colon that no bracket follows. */
function domain(nfa: Nfa, text: string, label: Label): Starts {
  if (text === '*') return nfa.anything(label, 0)
  const wild = text.startsWith('*')
  const [whole, named] = [nfa.state(), nfa.state()]
  /** Reads the name from either; a text that ends there has no port. */
  const ends = [whole, named].map((from) => nfa.chain(from, wild ? text.slice(1) : text, true))
  if (wild) {
    // As it stands it is all name: no colon in it, or a bracket behind the last one.
    const pending = nfa.state()
    const [first, behind] = [nfa.state(), nfa.state()]
    for (const from of [first, whole]) {
      nfa.edge(from, notColon, whole)
      nfa.edge(from, colon, pending)
    }
    nfa.edge(pending, notBracket, pending)
    nfa.edge(pending, bracket, whole)
    for (const from of [behind, named]) nfa.edge(from, anyChar, named)
    finish(nfa, ends, label)
    return [first, behind]
  }
  finish(nfa, ends, label)
  return [whole, named]
}

function finish(nfa: Nfa, [whole, named]: readonly number[], label: Label): void {
  if (whole !== undefined) nfa.mark(whole, label)
  const port = nfa.state(label)
  if (named !== undefined) nfa.edge(named, colon, port)
  nfa.edge(port, inPort, port)
}

const colon = charsOf(':')
const bracket = charsOf(']')
const notColon = charSet((code) => code !== 58)
const notBracket = charSet((code) => code !== 93)
const inPort = charSet((code) => code !== 58 && code !== 93)
