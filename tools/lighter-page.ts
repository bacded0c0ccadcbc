/**
 * What a page need not carry: Unicode's tables, which every browser has, what RE2's library does beside matching,
 * and what a rule of `lint` or a failure tells a reader of the documentation.
 */
import type { Plugin } from 'vite'

/** The failures a page can meet: its engine answers with values, and these end a question. */
const spoken = new Set(['ERR_MESH_INVALID', 'ERR_NO_GATEWAY', 'ERR_USAGE'])
const silent = new Set<string>()

export const lighter: Plugin = {
  name: 'lighter',
  transform(code, id) {
    if (/\/re2js\/build\/index\.js$/.test(id))
      return { code: withNativeTables(onlyMatching(code)), map: null }
    if (/\/src\/lint\/(rules\/|registry\.ts$)/.test(id)) return { code: withoutProse(code), map: null }
    if (/\/src\/base\/faults\//.test(id)) return { code: withoutProse(onlySpoken(code)), map: null }
    return null
  },
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue
      const made = [...chunk.code.matchAll(/new [\w$]+\(\s*["'`](ERR_[A-Z_]+)/g)].map(([, code = '']) => code)
      const missing = made.find((code) => silent.has(code))
      if (missing) throw new Error(`${chunk.fileName} speaks of ${missing}, which the page does not know`)
    }
  },
}

/** Rows of failures that no code of the page names. */
export function onlySpoken(code: string): string {
  return code.replace(/^([ \t]+)(ERR_\w+): \{\n[\s\S]*?\n\1\},?\n/gm, (row, _, name: string) => {
    if (spoken.has(name)) return row
    silent.add(name)
    return ''
  })
}

/** Nothing is replaced, split or listed with an expression here, and no other kind of it translated. */
const beside: Readonly<Record<string, string>> = {
  Matcher:
    'quoteReplacement getNamedGroups appendReplacement appendReplacementInternalJava appendReplacementInternalJs appendTail replaceAll replaceFirst replace appendReplacementFunc matchArray namedGroupsObject',
  RE2: 'initTest compilePOSIX match replaceAll replaceFirst replaceAllFunc pad allMatches find findIndex findSubmatch findSubmatchIndex findAll findAllIndex findAllSubmatch findAllSubmatchIndex',
  RE2JS: 'quoteReplacement translateRegExp initTest test exec split namedGroups equals',
}

/** re2js that compiles an expression, and says whether a text has it. */
export function onlyMatching(code: string): string {
  let left = code
  for (const [name, methods] of Object.entries(beside)) {
    const begin = left.indexOf(`\nvar ${name} = class`)
    const end = left.indexOf('\n};\n', begin) + 1
    let body = left.slice(begin, end)
    for (const method of methods.split(' ')) {
      const whole = new RegExp(
        `\\n\\t(?:static )?${method}\\(.*\\) \\{\\n(?:(?:\\t\\t.*)?\\n)*?\\t\\}(?=\\n)`,
        'g',
      )
      const without = body.replace(whole, '')
      if (without === body)
        throw new Error(`re2js no longer has ${name}.${method} where the build looks for it`)
      body = without
    }
    left = left.slice(0, begin) + body + left.slice(end)
  }
  return left
}

const table =
  /(\w+: \(\) =>|this\._Print =) new UnicodeRangeTable\(decodeRanges\("([^"]*)", (true|false)\)\)/g
/** What RE2 calls printable. */
const printable = '[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]'

/**
 * re2js with `\p{…}` asked of the browser where both mean the same: each table is compared, code point by
 * code point, with what the Node that builds says, and stays where they differ.
 */
export function withNativeTables(code: string): string {
  const categories = code.indexOf('static CATEGORIES = ')
  const scripts = code.indexOf('static SCRIPTS = ')
  const end = code.indexOf('static FOLD_CATEGORIES = ')
  if (categories < 0 || scripts < categories || end < scripts) {
    throw new Error('re2js no longer keeps its tables where the build of the page looks for them')
  }
  let replaced = 0
  const lighten = (text: string, classOf: (name: string) => string) =>
    text.replace(table, (entry, head: string, data: string, stride: string) => {
      const source = classOf(head.slice(0, head.indexOf(':')))
      const native = nativeTable(source)
      if (native === undefined || !sameSet(native, decodeRanges(data, stride === 'true'))) return entry
      replaced++
      return `${head} new UnicodeRangeTable(nativeTable(${JSON.stringify(source)}))`
    })
  const lightened =
    lighten(code.slice(0, categories), () => printable) +
    lighten(code.slice(categories, scripts), (name) => `\\p{${name}}`) +
    lighten(code.slice(scripts, end), (name) => `\\p{Script=${name}}`) +
    code.slice(end)
  if (replaced < 100) throw new Error(`only ${replaced} tables of re2js are the same here`)
  return `${lightened}\n${nativeTable}\n`
}

/** Ranges `from, to, 1` of the code points a class has. It goes to the page as it is written here. */
function nativeTable(source: string) {
  let all: RegExp
  try {
    all = new RegExp(source, 'u')
  } catch {
    return undefined
  }
  const ranges: number[] = []
  let from = -1
  for (let at = 0; at <= 0x110000; at++) {
    const has = at < 0x110000 && all.test(String.fromCodePoint(at))
    if (has && from < 0) from = at
    if (!has && from >= 0) {
      ranges.push(from, at - 1, 1)
      from = -1
    }
  }
  return Uint32Array.from(ranges)
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-'

/** As re2js writes them: differences, five bits a letter; `plain` = every stride is 1. */
function decodeRanges(text: string, plain: boolean): Uint32Array {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (const letter of text) {
    const digit = digits.indexOf(letter)
    value |= (digit & 31) << shift
    if ((digit & 32) !== 0) shift += 5
    else {
      numbers.push(value)
      value = 0
      shift = 0
    }
  }
  const ranges: number[] = []
  let at = 0
  for (let index = 0; index < numbers.length; index += plain ? 2 : 3) {
    const from = at + (numbers[index] as number)
    at = from + (numbers[index + 1] as number)
    ranges.push(from, at, plain ? 1 : (numbers[index + 2] as number))
  }
  return Uint32Array.from(ranges)
}

function sameSet(one: Uint32Array, other: Uint32Array): boolean {
  const bits = (ranges: Uint32Array) => {
    const set = new Uint8Array(0x110000)
    for (let index = 0; index < ranges.length; index += 3) {
      const [from = 0, to = 0, stride = 1] = ranges.subarray(index, index + 3)
      for (let at = from; at <= to; at += stride) set[at] = 1
    }
    return Buffer.from(set.buffer)
  }
  return bits(one).equals(bits(other))
}

/** A rule of `lint`, or a failure, without the paragraphs of its page in the documentation. */
export function withoutProse(code: string): string {
  return code.replace(
    /\b(why|remedy|meaning):\s*(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`[^`$]*`),/g,
    "$1: '',",
  )
}
