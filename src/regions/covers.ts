/** Whether one entry of a rule, or one route, takes everything another takes. `false` where it is not sure. */
import {
  isPathTemplate,
  matchesValue,
  type PathMatch,
  type PathRules,
  parseValuePattern,
  type Rule,
} from '../policy/index.ts'
import { type Pattern, PatternSet } from './pattern-set.ts'
import { canonicalPath, pathAlphabet } from './universe.ts'

type Entry = Rule['to'][number]
type Field = Entry['fields'][number]

const mostStates = 4000

/** Whether every request `narrow` takes is one `wide` takes. */
export function coversRule(wide: Rule, narrow: Rule, rules: PathRules): boolean {
  return coversSide(wide.from, narrow.from, rules) && coversSide(wide.to, narrow.to, rules)
}

function coversSide(wide: readonly Entry[], narrow: readonly Entry[], rules: PathRules): boolean {
  return narrow.every((each) => wide.some((other) => coversEntry(other, each, rules)))
}

/** Every condition of the wide one follows from a condition of the narrow one. */
function coversEntry(wide: Entry, narrow: Entry, rules: PathRules): boolean {
  return wide.fields.every((field) =>
    narrow.fields.some((other) =>
      other.negated === field.negated && other.name === field.name
        ? field.negated
          ? takesAll(other, field, rules)
          : takesAll(field, other, rules)
        : excludes(field, other),
    ),
  )
}

/** Whether it looks at what only HTTP has: such a rule of an ALLOW falls out where bytes are handed on. */
export function looksAtHttp({ from, to }: Rule): boolean {
  return [...from, ...to].some(({ fields }) => fields.some(({ name }) => ofHttp.test(name)))
}

const ofHttp =
  /^(hosts|methods|paths|requestPrincipals|not(Hosts|Methods|Paths|RequestPrincipals)|when request\.)/

/** Fields whose values are compared as text, each request having one at most. */
const compared = /^(methods|notMethods|paths|notPaths|when request\.headers\[.*\](?: notValues)?)$/

function takesAll(wide: Field, narrow: Field, rules: PathRules): boolean {
  const [all, some] = [wide, narrow].map(({ values }) => values.map(({ value }) => value)) as [
    string[],
    string[],
  ]
  const byText = compared.test(wide.name)
  const template = byText && /^(paths|notPaths)$/.test(wide.name) && [...all, ...some].some(isPathTemplate)
  const left = some.filter((value) =>
    all.every((other) => other !== value && !(byText && !template && takesValue(other, value))),
  )
  if (left.length === 0) return true
  if (!template) return false
  const paths = (list: readonly string[]) => list.map((text): Pattern => ({ kind: 'path', text }))
  return takesTexts(paths(all), paths(left), rules)
}

/** `*` is left to its equal: whether it takes the empty text hangs on the field. */
export function takesValue(wide: string, narrow: string): boolean {
  const [one, other] = [parseValuePattern(wide), parseValuePattern(narrow)]
  if (one.kind === 'present' || other.kind === 'present' || one.kind === 'exact') return false
  if (other.kind === 'exact' || other.kind === one.kind) return matchesValue(one, other.text)
  return false
}

/** `notPaths` and the like, of the wide one, where the narrow one names texts outside of it. */
function excludes(wide: Field, narrow: Field): boolean {
  const twin = { notPaths: 'paths', notMethods: 'methods' }[wide.name]
  if (twin === undefined || narrow.name !== twin) return false
  return narrow.values.every(({ value }) => {
    const one = parseValuePattern(value)
    if (one.kind !== 'exact' || isPathTemplate(value)) return false
    return wide.values.every(
      ({ value: other }) => !isPathTemplate(other) && !matchesValue(parseValuePattern(other), one.text),
    )
  })
}

/** Over paths as they are after normalization. */
function takesTexts(wide: readonly Pattern[], narrow: readonly Pattern[], rules: PathRules): boolean {
  const patterns = new PatternSet()
  patterns.add(narrow)
  patterns.add(wide)
  const { partition, untranslated } = patterns.part(
    (nfa, label) => canonicalPath(nfa, rules, label),
    pathAlphabet,
    mostStates,
  )
  if (partition === undefined || untranslated.length > 0) return false
  // The universe is label 0, then the patterns in the order they were added.
  return partition.classes.every(({ labels }) => !labels.has(1) || labels.has(2))
}

/** Whether every path `narrow` takes is one `wide` takes. */
export function coversPath(wide: PathMatch, narrow: PathMatch, rules: PathRules): boolean {
  if (wide.kind === narrow.kind && wide.text === narrow.text && wide.ignoreCase === narrow.ignoreCase) {
    return true
  }
  // Most pairs of a long list are told apart by how they begin.
  if (wide.kind === 'exact' && narrow.kind !== 'exact' && narrow.kind !== 'regex') return false
  if (wide.kind === 'regex' || narrow.kind === 'regex' || wide.ignoreCase || narrow.ignoreCase) {
    return takesTexts([{ kind: 'route', match: wide }], [{ kind: 'route', match: narrow }], rules)
  }
  if (wide.kind === 'prefix') return narrow.text.startsWith(wide.text)
  if (wide.kind === 'exact') return narrow.kind === 'exact' && narrow.text === wide.text
  const below = narrow.text.startsWith(`${wide.text}/`)
  return below || (narrow.kind !== 'prefix' && narrow.text === wide.text)
}
