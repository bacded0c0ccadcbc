/**
 * An object of a YAML or JSON text made to say something else, with every line that says the same left
 * as it is: comments, quotes, order and indentation too. Each change is a splice at the place of the
 * value; what came of it is read again, and where it is not what was wanted (aliases, odd layouts) the
 * object alone is written anew.
 */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { KubeObject } from './plan.ts'
import { isFields, isSame } from './same.ts'
import { documentsOf, spelling } from './yaml-text.ts'

/** Which object of a text: document and item of its List, from 0. */
export interface Place {
  readonly document: number
  readonly item?: number
}

interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

type Range = readonly [start: number, valueEnd: number, nodeEnd: number]

export function editObject(text: string, place: Place, after: KubeObject): string {
  const [document, node] = nodeAt(text, place)
  if (node === undefined) return text
  const json = text.trimStart().startsWith('{')
  const splices: Splice[] = []
  change({ text, document, json }, node, after, splices)
  const edited = spliced(text, splices)
  if (isSame(valueAt(edited, place), after)) return edited
  const whole = spliced(text, [replacement(text, node, after, json)])
  if (isSame(valueAt(whole, place), after)) return whole
  throw new Error('an object cannot be written in its place')
}

/** The text without that object; empty if it was the only one. */
export function removeObject(text: string, place: Place): string {
  const rest = without(text, place)
  const wanted = valuesOf(text)
  if (place.item === undefined) wanted.splice(place.document, 1)
  else (wanted[place.document] as { readonly items: unknown[] }).items.splice(place.item, 1)
  const said = (values: readonly unknown[]) => values.filter((value) => value !== null)
  if (isSame(said(valuesOf(rest)), said(wanted))) return rest
  throw new Error('an object cannot be taken out of its place')
}

const valuesOf = (text: string): unknown[] => documentsOf(text).map((each) => each.toJS() as unknown)

function without(text: string, { document, item }: Place): string {
  const read = documentsOf(text)[document]
  if (read === undefined) return text
  if (item !== undefined) {
    const items = (read.contents as YAMLMap).get('items') as YAMLSeq
    return spliced(text, removal(text, items, item))
  }
  // From its `---` up to the next one.
  const starts = documentStarts(text)
  const start = starts[document] ?? 0
  const end = starts[document + 1] ?? text.length
  const rest = text.slice(0, start) + text.slice(end)
  return /^\s*(---\s*)?$/.test(rest) ? '' : rest.replace(/^---\s*\n(?=---)/, '')
}

/** The text with one more document behind it. */
export function appendObject(text: string, object: KubeObject): string {
  const more = objectText(object)
  if (text.trim() === '') return more
  return asEnded(text, `${text.endsWith('\n') ? text : `${text}\n`}---\n${more}`)
}

export function objectText(object: KubeObject): string {
  return stringify(object, spelling)
}

function nodeAt(text: string, { document, item }: Place): readonly [Document, Node?] {
  const read = documentsOf(text)[document] as Document.Parsed
  if (!isMap(read?.contents)) return [read]
  if (item === undefined) return [read, read.contents]
  const items = read.contents.get('items')
  return isSeq(items) ? [read, items.items[item] as Node] : [read]
}

function valueAt(text: string, { document, item }: Place): unknown {
  const read = documentsOf(text)[document]
  if (read === undefined || read.errors.length > 0) return undefined
  const whole: unknown = read.toJS()
  return item === undefined ? whole : (whole as { readonly items?: readonly unknown[] } | null)?.items?.[item]
}

/** Where documents begin, their `---` included; the first begins the text, and one behind `...` the next line. */
function documentStarts(text: string): readonly number[] {
  const starts = [0]
  for (const { index, 0: line } of text.matchAll(/^(---|\.\.\.)(?!\S).*\n?/gm)) {
    // A marker before anything is said opens the document that is begun.
    if (/^(\s|#.*(\n|$)|%.*(\n|$))*$/.test(text.slice(starts.at(-1), index).replace(/^\ufeff/, ''))) continue
    starts.push(line.startsWith('.') ? index + line.length : index)
  }
  return starts
}

/** With the line ends of the text it was. */
const asEnded = (was: string, is: string): string =>
  /\r\n/.test(was) && !/(^|[^\r])\n/.test(was) ? is.replaceAll(/\r?\n/g, '\r\n') : is

function spliced(text: string, splices: readonly Splice[]): string {
  let result = text
  // From the end on. Of several at one place an outer entry is written before the inner one, which then comes to
  // stand in front of it; and what is taken out goes first.
  const ordered = [...splices].reverse().sort((a, b) => b.start - a.start || b.end - a.end)
  for (const { start, end, text: written } of ordered) {
    result = result.slice(0, start) + written + result.slice(end)
  }
  return asEnded(text, result)
}

interface Whole {
  readonly text: string
  /** Aliases and merge keys are of a document. */
  readonly document: Document
  readonly json: boolean
}

function change(whole: Whole, node: Node, after: unknown, splices: Splice[]): void {
  const { text, document, json } = whole
  const before = node.toJS(document)
  if (isSame(before, after)) return
  if (isMap(node) && isFields(after)) changeMap(whole, node, before, after, splices)
  else if (isSeq(node) && Array.isArray(after)) changeSeq(whole, node, before, after, splices)
  else splices.push(replacement(text, node, after, json))
}

function changeMap(
  whole: Whole,
  node: YAMLMap,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  splices: Splice[],
): void {
  const { text, json } = whole
  // Of two alike the last counts.
  const own = new Map(node.items.map((pair, index) => [keyOf(pair), index]))
  const merged = Object.keys(before).filter((key) => !own.has(key))
  const kept = node.items.filter((pair) => isMerge(pair) || Object.hasOwn(after, keyOf(pair)))
  // Nothing would stay to stand beside, or what is merged has to go.
  if (kept.length === 0 || !merged.every((key) => Object.hasOwn(after, key))) {
    splices.push(replacement(text, node, after, json))
    return
  }
  // What is written wins over what is merged.
  const known = new Set(merged.filter((key) => isSame(before[key], after[key])))
  for (const [index, pair] of node.items.entries()) {
    const key = keyOf(pair)
    if (isMerge(pair) || (own.get(key) !== index && Object.hasOwn(after, key))) continue
    known.add(key)
    if (!Object.hasOwn(after, key)) splices.push(...removal(text, node, index))
    else if (pair.value !== null) change(whole, pair.value as Node, after[key], splices)
    else if (after[key] !== null) {
      const [, end] = rangeOf(pair.key)
      splices.push({ start: end, end, text: `: ${inline(after[key], json)}` })
    }
  }
  const added = Object.entries(after).filter(([key]) => !known.has(key))
  if (added.length > 0)
    splices.push(
      insertion(
        text,
        node,
        added.map(([key, value]) => ({ [key]: value })),
        json,
      ),
    )
}

function changeSeq(
  whole: Whole,
  node: YAMLSeq,
  before: readonly unknown[],
  after: readonly unknown[],
  splices: Splice[],
): void {
  const { text, json } = whole
  const rewrite = () => splices.push(replacement(text, node, after, json))
  if (before.length === 0 || after.length === 0) return void rewrite()
  let head = 0
  while (head < before.length && head < after.length && isSame(before[head], after[head])) head++
  let tail = 0
  const most = Math.min(before.length, after.length) - head
  while (tail < most && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail++
  const old = before.slice(head, before.length - tail)
  const fresh = after.slice(head, after.length - tail)
  const both = Math.min(old.length, fresh.length)
  // What is there stays in its lines, and the others come or go on the side where less has to be said otherwise.
  const behind = likeness(old, fresh.slice(0, both)) >= likeness(old.slice(-both), fresh.slice(-both))
  const [fromOld, fromFresh] = behind ? [0, 0] : [old.length - both, fresh.length - both]
  for (let index = 0; index < both; index++) {
    change(whole, node.items[head + fromOld + index] as Node, fresh[fromFresh + index], splices)
  }
  const side = behind ? both : 0
  if (fresh.length > both) {
    const more = fresh.slice(side, side + fresh.length - both)
    splices.push(insertion(text, node, more, json, head + side))
  } else if (old.length > both) {
    splices.push(...removal(text, node, head + side, old.length - both))
  }
}

/** How many fields say the same where the entries of two lists are laid side by side. */
function likeness(old: readonly unknown[], fresh: readonly unknown[]): number {
  return fresh
    .map((value, at) => {
      const other = old[at]
      if (!isFields(value) || !isFields(other)) return 0
      return Object.keys(value).filter((key) => isSame(value[key], other[key])).length
    })
    .reduce((sum, one) => sum + one, 0)
}

/** More entries behind entry `at - 1`, or behind all. */
function insertion(
  text: string,
  node: YAMLMap | YAMLSeq,
  values: readonly unknown[],
  json: boolean,
  at = node.items.length,
): Splice {
  const flow = node.flow === true
  if (flow || json) {
    const words = values.map((value) => (isSeq(node) ? inline(value, json) : pairText(value, json)))
    const [beside] = rangeOf(node.items[at === 0 ? 0 : at - 1])
    const margin = text.slice(lineStart(text, beside), beside)
    // On lines of their own where the others are.
    const comma = /^\s*$/.test(margin) ? `,\n${margin}` : ', '
    if (at === 0) return { start: beside, end: beside, text: words.map((word) => word + comma).join('') }
    const end = endOf(node.items[at - 1])
    return { start: end, end, text: words.map((word) => comma + word).join('') }
  }
  const column = columnOf(text, node)
  const lines = values.map((value) => block(isSeq(node) ? [value] : value, column)).join('')
  if (at === 0) {
    const start = lineStart(text, rangeOf(node.items[0])[0])
    return { start, end: start, text: lines }
  }
  const end = lineEnd(text, endOf(node.items[at - 1]))
  return { start: end, end, text: text[end - 1] === '\n' ? lines : `\n${lines.replace(/\n$/, '')}` }
}

/** Without `count` entries from `index` on. */
function removal(text: string, node: YAMLMap | YAMLSeq, index: number, count = 1): readonly Splice[] {
  const [first, last] = [node.items[index], node.items[index + count - 1]]
  const [before, next] = [node.items[index - 1], node.items[index + count]]
  if (node.flow === true) {
    if (next !== undefined) return [{ start: rangeOf(first)[0], end: rangeOf(next)[0], text: '' }]
    return [{ start: before === undefined ? rangeOf(first)[0] : endOf(before), end: endOf(last), text: '' }]
  }
  if (node.items.length === count) return [replacement(text, node, isSeq(node) ? [] : {}, false)]
  const start = lineStart(text, rangeOf(first)[0])
  return [{ start, end: lineEnd(text, endOf(last)), text: '' }]
}

/** Another value in the place of one. */
function replacement(text: string, node: Node, after: unknown, json: boolean): Splice {
  const [start, end] = rangeOf(node)
  if (isBlockScalar(node) && typeof after === 'string' && after.includes('\n') && !json) {
    return { start, end, text: blockText(text.slice(start, end), after) }
  }
  const block = !json && (isMap(node) || isSeq(node)) && node.flow !== true && isFilled(after)
  if (!block) {
    const close = text[end - 1] === '\n' ? end - 1 : end
    const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true
    const written = inline(after, json)
    return { start, end: isBlock || isBlockScalar(node) ? close : end, text: written }
  }
  const column = columnOf(text, node as YAMLMap | YAMLSeq)
  const lines = stringify(after, spelling).replace(/\n$/, '').split('\n')
  const tail = text[end - 1] === '\n' ? '\n' : ''
  return {
    start,
    end,
    text: lines.map((line, at) => (at === 0 ? line : ' '.repeat(column) + line)).join('\n') + tail,
  }
}

const isFilled = (value: unknown) =>
  Array.isArray(value) ? value.length > 0 : isFields(value) && Object.keys(value).length > 0

const isBlockScalar = (node: Node) => isScalar(node) && /^BLOCK/.test(node.type ?? '')

/** A text of lines in the place of another, as far in as that one was. */
function blockText(old: string, after: string): string {
  const body = old.slice(old.indexOf('\n') + 1)
  const margin = /^( *)\S/m.exec(body)?.[1] ?? '  '
  const keep = /\n*$/.exec(after)?.[0].length ?? 0
  // What begins with a space would be read as a deeper margin.
  const deep = after.startsWith(' ') ? String(margin.length) : ''
  const header = `|${deep}${keep === 0 ? '-' : keep === 1 ? '' : '+'}`
  const lines = after.replace(/\n$/, '').split('\n')
  return `${header}\n${lines.map((line) => (line === '' ? '' : margin + line)).join('\n')}\n`
}

/** Lines of a collection's entries, each indented by `column`. */
function block(value: unknown, column: number): string {
  return stringify(value, spelling)
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${' '.repeat(column)}${line}\n`)
    .join('')
}

/** On one line, where it may stand inside `[]` and `{}`. */
function inline(value: unknown, json: boolean): string {
  if (json) return JSON.stringify(value)
  const wrapped = stringify([value], { ...spelling, collectionStyle: 'flow', flowCollectionPadding: false })
  const word = wrapped
    .trim()
    .replace(/^\[\s*/, '')
    .replace(/\s*,?\s*\]$/, '')
  // A long collection is broken into lines by the writer.
  return word.includes('\n') ? JSON.stringify(value) : word
}

function pairText(pair: unknown, json: boolean): string {
  const [[key, value] = ['', null]] = Object.entries(pair as Record<string, unknown>)
  return `${inline(key, json)}: ${inline(value, json)}`
}

/** `<<` of YAML 1.1, which the parser gives a symbol for a value. */
const isMerge = ({ key }: Pair): boolean => isScalar(key) && typeof key.value === 'symbol'

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
}

/** Of a node, or from a pair's key. */
function rangeOf(node: unknown): Range {
  const at = (node as { readonly key?: unknown }).key ?? node
  return (at as { readonly range?: Range }).range ?? [0, 0, 0]
}

/** Where the last word of an entry ends: collections also hold the blank lines behind them. */
function endOf(entry: unknown): number {
  const pair = entry as { readonly key?: unknown; readonly value?: unknown }
  const node = pair.key === undefined ? entry : (pair.value ?? pair.key)
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0) {
    return endOf(node.items.at(-1))
  }
  return rangeOf(node)[1]
}

const lineStart = (text: string, at: number) => text.lastIndexOf('\n', at - 1) + 1

/** Behind the line break of the line that ends at or after `at`. */
function lineEnd(text: string, at: number): number {
  if (text[at - 1] === '\n') return at
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end + 1
}

/** How far a block collection's entries are indented: its keys, or its dashes. */
function columnOf(text: string, node: YAMLMap | YAMLSeq): number {
  const [at] = rangeOf(node.items[0])
  const start = lineStart(text, at)
  if (!isSeq(node)) return at - start
  return text.slice(start, at).lastIndexOf('-')
}
