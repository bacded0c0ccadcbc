/**
 * The messages of `inference.GRPCInferenceService`, by the field numbers of the Open Inference
 * Protocol (kserve.github.io, Predict Protocol V2, gRPC).
 */
import type { Message } from './wire.ts'

const text = (number: number) => ({ number, type: 'string' }) as const
const texts = (number: number) => ({ number, type: 'string', repeated: true }) as const
const flag = (number: number) => ({ number, type: 'bool' }) as const

const parameter = {
  bool_param: flag(1),
  int64_param: { number: 2, type: 'int64' },
  string_param: text(3),
} satisfies Message
const parameters = (number: number) =>
  ({ number, type: { key: text(1), value: { number: 2, type: parameter } }, repeated: true }) as const

const contents = {
  bool_contents: { number: 1, type: 'bool', repeated: true },
  int_contents: { number: 2, type: 'int32', repeated: true },
  int64_contents: { number: 3, type: 'int64', repeated: true },
  uint_contents: { number: 4, type: 'uint32', repeated: true },
  uint64_contents: { number: 5, type: 'uint64', repeated: true },
  fp32_contents: { number: 6, type: 'float', repeated: true },
  fp64_contents: { number: 7, type: 'double', repeated: true },
  bytes_contents: { number: 8, type: 'bytes', repeated: true },
} satisfies Message

const tensor = {
  name: text(1),
  datatype: text(2),
  shape: { number: 3, type: 'int64', repeated: true },
  parameters: parameters(4),
  contents: { number: 5, type: contents },
} satisfies Message

const tensorMetadata = {
  name: text(1),
  datatype: text(2),
  shape: { number: 3, type: 'int64', repeated: true },
} satisfies Message

export const empty: Message = {}
export const live: Message = { live: flag(1) }
export const ready: Message = { ready: flag(1) }
export const named: Message = { name: text(1), version: text(2) }
export const serverMetadata: Message = { name: text(1), version: text(2), extensions: texts(3) }
export const modelMetadata: Message = {
  name: text(1),
  versions: texts(2),
  platform: text(3),
  inputs: { number: 4, type: tensorMetadata, repeated: true },
  outputs: { number: 5, type: tensorMetadata, repeated: true },
}
export const inferRequest: Message = {
  model_name: text(1),
  model_version: text(2),
  id: text(3),
  parameters: parameters(4),
  inputs: { number: 5, type: tensor, repeated: true },
  outputs: { number: 6, type: { name: text(1), parameters: parameters(2) }, repeated: true },
  raw_input_contents: { number: 7, type: 'bytes', repeated: true },
}
export const inferResponse: Message = {
  model_name: text(1),
  model_version: text(2),
  id: text(3),
  parameters: parameters(4),
  outputs: { number: 5, type: tensor, repeated: true },
  raw_output_contents: { number: 6, type: 'bytes', repeated: true },
}
export const modelName: Message = { model_name: text(1) }
export const isLoaded: Message = { model_name: text(1), isLoaded: flag(2) }
export const isUnloaded: Message = { model_name: text(1), isUnloaded: flag(2) }
