/**
 * Protobuf's JSON mapping, strictly: a field the message does not have is refused, as the API server
 * does; names may be written `like_this` or `likeThis`; an enum is its name or its number; a 64-bit
 * integer may be text. https://protobuf.dev/programming-guides/json/
 */
import type { Field, Message } from './schema.ts'

/** What a message holds after reading: names `like_this`, nothing but what was given. */
export type Fields = Readonly<Record<string, unknown>>

/** Thrown with a sentence for the caller. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  /** The field that does not exist, and the message that does not have it. */
  readonly unknown: { readonly key: string; readonly message: string } | undefined
  constructor(text: string, unknown?: DecodeError['unknown']) {
    super(text)
    this.unknown = unknown
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

/** @throws DecodeError with the first thing that is wrong */
export function decode(message: Message, value: unknown, where = ''): Fields {
  if (!isObject(value)) throw new DecodeError(`unexpected token ${show(value)}${at(where)}`)
  const index = indexOf(message)
  const fields: Record<string, unknown> = {}
  for (const [key, given] of Object.entries(value)) {
    const name = index.get(key)
    if (name === undefined) {
      throw new DecodeError(`unknown field "${key}"`, { key, message: message.name })
    }
    // JSON null is "not given" for every field but google.protobuf.Value.
    if (given === null) continue
    if (name in fields) throw new DecodeError(`duplicate field "${key}"${at(where)}`)
    const field = message.fields[name] as Field
    fields[name] = decodeField(field, given, where === '' ? key : `${where}.${key}`)
  }
  for (const group of message.oneof ?? []) {
    const given = group.filter((name) => name in fields)
    if (given.length > 1) {
      throw new DecodeError(`error parsing "${given[1]}", oneof ${message.name} is already set${at(where)}`)
    }
  }
  return fields
}

function decodeField(field: Field, value: unknown, where: string): unknown {
  if (typeof field === 'object') {
    if ('message' in field) return decode(field.message, value, where)
    if ('repeated' in field) {
      if (!Array.isArray(value)) throw wrong('list', value, where)
      return value.map((item, i) => decodeField(field.repeated, item, `${where}[${i}]`))
    }
    return decodeEnum(field.enum, value, where)
  }
  switch (field) {
    case 'string':
      if (typeof value !== 'string') throw wrong('string', value, where)
      return value
    case 'bool':
      if (typeof value !== 'boolean') throw wrong('bool', value, where)
      return value
    case 'int32':
    case 'int64':
      return decodeInteger(field, value, where)
    case 'double': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof number !== 'number' || Number.isNaN(number)) throw wrong('double', value, where)
      return number
    }
    case 'timestamp':
      return decodeTimestamp(value, where)
    case 'struct':
    case 'values':
      if (!isObject(value)) throw wrong('object', value, where)
      return value
    case 'ignored':
      return value
  }
}

function decodeInteger(field: 'int32' | 'int64', value: unknown, where: string): number {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  const limit = field === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER
  if (typeof number !== 'number' || !Number.isInteger(number) || number >= limit || number < -limit) {
    throw wrong(field, value, where)
  }
  return number
}

function decodeEnum(names: Readonly<Record<string, number>>, value: unknown, where: string): string {
  if (typeof value === 'string' && Object.hasOwn(names, value)) return value
  if (typeof value === 'number') {
    const name = Object.keys(names).find((key) => names[key] === value)
    // proto3 enums are open: a number without a name is kept, and means nothing here.
    if (Number.isInteger(value)) return name ?? String(value)
  }
  throw wrong('enum', value, where)
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/

/** Seconds since the epoch. */
function decodeTimestamp(value: unknown, where: string): number {
  const ms = typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) throw wrong('google.protobuf.Timestamp', value, where)
  return Math.floor(ms / 1000)
}

const at = (where: string) => (where === '' ? '' : ` in ${where}`)

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

const wrong = (type: string, value: unknown, where: string) =>
  new DecodeError(`invalid value for ${type} field ${where}: ${show(value)}`)
