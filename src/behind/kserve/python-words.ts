/** Values as Python prints them, which is how they stand in a server's refusals. */
import { isNumber, isObject, type Json } from './json.ts'

/** As Python's `json.dumps` writes it with the separators `,` and `:` and its own letters kept. */
export function writeJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (isObject(value)) {
    return `{${[...value].map(([name, member]) => `${quoted(name)}:${writeJson(member)}`).join(',')}}`
  }
  if (isNumber(value)) return value.kind === 'int' ? value.text.replace(/^-0$/, '0') : floatText(value.value)
  return `[${value.map(writeJson).join(',')}]`
}

/** Python escapes a control character as four digits, and no lone half of a pair. */
const quoted = (text: string): string => JSON.stringify(text)

/** Python's `repr` of a float: a point always, an exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${Object.is(value, -0) ? '-0' : value}.0`
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e16) return String(value)
  const [mantissa, exponent = '+0'] = value.toExponential().split('e')
  const digits = exponent.slice(1).padStart(2, '0')
  return `${mantissa}e${exponent[0]}${digits}`
}

/** `'list'`, `'dict'`: what Python calls the type. */
export function pythonType(value: Json): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'str'
  if (isObject(value)) return 'dict'
  if (isNumber(value)) return value.kind
  return 'list'
}

/** Python's `repr` of a string: single quotes, unless only double ones need no escape. */
export function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const body = [...text]
    .map((letter) => {
      if (letter === quote || letter === '\\') return `\\${letter}`
      if (letter === '\n') return '\\n'
      if (letter === '\r') return '\\r'
      if (letter === '\t') return '\\t'
      const code = letter.charCodeAt(0)
      return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : letter
    })
    .join('')
  return `${quote}${body}${quote}`
}
