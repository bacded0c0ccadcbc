import type { At, Problem } from '../../base/index.ts'

export type TomlValue = string | number | boolean | readonly TomlValue[]

export interface TomlEntry {
  readonly value: TomlValue
  readonly at: At
}

/**
 * The part of TOML an oauth2_proxy.cfg is written in: `key = value` with strings of both quotes,
 * numbers, booleans and arrays over several lines, comments. Tables do not occur in it.
 *
 * `at` is the place of the text's first line.
 */
export function parseToml(
  text: string,
  at: At,
): { readonly entries: ReadonlyMap<string, TomlEntry>; readonly problems: readonly Problem[] } {
  const entries = new Map<string, TomlEntry>()
  const problems: Problem[] = []
  const reader = createReader(text)
  for (;;) {
    reader.skip()
    if (reader.done()) break
    const place = { file: at.file, line: at.line + reader.line() }
    try {
      const [key, value] = readEntry(reader)
      if (entries.has(key)) throw new Error(`\`${key}\` is set twice`)
      entries.set(key, { value, at: place })
    } catch (error) {
      problems.push({
        severity: 'error',
        code: 'config-syntax',
        message: error instanceof Error ? error.message : String(error),
        at: place,
      })
      reader.nextLine()
    }
  }
  return { entries, problems }
}

type Reader = ReturnType<typeof createReader>

function createReader(text: string) {
  let at = 0
  const skipBlank = (blank: RegExp) => {
    for (;;) {
      while (at < text.length && blank.test(text[at] as string)) at++
      if (text[at] !== '#') return
      while (at < text.length && text[at] !== '\n') at++
    }
  }
  return {
    done: () => at >= text.length,
    line: () => text.slice(0, at).split('\n').length - 1,
    peek: () => text[at],
    next: () => text[at++],
    skip: () => skipBlank(/\s/),
    skipInLine: () => skipBlank(/[ \t\r]/),
    match(pattern: RegExp): string | undefined {
      pattern.lastIndex = at
      const found = pattern.exec(text)?.[0]
      if (found !== undefined) at += found.length
      return found
    },
    nextLine() {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end + 1
    },
  }
}

function readEntry(reader: Reader): [string, TomlValue] {
  const bare = reader.match(/[A-Za-z0-9_-]+/y)
  const key = bare ?? (reader.peek() === '"' || reader.peek() === "'" ? readString(reader) : undefined)
  if (key === undefined) throw new Error('here a line `name = value` was expected')
  reader.skipInLine()
  if (reader.next() !== '=') throw new Error(`after \`${key}\` an \`=\` was expected`)
  reader.skipInLine()
  const value = readValue(reader, 0)
  reader.skipInLine()
  if (!reader.done() && reader.peek() !== '\n')
    throw new Error(`there is something after the value of \`${key}\``)
  return [key, value]
}

function readValue(reader: Reader, depth: number): TomlValue {
  const first = reader.peek()
  if (first === '"' || first === "'") return readString(reader)
  if (first === '[') return readArray(reader, depth)
  const word = reader.match(/[^\s,\]#]+/y)
  if (word === 'true' || word === 'false') return word === 'true'
  if (word !== undefined && /^[+-]?\d[\d_]*(\.\d+)?$/.test(word)) return Number(word.replaceAll('_', ''))
  throw new Error(
    word === undefined ? 'the value is missing' : `\`${word}\` is not a value; strings need quotes`,
  )
}

function readArray(reader: Reader, depth: number): TomlValue[] {
  if (depth > 8) throw new Error('the list is nested too deeply')
  const items: TomlValue[] = []
  reader.next()
  for (;;) {
    reader.skip()
    if (reader.done()) throw new Error('the list is not closed')
    if (reader.peek() === ']') break
    items.push(readValue(reader, depth + 1))
    reader.skip()
    if (reader.peek() === ',') reader.next()
    else if (reader.peek() !== ']') throw new Error('between two items of a list a comma was expected')
  }
  reader.next()
  return items
}

const escapes: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  '"': '"',
  '\\': '\\',
}

function readString(reader: Reader): string {
  const quote = reader.next()
  let text = ''
  for (;;) {
    const char = reader.next()
    if (char === undefined || char === '\n') throw new Error('the string is not closed')
    if (char === quote) return text
    if (char !== '\\' || quote === "'") {
      text += char
      continue
    }
    const kind = reader.next() ?? ''
    const hex =
      kind === 'u'
        ? reader.match(/[0-9A-Fa-f]{4}/y)
        : kind === 'U'
          ? reader.match(/[0-9A-Fa-f]{8}/y)
          : undefined
    const plain = escapes[kind]
    if (hex !== undefined && Number.parseInt(hex, 16) <= 0x10ffff)
      text += String.fromCodePoint(Number.parseInt(hex, 16))
    else if (plain !== undefined) text += plain
    else throw new Error(`\`\\${kind}\` is no escape; write \`\\\\\` for a backslash, or use single quotes`)
  }
}
