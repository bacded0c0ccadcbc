/** What FastAPI and pydantic say about a V2 body that is no InferenceRequest. */
import { isNumber, isObject, type Json, type JsonNumber } from './json.ts'

type Place = readonly (string | number)[]

/** One entry of FastAPI's `detail`. */
export interface Detail {
  readonly type: string
  readonly loc: Place
  readonly msg: string
  readonly input: Json
}

/** Empty when the body can be read. A text passes here: it is taken for bytes, and refused later. */
export function validate(body: Json): readonly Detail[] {
  if (typeof body === 'string') return []
  const root = ['body', 'InferenceRequest']
  const found = [...inferenceRequest(body, root)]
  if (found.length === 0) return []
  const alternative = {
    type: 'bytes_type',
    loc: ['body', 'bytes'],
    msg: 'Input should be a valid bytes',
    input: body,
  }
  return [...found, alternative]
}

type Check = (value: Json, at: Place) => Iterable<Detail>

const entry = (type: string, msg: string, loc: Place, input: Json): Detail => ({ type, loc, msg, input })

const text: Check = function* (value, at) {
  if (typeof value !== 'string') yield entry('string_type', 'Input should be a valid string', at, value)
}

const anyList: Check = function* (value, at) {
  if (!Array.isArray(value)) yield entry('list_type', 'Input should be a valid list', at, value)
}

const listOf = (check: Check): Check =>
  function* (value, at) {
    if (!Array.isArray(value)) {
      yield entry('list_type', 'Input should be a valid list', at, value)
      return
    }
    for (const [index, each] of (value as readonly Json[]).entries()) yield* check(each, [...at, index])
  }

/** pydantic is lax about whole numbers: 2.0, "2" and true pass. */
const wholeNumber: Check = function* (value, at) {
  if (typeof value === 'boolean') return
  if (isNumber(value)) {
    if (Number.isInteger(value.value)) return
    if (!Number.isFinite(value.value)) {
      yield entry('finite_number', 'Input should be a finite number', at, value)
      return
    }
    const msg = 'Input should be a valid integer, got a number with a fractional part'
    yield entry('int_from_float', msg, at, value)
    return
  }
  if (typeof value === 'string') {
    if (/^\s*[+-]?\d+(\.0+)?\s*$/.test(value)) return
    const msg = 'Input should be a valid integer, unable to parse string as an integer'
    yield entry('int_parsing', msg, at, value)
    return
  }
  yield entry('int_type', 'Input should be a valid integer', at, value)
}

const parameters: Check = function* (value, at) {
  if (!isObject(value)) {
    yield entry('dict_type', 'Input should be a valid dictionary', at, value)
    return
  }
  for (const [name, each] of value) {
    if (typeof each === 'string' || typeof each === 'boolean' || isNumber(each)) continue
    const here = [...at, name]
    yield entry('float_type', 'Input should be a valid number', [...here, 'float'], each)
    yield entry('int_type', 'Input should be a valid integer', [...here, 'int'], each)
    yield entry('bool_type', 'Input should be a valid boolean', [...here, 'bool'], each)
    yield entry('string_type', 'Input should be a valid string', [...here, 'str'], each)
  }
}

interface Field {
  readonly name: string
  readonly check: Check
  /** May be left out, or null. */
  readonly optional?: true
}

const model = (fields: readonly Field[]): Check =>
  function* (value, at) {
    if (!isObject(value)) {
      const msg = 'Input should be a valid dictionary or object to extract fields from'
      yield entry('model_attributes_type', msg, at, value)
      return
    }
    for (const { name, check, optional } of fields) {
      const found = value.get(name)
      if (found === undefined) {
        if (!optional) yield entry('missing', 'Field required', [...at, name], value)
      } else if (!(optional && found === null)) {
        yield* check(found, [...at, name])
      }
    }
  }

const requestInput = model([
  { name: 'name', check: text },
  { name: 'shape', check: listOf(wholeNumber) },
  { name: 'datatype', check: text },
  { name: 'parameters', check: parameters, optional: true },
  { name: 'data', check: anyList },
])

const requestOutput = model([
  { name: 'name', check: text },
  { name: 'parameters', check: parameters, optional: true },
])

const inferenceRequest = model([
  { name: 'id', check: text, optional: true },
  { name: 'parameters', check: parameters, optional: true },
  { name: 'inputs', check: listOf(requestInput) },
  { name: 'outputs', check: listOf(requestOutput), optional: true },
])

/** The details as JSON of our own kind, so that quoted input keeps its numbers as they were. */
export function detailsAsJson(details: readonly Detail[]): Json {
  return new Map<string, Json>([
    [
      'detail',
      details.map(
        ({ type, loc, msg, input }) =>
          new Map<string, Json>([
            ['type', type],
            ['loc', loc.map((step) => (typeof step === 'number' ? whole(step) : step))],
            ['msg', msg],
            ['input', input],
          ]),
      ),
    ],
  ])
}

export const whole = (value: number): JsonNumber => ({ kind: 'int', value, text: String(value) })

/** Whether it holds a number JSON has no word for; Python refuses to print those. */
export function holdsNonFinite(value: Json): boolean {
  if (isNumber(value)) return !Number.isFinite(value.value)
  if (isObject(value)) return [...value.values()].some(holdsNonFinite)
  return Array.isArray(value) && (value as readonly Json[]).some(holdsNonFinite)
}
