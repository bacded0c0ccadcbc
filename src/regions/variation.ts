import { Attributes, type HeaderList, isSingleHeader } from '../policy/index.ts'
import { addressChoices, nobody } from './addresses.ts'
import type { Axes, Test } from './axes.ts'
import type { Asked } from './cell.ts'
import type { TextClass } from './partition.ts'
import { type Pattern, PatternSet } from './pattern-set.ts'
import { helloName } from './sending.ts'
import { headerText, queryAlphabet, valueAlphabet, wholeQueryAlphabet } from './universe.ts'
import type { View } from './view.ts'
import type { WayIn } from './ways-in.ts'

/** One way to fill in what host and path leave open. */
export interface Variation {
  readonly method: string
  /** The methods nobody here tells from it. */
  readonly methods: readonly string[]
  readonly headers: HeaderList
  /** Without `?`; empty = none. */
  readonly query: string
  readonly address?: string
  /** Server name of the TLS hello, where it is not the host's. */
  readonly sni?: string
  /** How much it adds to the plainest request. */
  readonly size: number
}

const methods =
  'GET POST PUT DELETE PATCH HEAD OPTIONS ACL BIND CHECKOUT CONNECT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY PROPFIND PROPPATCH PURGE REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  )

/** More are not looked at, and the rest is called unknown. */
const mostVariations = 2048

interface Way extends Pick<WayIn, 'entrance' | 'spots' | 'names' | 'leads'> {
  readonly views: readonly View[]
  readonly asked: Asked
}

export function variationsOf(way: Way, host: string, axes: readonly Axes[]): Filled {
  const addresses = addressChoices(way, axes)
  const names = nameChoices(way, host, axes)
  const plain = (choices: readonly Partial<Variation>[]) =>
    choices.length === 1 && Object.keys(choices[0] as object).length === 0
  if (!plain(addresses) || !plain(names)) return fillIn(way, axes, [addresses, names])
  // Paths by the hundred ask the same of everything else.
  const key = JSON.stringify([
    way.asked.methods,
    way.asked.headers,
    axes.map(({ methods: tests, headers, queries, queryTexts, preflight, heads }) => [
      [...tests.keys()],
      [...headers],
      [...queries],
      queryTexts,
      preflight,
      heads,
    ]),
  ])
  return remember(filled, key, () => fillIn(way, axes, []))
}

type Filled = { readonly variations: readonly Variation[]; readonly whole: boolean }

const filled = new Map<string, Filled>()

function fillIn(way: Way, axes: readonly Axes[], others: readonly (readonly Partial<Variation>[])[]): Filled {
  const dimensions: (readonly Partial<Variation>[])[] = [methodChoices(way, axes), ...others]
  const headers = mergePatterns(axes.map((each) => each.headers))
  for (const [name, values] of way.asked.headers) {
    const list = headers.get(name) ?? []
    headers.set(name, [...list, ...values.map((text): Pattern => ({ kind: 'value', text, star: 0 }))])
  }
  const preflight = axes.some((each) => each.preflight)
  const origin = headers.get('origin')
  if (origin !== undefined && !way.asked.headers.some(([name]) => name === 'origin')) headers.delete('origin')
  for (const [name, patterns] of headers) dimensions.push(headerChoices(name, patterns))
  const queries = mergePatterns(axes.map((each) => each.queries))
  const queryTexts = axes.flatMap((each) => each.queryTexts)
  // A query as a whole and its parameters are not told apart together.
  const mixed = queryTexts.length > 0 && queries.size > 0
  if (queryTexts.length > 0) {
    const texts = valuesOf(queryTexts, wholeQueryAlphabet).filter((query) => query !== '')
    dimensions.push([{}, ...texts.map((query) => ({ query, size: 1 }))])
  }
  for (const [name, patterns] of queries) {
    const texts = valuesOf(patterns, queryAlphabet)
    dimensions.push([{}, ...texts.map((text) => ({ query: `${encodeURIComponent(name)}=${text}`, size: 1 }))])
  }
  const count = dimensions.reduce((product, choices) => product * choices.length, 1)
  const read = [...headers.values()].every((patterns) => classesOf(patterns, valueAlphabet).whole)
  const few = count <= mostVariations
  const whole = few && read && !mixed
  const variations = few
    ? combine(dimensions)
    : combine(dimensions.map((choices) => choices.slice(0, 2)).slice(0, 10))
  variations.sort((a, b) => a.size - b.size)
  const [plain] = variations
  if (plain === undefined) return { variations, whole }
  if (axes.some((each) => each.heads)) {
    variations.push({ ...plain, method: 'HEAD', methods: ['HEAD'], size: plain.size + 1 })
  }
  if (preflight) variations.push(...preflights(plain, origin ?? []))
  return { variations, whole }
}

/** A browser's question before the real request: no token is looked at, and a route may answer it. */
function preflights(plain: Variation, origins: readonly Pattern[]): readonly Variation[] {
  const texts = [...new Set(['https://x.example', ...valuesOf(origins, valueAlphabet)])].filter(
    (text) => text !== '',
  )
  return texts.map((text) => ({
    ...plain,
    method: 'OPTIONS',
    methods: ['OPTIONS'],
    headers: [
      ['origin', text],
      ['access-control-request-method', 'GET'],
    ],
    size: 3,
  }))
}

function combine(dimensions: readonly (readonly Partial<Variation>[])[]): Variation[] {
  let all: Variation[] = [{ method: 'GET', methods: ['GET'], headers: [], query: '', size: 0 }]
  for (const choices of dimensions) {
    if (choices.length === 1 && Object.keys(choices[0] as object).length === 0) continue
    all = all.flatMap((base) =>
      choices.map((choice) => ({
        ...base,
        ...choice,
        headers: [...base.headers, ...(choice.headers ?? [])],
        query: [base.query, choice.query ?? ''].filter((part) => part !== '').join('&'),
        size: base.size + (choice.size ?? 0),
      })),
    )
  }
  return all
}

function methodChoices(way: Way, axes: readonly Axes[]): Partial<Variation>[] {
  const tests = axes.flatMap((each) => [...each.methods.values()])
  const asked = way.asked.methods.map(
    (text) => (attributes: Attributes) => fits(text, attributes.source.method),
  )
  const heads = axes.some((each) => each.heads)
  const all = heads ? methods.filter((method) => method !== 'HEAD') : methods
  const groups = group(all, [...tests, ...asked], (method) => ({ method }))
  return groups.map((same, index) => ({
    method: same[0] as string,
    methods: same,
    size: index === 0 ? 0 : 1,
  }))
}

/** A method as a policy writes it: exact, `A*`, `*A`, `*`. */
export function fits(pattern: string, text: string): boolean {
  if (pattern === '*') return true
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1))
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1))
  return pattern === text
}

function group(
  texts: readonly string[],
  tests: readonly Test[],
  change: (text: string) => Partial<Attributes['source']>,
): string[][] {
  const groups = new Map<string, string[]>()
  for (const text of texts) {
    const attributes = new Attributes({ ...nobody, ...change(text) })
    const key = tests.map((test) => (test(attributes) ? 1 : 0)).join('')
    const list = groups.get(key)
    if (list === undefined) groups.set(key, [text])
    else list.push(text)
  }
  return [...groups.values()]
}

/** Which names lead to this chain: the host's own first, none, and what policies and chains name. */
function nameChoices(way: Way, host: string, axes: readonly Axes[]): Partial<Variation>[] {
  const spots = way.spots.filter((spot) => spot?.chain !== undefined)
  if (!spots.some((spot) => spot?.entrance.scheme === 'https')) return [{}]
  const own = helloName(host)
  const named = axes.flatMap((each) => [...each.names]).map((text) => text.replace(/^\*|\*$/, 'x'))
  const candidates = [
    own,
    ...(way.names?.filter((name) => name !== '') ?? spots.flatMap((spot) => spot?.names ?? [])),
    ...named,
    // A chain that takes any name has hosts of other chains, too, for whoever says another name or none.
    'x',
    'x.x',
    '',
  ]
  const leads = (sni: string) =>
    way.leads?.(sni) ??
    way.spots.some((spot, index) => {
      if (spot?.chain === undefined || spot.proxy === undefined || spot.stage === undefined) return false
      const connection = { port: spot.stage.port, scheme: 'https' as const, ...(sni !== '' && { sni }) }
      return way.views[index]?.door.chain(spot.proxy, connection) === spot.chain
    })
  const fitting = [...new Set(candidates)].filter(leads)
  const [first, ...others] = fitting
  if (first === undefined) return []
  const usual: Partial<Variation> = first === own ? {} : { sni: first, size: 2 }
  return [usual, ...(named.length > 0 ? others.map((sni) => ({ sni, size: 2 })) : [])]
}

function mergePatterns(
  maps: readonly ReadonlyMap<string, readonly Pattern[]>[],
): Map<string, readonly Pattern[]> {
  const merged = new Map<string, readonly Pattern[]>()
  for (const map of maps) {
    for (const [name, patterns] of map) merged.set(name, [...(merged.get(name) ?? []), ...patterns])
  }
  return merged
}

/** None, each kind of value, and two values that together match what no single one does. */
function headerChoices(name: string, patterns: readonly Pattern[]): Partial<Variation>[] {
  const { classes } = classesOf(patterns, valueAlphabet)
  const choices: Partial<Variation>[] = [{}]
  for (const { witness } of classes) choices.push({ headers: [[name, witness]], size: 1 })
  if (isSingleHeader(name)) return choices
  const seen = new Set(classes.map(({ labels }) => [...labels].join(',')))
  for (const [index, one] of classes.entries()) {
    for (const other of classes.slice(index + 1)) {
      const labels = [...new Set([...one.labels, ...other.labels])].sort((a, b) => a - b).join(',')
      if (seen.has(labels)) continue
      seen.add(labels)
      choices.push({
        headers: [
          [name, one.witness],
          [name, other.witness],
        ],
        size: 2,
      })
    }
  }
  return choices
}

function valuesOf(patterns: readonly Pattern[], alphabet: string): string[] {
  return classesOf(patterns, alphabet).classes.map(({ witness }) => witness)
}

const known = new Map<string, ReturnType<typeof partitionOf>>()

function classesOf(patterns: readonly Pattern[], alphabet: string) {
  const key = `${alphabet.length} ${JSON.stringify(patterns)}`
  return remember(known, key, () => partitionOf(patterns, alphabet))
}

/** Kept from growing without end in a process that looks at many doors. */
function remember<T>(map: Map<string, T>, key: string, make: () => T): T {
  let found = map.get(key)
  if (found === undefined) {
    if (map.size > 4096) map.clear()
    found = make()
    map.set(key, found)
  }
  return found
}

function partitionOf(patterns: readonly Pattern[], alphabet: string) {
  const set = new PatternSet()
  for (const pattern of patterns) set.add([pattern])
  const part = (empty: boolean) => set.part((nfa, label) => headerText(nfa, alphabet, label, empty), alphabet)
  const { partition, untranslated } = part(true)
  const whole = partition !== undefined && untranslated.length === 0
  // People write no empty headers: one with text in it stands for a class where there is one.
  const filled = part(false).partition?.classes ?? []
  const nameOf = ({ labels }: TextClass) => [...labels].sort((a, b) => a - b).join(',')
  const names = new Set(filled.map(nameOf))
  const others = (partition?.classes ?? []).filter((each) => !names.has(nameOf(each)))
  return { classes: [...filled, ...others], whole }
}
