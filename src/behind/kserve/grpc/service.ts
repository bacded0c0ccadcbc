import { Failure, type FailureKind, invalidInput } from '../failure.ts'
import type { InferInput, InferRequest } from '../infer-request.ts'
import type { Json } from '../json.ts'
import {
  type ModelServer,
  rawIntegers,
  serverExtensions,
  serverName,
  serverVersion,
} from '../model-server.ts'
import { tensorOfBytes, tensorOfJson } from '../tensor.ts'
import * as messages from './messages.ts'
import { decode, encode, type Message, type Values } from './wire.ts'

export interface GrpcCall {
  /** `:authority`. */
  readonly host: string
  /** `/inference.GRPCInferenceService/ModelInfer` */
  readonly path: string
  readonly message: Uint8Array
}

/** A gRPC status (google.rpc.Code), and the message when it is 0. */
export interface GrpcAnswer {
  readonly status: number
  readonly text?: string
  readonly message?: Uint8Array
}

const statuses: { readonly [K in FailureKind]: number } = {
  'invalid-input': 3,
  'model-not-found': 5,
  'model-not-ready': 14,
  'not-implemented': 12,
  exception: 13,
}

interface Method {
  readonly asks: Message
  readonly gives: Message
  readonly answer: (server: ModelServer, asked: Values) => Values
}

const methods: Readonly<Record<string, Method>> = {
  ServerLive: { asks: messages.empty, gives: messages.live, answer: () => ({ live: true }) },
  ServerReady: { asks: messages.empty, gives: messages.ready, answer: () => ({ ready: true }) },
  ModelReady: {
    asks: messages.named,
    gives: messages.ready,
    answer: (server, { name }) => ({ ready: server.find(String(name ?? '')) !== undefined }),
  },
  ServerMetadata: {
    asks: messages.empty,
    gives: messages.serverMetadata,
    answer: () => ({ name: serverName, version: serverVersion, extensions: [...serverExtensions] }),
  },
  ModelMetadata: {
    asks: messages.named,
    gives: messages.modelMetadata,
    answer: (server, { name }) => {
      const { inputs, outputs } = server.metadata(String(name ?? ''))
      const plain = (all: typeof inputs) => all.map((each) => ({ ...each, shape: [...each.shape] }))
      return { name: String(name), platform: '', inputs: plain(inputs), outputs: plain(outputs) }
    },
  },
  ModelInfer: { asks: messages.inferRequest, gives: messages.inferResponse, answer: infer },
  RepositoryModelLoad: {
    asks: messages.modelName,
    gives: messages.isLoaded,
    answer: (server, asked) => {
      const name = String(asked.model_name ?? '')
      server.load(name)
      return { model_name: name, isLoaded: true }
    },
  },
  RepositoryModelUnload: {
    asks: messages.modelName,
    gives: messages.isUnloaded,
    answer: (server, asked) => {
      const name = String(asked.model_name ?? '')
      server.unload(name)
      return { model_name: name, isUnloaded: true }
    },
  },
}

const service = '/inference.GRPCInferenceService/'

/** One unary call, answered as KServe's Python server answers it (protocol/grpc/interceptors.py). */
export function answerGrpc(server: ModelServer, { path, message }: GrpcCall): GrpcAnswer {
  const name = path.startsWith(service) ? path.slice(service.length) : ''
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (!method) return { status: 12, text: 'Method not found!' }
  let asked: Values
  try {
    asked = decode(method.asks, message)
  } catch {
    return { status: 13, text: 'Exception deserializing request!' }
  }
  try {
    return { status: 0, message: encode(method.gives, method.answer(server, asked)) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    // What went wrong inside a model is its own business: KServe says no more to gRPC clients.
    return {
      status: statuses[error.kind],
      text: error.kind === 'exception' ? 'Internal server error' : error.message,
    }
  }
}

function infer(server: ModelServer, asked: Values): Values {
  const modelName = String(asked.model_name ?? '')
  const inputs = (asked.inputs ?? []) as Values[]
  const raw = (asked.raw_input_contents ?? []) as Uint8Array[]
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw invalidInput(
      `the number of inputs (${inputs.length}) does not match the expected number of raw input contents ` +
        `(${raw.length}) for model '${modelName}'.`,
    )
  }
  const filled = raw.length > 0 ? inputs.find(({ contents }) => contents !== undefined) : undefined
  if (filled) {
    throw invalidInput(
      'contents field must not be specified when using raw_input_contents for input ' +
        `'${filled.name ?? ''}' for model '${modelName}'`,
    )
  }
  const request: InferRequest = {
    id: asked.id as string | undefined,
    inputs: inputs.map((input, index) => readInput(input, raw[index])),
    // Asking for outputs by name changes nothing here: gRPC answers carry all of them.
    outputs: undefined,
    binaryOutputs: raw.length > 0,
  }
  const response = server.infer(modelName, request)
  return {
    model_name: response.modelName,
    id: response.id,
    outputs: response.outputs.map(({ name, shape, data, binary }) => ({
      name,
      datatype: 'INT32',
      shape: [...shape],
      ...(binary ? { parameters: [sizeOf(data)] } : { contents: { int_contents: [...data] } }),
    })),
    raw_output_contents: response.outputs.filter(({ binary }) => binary).map(({ data }) => rawIntegers(data)),
  }
}

/** KServe says the size of a raw tensor here too, as REST has to. */
const sizeOf = (data: readonly number[]): Values => ({
  key: 'binary_data_size',
  value: { int64_param: data.length * 4 },
})

const fields: Readonly<Record<string, string>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
}

function readInput(input: Values, raw: Uint8Array | undefined): InferInput {
  const name = String(input.name ?? '')
  const type = String(input.datatype ?? '')
  const shape = (input.shape ?? []) as number[]
  if (type !== 'FP16' && !Object.hasOwn(fields, type)) throw invalidInput('invalid content type')
  if (raw) return { name, tensor: () => tensorOfBytes(raw, type, shape) }
  const contents = (input.contents ?? {}) as Values
  const data = ((fields[type] && contents[fields[type]]) ?? []) as (boolean | number | Uint8Array)[]
  return { name, tensor: () => tensorOfJson(data.map(asJson), type, shape) }
}

function asJson(value: boolean | number | Uint8Array): Json {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'number') return new TextDecoder().decode(value)
  return { kind: Number.isInteger(value) ? 'int' : 'float', value, text: String(value) }
}
