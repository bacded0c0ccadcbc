import { exception, invalidInput } from './failure.ts'
import { isNumber, isObject, type Json, JsonRefused, readJson } from './json.ts'
import { type Tensor, tensorOfBytes, tensorOfJson } from './tensor.ts'

/** The header that says where JSON ends and raw tensors begin. */
export const headerLengthName = 'inference-header-content-length'

export interface InferInput {
  readonly name: string
  /** Makes the array when the model asks for it: an input nobody reads is never wrong. */
  tensor(): Tensor
}

export interface RequestedOutput {
  readonly name: string
  readonly binary: boolean
}

/** An inference as the model sees it, whether it came as REST or gRPC. */
export interface InferRequest {
  /** Empty or undefined: the server makes one up. */
  readonly id?: string
  readonly inputs: readonly InferInput[]
  /** Undefined: every output there is. */
  readonly outputs?: readonly RequestedOutput[]
  /** Whether outputs nobody singled out come as raw bytes. */
  readonly binaryOutputs: boolean
}

/** A body that passed validation (v2-validation.ts), so its shape is known. */
export function requestOfJson(body: Json): InferRequest {
  const inputs = list(member(body, 'inputs')).map((input): InferInput => {
    const name = member(input, 'name') as string
    const type = member(input, 'datatype') as string
    const data = member(input, 'data') as readonly Json[]
    if (type === 'FP16' && data.length > 0) {
      throw invalidInput(
        `Sending FP16 data via JSON is not supported. Please use the binary data format for input ${name}`,
      )
    }
    const shape = list(member(input, 'shape')).map(lengthOf)
    return { name, tensor: () => tensorOfJson(data, type.toUpperCase(), shape) }
  })
  return { inputs, ...options(body) }
}

/**
 * JSON followed by raw tensors (Triton's binary tensor data extension, which KServe speaks). Nothing
 * validates this body before the model, so what is missing fails where it is missed, with Python's
 * own words.
 */
export function requestOfBytes(bytes: Uint8Array, headerLength: string, modelName: string): InferRequest {
  const length = pythonInt(headerLength)
  // A Python slice: a negative end counts from the end, one past the end is the end.
  const head = bytes.slice(0, length)
  const body = jsonOf(head)
  let at = length < 0 ? Math.max(bytes.length + length, 0) : length
  const inputs = list(item(body, 'inputs')).map((input): InferInput => {
    const parameters = member(input, 'parameters')
    const name = String(item(input, 'name'))
    const shape = list(item(input, 'shape')).map(lengthOf)
    const type = String(item(input, 'datatype')).toUpperCase()
    const data = member(input, 'data')
    if (data !== undefined && data !== null) {
      if (type === 'FP16') {
        throw invalidInput(
          `Receiving FP16 data via JSON is not supported. Please use the binary data format for input ${name}`,
        )
      }
      return { name, tensor: () => tensorOfJson(data, type, shape) }
    }
    const size = member(parameters, 'binary_data_size')
    if (size === undefined) {
      throw invalidInput(`'data' field is missing for input '${name}' for model '${modelName}'`)
    }
    if (!isNumber(size)) {
      throw invalidInput(`'binary_data_size' is not specified for input '${name}' for model '${modelName}'`)
    }
    const raw = bytes.slice(at, at + size.value)
    at += size.value
    const tensor = tensorOfBytes(raw, type, shape)
    return { name, tensor: () => tensor }
  })
  return { inputs, ...options(body) }
}

function options(body: Json): Omit<InferRequest, 'inputs'> {
  const id = member(body, 'id')
  const outputs = list(member(body, 'outputs')).map((output) => ({
    name: String(member(output, 'name')),
    binary: member(member(output, 'parameters'), 'binary_data') === true,
  }))
  return {
    id: typeof id === 'string' ? id : undefined,
    outputs: outputs.length > 0 ? outputs : undefined,
    binaryOutputs: member(member(body, 'parameters'), 'binary_data_output') === true,
  }
}

/** Bytes as the V1 reader takes them; a body that is none is the client's mistake. */
export function jsonOf(bytes: Uint8Array): Json {
  const refuse = (why: string) => invalidInput(`Unrecognized request format: ${why}`)
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw refuse('UTF-8 byte order mark (BOM) is not supported: line 1 column 1 (char 0)')
  }
  const text = utf8(bytes)
  if (text === undefined) {
    throw refuse('str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)')
  }
  try {
    return readJson(text, 'orjson')
  } catch (error) {
    if (error instanceof JsonRefused) throw refuse(`${error.reason}: ${error.place}`)
    throw error
  }
}

/** Undefined where the bytes are no UTF-8. A byte order mark is passed over. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const member = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) ? value.get(name) : undefined

/** `value[name]` in Python. */
function item(value: Json, name: string): Json {
  if (value === null) throw exception('TypeError', "'NoneType' object is not subscriptable")
  const found = member(value, name)
  if (found === undefined) throw exception('KeyError', `'${name}'`)
  return found
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])

function pythonInt(text: string): number {
  if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text)
  throw exception('ValueError', `invalid literal for int() with base 10: '${text}'`)
}

/** A length of a shape as pydantic takes it: 2, 2.0, "2" and true are whole numbers. */
function lengthOf(value: Json): number {
  if (isNumber(value)) return value.value
  return typeof value === 'boolean' ? Number(value) : Number(value as string)
}
