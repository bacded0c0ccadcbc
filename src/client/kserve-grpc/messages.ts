import { Fault } from '../../base/index.ts'
import type { InferRequest, InferResponse, Tensor } from '../kserve.ts'
import { type Field, fields, varint, varints, Writer } from './protobuf.ts'

/**
 * The messages of `inference.GRPCInferenceService` by their field numbers (Open Inference Protocol,
 * `grpc_predict_v2.proto`), in the shape the REST protocol gives them.
 */
interface Kind {
  /** The field of InferTensorContents. */
  readonly field: number
  readonly write: (value: unknown) => Buffer
  /** Of an entry of that field. */
  readonly read: (bytes: Buffer) => readonly unknown[]
  /** Of `raw_output_contents`. */
  readonly raw: (bytes: Buffer) => readonly unknown[]
}

const whole = (bits: number, signed: boolean, field: number): Kind => {
  const fit = signed ? BigInt.asIntN : BigInt.asUintN
  const size = bits / 8
  // What a number of JavaScript holds exactly is one; the rest stays a BigInt's text.
  const plain = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))
  return {
    field,
    write: (value) => varint(BigInt(value as number)),
    read: (bytes) => [...varints(bytes)].map((value) => plain(fit(64, value))),
    raw: (bytes) =>
      slices(bytes, size).map((one) =>
        plain(
          fit(
            bits,
            one.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
          ),
        ),
      ),
  }
}
const real = (size: 4 | 8, field: number): Kind => {
  const read = (bytes: Buffer) =>
    slices(bytes, size).map((one) => (size === 4 ? one.readFloatLE() : one.readDoubleLE()))
  return {
    field,
    write: (value) => {
      const out = Buffer.alloc(size)
      if (size === 4) out.writeFloatLE(Number(value))
      else out.writeDoubleLE(Number(value))
      return out
    },
    read,
    raw: read,
  }
}

const kinds: Readonly<Record<string, Kind>> = {
  BOOL: {
    field: 1,
    write: (value) => varint(value ? 1 : 0),
    read: (bytes) => [...varints(bytes)].map((value) => value !== 0n),
    raw: (bytes) => [...bytes].map((byte) => byte !== 0),
  },
  INT8: whole(8, true, 2),
  INT16: whole(16, true, 2),
  INT32: whole(32, true, 2),
  INT64: whole(64, true, 3),
  UINT8: whole(8, false, 4),
  UINT16: whole(16, false, 4),
  UINT32: whole(32, false, 4),
  UINT64: whole(64, false, 5),
  FP32: real(4, 6),
  FP64: real(8, 7),
}

function slices(bytes: Buffer, size: number): Buffer[] {
  const out: Buffer[] = []
  for (let at = 0; at + size <= bytes.length; at += size) out.push(bytes.subarray(at, at + size))
  return out
}

/** @throws Fault ERR_USAGE for a datatype gRPC has no contents for */
export function encodeInfer(model: string, request: InferRequest): Buffer {
  const writer = new Writer().text(1, model).text(3, request.id)
  parameters(writer, 4, request.parameters)
  for (const tensor of request.inputs) writer.message(5, (inner) => writeTensor(inner, tensor))
  for (const { name } of request.outputs ?? []) writer.message(6, (inner) => inner.text(1, name))
  return writer.finish()
}

function writeTensor(writer: Writer, tensor: Tensor): void {
  const { name, datatype, shape, data } = tensor
  writer.text(1, name).text(2, datatype).packed(3, shape.map(varint))
  parameters(writer, 4, tensor.parameters)
  const flat = (data as unknown[]).flat(Number.POSITIVE_INFINITY)
  if (datatype === 'BYTES') {
    writer.message(5, (contents) => {
      for (const value of flat) contents.bytes(8, Buffer.from(String(value)))
    })
    return
  }
  const kind = kinds[datatype]
  if (!kind) {
    throw new Fault('ERR_USAGE', {
      message: `\`${datatype}\` of input \`${name}\` has no form in gRPC`,
      next: `use ${Object.keys(kinds).join(', ')} or BYTES, or send it without \`--grpc\``,
    })
  }
  try {
    writer.message(5, (contents) => contents.packed(kind.field, flat.map(kind.write)))
  } catch {
    throw new Fault('ERR_USAGE', { message: `input \`${name}\` holds what is no ${datatype}` })
  }
}

function parameters(writer: Writer, field: number, all: Readonly<Record<string, unknown>> = {}): void {
  for (const [key, value] of Object.entries(all)) {
    writer.message(field, (entry) => {
      entry.text(1, key).message(2, (inner) => {
        if (typeof value === 'boolean') inner.varint(1, value)
        else if (typeof value === 'number' && Number.isInteger(value)) inner.varint(2, value)
        else inner.bytes(3, Buffer.from(String(value)))
      })
    })
  }
}

/** @throws RangeError on bytes that are no such message */
export function decodeInfer(message: Buffer): InferResponse {
  let [name, version, id] = ['', '', '']
  const tensors: Buffer[] = []
  const raw: Buffer[] = []
  for (const { number, bytes } of fields(message)) {
    if (number === 1) name = bytes.toString()
    else if (number === 2) version = bytes.toString()
    else if (number === 3) id = bytes.toString()
    else if (number === 5) tensors.push(bytes)
    else if (number === 6) raw.push(bytes)
  }
  return {
    model_name: name,
    ...(version !== '' && { model_version: version }),
    ...(id !== '' && { id }),
    outputs: tensors.map((bytes, at) => readTensor(bytes, raw[at])),
  }
}

function readTensor(message: Buffer, raw: Buffer | undefined): Tensor {
  let [name, datatype] = ['', '']
  const shape: number[] = []
  const data: unknown[] = []
  let contents: Buffer | undefined
  for (const field of fields(message)) {
    if (field.number === 1) name = field.bytes.toString()
    else if (field.number === 2) datatype = field.bytes.toString()
    else if (field.number === 3) shape.push(...numbers(field))
    else if (field.number === 5) contents = field.bytes
  }
  const kind = kinds[datatype]
  if (raw !== undefined) data.push(...(kind ? kind.raw(raw) : datatype === 'BYTES' ? strings(raw) : []))
  else if (contents) {
    for (const field of fields(contents)) {
      if (datatype === 'BYTES' && field.number === 8) data.push(field.bytes.toString())
      else if (kind?.field === field.number) {
        data.push(...kind.read(field.value === undefined ? field.bytes : varint(field.value)))
      }
    }
  }
  return { name, datatype, shape, data }
}

const numbers = ({ value, bytes }: Field) =>
  (value === undefined ? [...varints(bytes)] : [value]).map((one) => Number(BigInt.asIntN(64, one)))

/** Each with its length in four bytes before it. */
function strings(bytes: Buffer): string[] {
  const out: string[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    out.push(bytes.subarray(at + 4, at + 4 + length).toString())
    at += 4 + length
  }
  return out
}

export const encodeReady = (model: string): Buffer => new Writer().text(1, model).finish()

/** @throws RangeError on bytes that are no such message */
export function decodeReady(message: Buffer): boolean {
  for (const { number, value } of fields(message)) if (number === 1) return value !== 0n
  return false
}
