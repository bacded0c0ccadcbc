/**
 * Whether several rules together take everything one takes. Requests are boxes: for each thing rules look
 * at a set of classes, bits of a number, and what is left of a box when others are cut out of it are boxes
 * again. `undefined` where it is not sure: more combinations are assumed than there are, never fewer.
 */
import { Attributes, type PathRules, parseValuePattern, type Rule } from '../policy/index.ts'
import { nobody } from './addresses.ts'
import { takesValue } from './covers.ts'
import { type Pattern, PatternSet } from './pattern-set.ts'
import { canonicalPath, headerText, pathAlphabet, valueAlphabet } from './universe.ts'

type Field = Rule['to'][number]['fields'][number]

/** What has to hold of one request: its conditions, all of them. */
export interface Conditions {
  readonly fields: readonly Field[]
}

/** Rules whose boxes are cut out. */
export interface Cutting<T> {
  readonly of: T
  readonly boxes: readonly Conditions[]
}

const mostPieces = 1500
const mostValues = 8
const mostStates = 4000

/** Every `from` with every `to`. */
export function boxesOf({ from, to }: Rule): readonly Conditions[] {
  return from.flatMap((one) => to.map((other) => ({ fields: [...one.fields, ...other.fields] })))
}

/**
 * Whose boxes cover all of `whole`, those without which some would be left; undefined = not sure that any do.
 * So it is, too, where a part of `whole` holds nothing, unless that may be.
 */
export function coveredBy<T>(
  whole: readonly Conditions[],
  others: readonly Cutting<T>[],
  options: { readonly maybeNothing?: true } = {},
): readonly T[] | undefined {
  const space = new Space([...whole, ...others.flatMap(({ boxes }) => boxes)])
  if (!space.sure) return undefined
  const all = whole.map((each) => space.box(each))
  const wanted = all.filter((box) => !isEmpty(box))
  // A connection sees less than a request: what is impossible for the one may be all that is left of it for the other.
  if (wanted.length < all.length && !options.maybeNothing) return undefined
  const cutters = others.map(({ of, boxes }) => ({ of, boxes: boxes.map((each) => space.box(each)) }))
  const covers = (by: typeof cutters) =>
    isCovered(
      wanted,
      by.flatMap(({ boxes }) => boxes),
    )
  if (!covers(cutters)) return undefined
  let needed = cutters
  for (const one of cutters) {
    const rest = needed.filter((each) => each !== one)
    if (covers(rest)) needed = rest
  }
  return needed.map(({ of }) => of)
}

type Box = ReadonlyMap<string, bigint>

const isEmpty = (box: Box) => [...box.values()].includes(0n)

function isCovered(whole: readonly Box[], cutters: readonly Box[]): boolean {
  let left = whole
  for (const cutter of cutters) {
    left = left.flatMap((piece) => cut(piece, cutter))
    if (left.length > mostPieces) return false
    if (left.length === 0) return true
  }
  return left.length === 0
}

/** What is left of `piece`, dimension by dimension. */
function cut(piece: Box, cutter: Box): readonly Box[] {
  const common = new Map(piece)
  for (const [name, bits] of piece) {
    const both = bits & (cutter.get(name) as bigint)
    if (both === 0n) return [piece]
    common.set(name, both)
  }
  const left: Box[] = []
  const done = new Map(piece)
  for (const [name, bits] of piece) {
    const inside = common.get(name) as bigint
    if (bits !== inside) left.push(new Map(done).set(name, bits & ~inside))
    done.set(name, inside)
  }
  return left
}

/** Classes of everything some condition looks at, and each condition as the classes it takes. */
class Space {
  readonly #all = new Map<string, bigint>()
  readonly #taken = new Map<Field, bigint>()
  sure = true

  constructor(every: readonly Conditions[]) {
    const byName = new Map<string, Field[]>()
    for (const field of every.flatMap(({ fields }) => fields)) {
      const name = dimensionOf(field)
      byName.set(name, [...(byName.get(name) ?? []), field])
    }
    for (const [name, fields] of byName) {
      const classes = classesOf(name, fields)
      if (classes === undefined) this.sure = false
      else {
        this.#all.set(name, (1n << BigInt(classes.count)) - 1n)
        for (const field of fields)
          this.#taken.set(
            field,
            bitsWhere(classes.count, (at) => classes.takes(field, at)),
          )
      }
    }
  }

  box({ fields }: Conditions): Box {
    const box = new Map(this.#all)
    for (const field of fields) {
      const name = dimensionOf(field)
      box.set(name, (box.get(name) as bigint) & (this.#taken.get(field) as bigint))
    }
    return box
  }
}

function bitsWhere(count: number, test: (at: number) => boolean): bigint {
  let bits = 0n
  for (let at = 0; at < count; at++) if (test(at)) bits |= 1n << BigInt(at)
  return bits
}

/** The same for a field and its `not…`. */
function dimensionOf({ name, negated }: Field): string {
  if (!negated) return name
  return name.startsWith('when ') ? name.replace(/ notValues$/, '') : lowerFirst(name.slice('not'.length))
}

const lowerFirst = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1)

/** Whatever a proxy makes of them: no path is left out. */
const everyPath: PathRules = { normalize: false, mergeSlashes: false, escapedSlashes: 'keep' }

interface Classes {
  readonly count: number
  takes(field: Field, at: number): boolean
}

function classesOf(name: string, fields: readonly Field[]): Classes | undefined {
  const values = [...new Set(fields.flatMap((field) => field.values.map(({ value }) => value)))]
  if (name === 'paths') {
    return texts(
      values.map((text): Pattern => ({ kind: 'path', text })),
      (set) => set.part((nfa, label) => canonicalPath(nfa, everyPath, label), pathAlphabet, mostStates),
      (path) => ({ path }),
    )
  }
  if (name === 'methods') {
    return texts(
      values.map((text): Pattern => ({ kind: 'value', text })),
      (set) =>
        set.part((nfa, label) => headerText(nfa, valueAlphabet, label, false), valueAlphabet, mostStates),
      (method) => ({ method }),
    )
  }
  return name === 'ports' ? ports(values) : answers(name, fields, values)
}

/** The conditions' own tests say which classes they take, of one text of each. */
function texts(
  patterns: readonly Pattern[],
  part: (set: PatternSet) => ReturnType<PatternSet['part']>,
  source: (text: string) => Partial<Attributes['source']>,
): Classes | undefined {
  const set = new PatternSet()
  for (const pattern of patterns) set.add([pattern])
  const { partition, untranslated } = part(set)
  if (partition === undefined || untranslated.length > 0) return undefined
  const each = partition.classes.map(({ witness }) => new Attributes({ ...nobody, ...source(witness) }))
  return { count: each.length, takes: (field, at) => field.test(each[at] as Attributes) }
}

function ports(values: readonly string[]): Classes {
  const named = [...new Set(values.map(Number))].filter((port) => Number.isInteger(port))
  const other = [1, 2, 3].find((port) => !named.includes(port)) ?? Math.max(...named) + 1
  const each = [...named, other].map((port) => new Attributes({ ...nobody, port }))
  return { count: each.length, takes: (field, at) => field.test(each[at] as Attributes) }
}

/** Each value is a question of its own: every combination of answers that is not known to be impossible. */
function answers(name: string, fields: readonly Field[], values: readonly string[]): Classes | undefined {
  if (values.length > mostValues || (perNamespace.test(name) && fields.length > 1)) return undefined
  const follows = name.startsWith('when request.headers[')
    ? values.map((wide) => values.map((narrow) => narrow !== wide && takesValue(wide, narrow)))
    : []
  const combinations: number[] = []
  for (let yes = 0; yes < 1 << values.length; yes++) {
    const is = (at: number) => (yes & (1 << at)) !== 0
    if (!follows.some((list, wide) => !is(wide) && list.some((narrow, at) => narrow && is(at))))
      combinations.push(yes)
  }
  const bit = new Map(values.map((value, at) => [value, 1 << at]))
  return {
    count: combinations.length,
    takes: (field, at) => {
      const yes = combinations[at] ?? 0
      return field.values.some(({ value }) => (yes & (bit.get(value) ?? 0)) !== 0) !== field.negated
    },
  }
}

/** A service account without a namespace is one of the policy's own, whatever it is called elsewhere. */
const perNamespace = /erviceAccounts?$/

/** Whether two conditions surely have no request in common: by their paths alone, which tells most rules apart. */
export function apart(one: Conditions, other: Conditions): boolean {
  const paths = (each: Conditions) => each.fields.filter(({ name }) => name === 'paths')
  return paths(one).some((a) =>
    paths(other).some((b) =>
      a.values.every(({ value }) => b.values.every(({ value: with_ }) => beginApart(value, with_))),
    ),
  )
}

function beginApart(one: string, other: string): boolean {
  if (/[{}]/.test(one + other)) return false
  const [a, b] = [parseValuePattern(one), parseValuePattern(other)]
  if (a.kind === 'present' || b.kind === 'present' || a.kind === 'suffix' || b.kind === 'suffix') return false
  if (a.kind === 'exact' && b.kind === 'exact') return a.text !== b.text
  if (a.kind === 'exact') return !a.text.startsWith(b.text)
  if (b.kind === 'exact') return !b.text.startsWith(a.text)
  return !a.text.startsWith(b.text) && !b.text.startsWith(a.text)
}
