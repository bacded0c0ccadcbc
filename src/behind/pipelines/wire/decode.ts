/**
 * Protobuf's JSON mapping, strictly: a field the message does not have is refused, as the API server
 * does; names may be written `like_this` or `likeThis`; an enum is its name or its number; a 64-bit
 * integer may be text. https://protobuf.dev/programming-guides/json/
 */
import type { Field, Message } from './schema.ts'

/** What a message holds after reading: names `like_this`, nothing but what was given. */
export type Fields = Readonly<Record<string, unknown>>

/** Where in the JSON something is wrong: at a key, or at its value; undefined is the beginning. */
export interface Near {
  readonly key: string
  readonly part: 'key' | 'value'
}

/** Thrown with a sentence for the caller. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly near: Near | undefined
  /** The message that does not have the field `near.key`. */
  readonly lacking: string | undefined
  constructor(text: string, near?: Near, lacking?: string) {
    super(text)
    this.near = near
    this.lacking = lacking
  }
}

const camel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const indexes = new WeakMap<Message, ReadonlyMap<string, string>>()

/** Both spellings of every field → its name. */
function indexOf(message: Message): ReadonlyMap<string, string> {
  const known = indexes.get(message)
  if (known) return known
  const index = new Map<string, string>()
  for (const name of Object.keys(message.fields)) index.set(name, name).set(camel(name), name)
  indexes.set(message, index)
  return index
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * `key` is the one whose value this is.
 *
 * @throws DecodeError with the first thing that is wrong
 */
export function decode(message: Message, value: unknown, key = ''): Fields {
  if (!isObject(value)) throw unexpected(value, key)
  const index = indexOf(message)
  const fields: Record<string, unknown> = {}
  const spelled = new Map<string, string>()
  for (const [given, content] of Object.entries(value)) {
    const near: Near = { key: given, part: 'key' }
    const name = index.get(given)
    if (name === undefined) {
      throw new DecodeError(`unknown field ${JSON.stringify(given)}`, near, message.name)
    }
    // JSON null is "not given" for every field but google.protobuf.Value.
    if (content === null) continue
    if (spelled.has(name)) throw new DecodeError(`duplicate field ${JSON.stringify(given)}`, near)
    spelled.set(name, given)
    for (const [oneof, members] of Object.entries(message.oneofs ?? {})) {
      if (!members.includes(name) || !members.some((other) => other !== name && spelled.has(other))) continue
      throw new DecodeError(
        `error parsing ${JSON.stringify(given)}, oneof ${message.name}.${oneof} is already set`,
        near,
      )
    }
    fields[name] = decodeField(message.fields[name] as Field, content, given)
  }
  return fields
}

function decodeField(field: Field, value: unknown, key: string): unknown {
  if (typeof field === 'object') {
    if ('message' in field) return decode(field.message, value, key)
    if ('repeated' in field) {
      if (!Array.isArray(value)) throw unexpected(value, key)
      return value.map((item) => decodeField(field.repeated, item, key))
    }
    return decodeEnum(field.enum, value, key)
  }
  switch (field) {
    case 'string':
    case 'bool': {
      if (typeof value !== (field === 'bool' ? 'boolean' : 'string')) throw wrong(field, value, key)
      return value
    }
    case 'int32':
    case 'int64':
      return decodeInteger(field, value, key)
    case 'timestamp':
      return decodeTimestamp(value, key)
    case 'struct':
    case 'values':
      if (!isObject(value)) throw unexpected(value, key)
      return value
    case 'ignored':
      return value
  }
}

function decodeInteger(field: 'int32' | 'int64', value: unknown, key: string): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  const limit = field === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER
  if (typeof number !== 'number' || !Number.isInteger(number) || number >= limit || number < -limit) {
    throw wrong(field, value, key)
  }
  return number
}

function decodeEnum(names: Readonly<Record<string, number>>, value: unknown, key: string): string {
  if (typeof value === 'string' && Object.hasOwn(names, value)) return value
  if (typeof value === 'number' && Number.isInteger(value)) {
    // proto3 enums are open: a number without a name is kept, and means nothing here.
    return Object.keys(names).find((name) => names[name] === value) ?? String(value)
  }
  throw wrong('enum', value, key)
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

/** Seconds since the epoch. */
function decodeTimestamp(value: unknown, key: string): number {
  if (typeof value !== 'string') throw unexpected(value, key)
  const ms = rfc3339.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw at(`invalid google.protobuf.Timestamp value ${show(value)}`, key)
  return Math.floor(ms / 1000)
}

const at = (text: string, key: string) =>
  new DecodeError(text, key === '' ? undefined : { key, part: 'value' })

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

const wrong = (type: string, value: unknown, key: string) =>
  at(`invalid value for ${type} field ${camel(key)}: ${show(value)}`, key)

/** An object or a list is told by its first character. */
const unexpected = (value: unknown, key: string) =>
  at(`unexpected token ${isObject(value) ? '{' : Array.isArray(value) ? '[' : show(value)}`, key)

/**
 * The sentence with the place in the text, as Go's protojson writes it: `(line 1:2): unknown field "x"`.
 * A key that stands there more than once is told at its first place.
 */
export function located(error: DecodeError, json: string): string {
  const { near } = error
  let at = near ? json.indexOf(JSON.stringify(near.key)) : json.search(/\S/)
  if (at < 0) return error.message
  if (near?.part === 'value') {
    const rest = json.slice(at + JSON.stringify(near.key).length)
    at = json.length - rest.length + (/^\s*:\s*/.exec(rest)?.[0].length ?? 0)
  }
  const lines = json.slice(0, at).split('\n')
  return `(line ${lines.length}:${(lines.at(-1) ?? '').length + 1}): ${error.message}`
}
