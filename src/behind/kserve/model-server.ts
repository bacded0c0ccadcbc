import { exception, invalidInput, modelNotFound, modelNotReady } from './failure.ts'
import type { InferRequest } from './infer-request.ts'
import type { Model, TensorMetadata } from './model.ts'

/** A model's answer before REST or gRPC writes it down. */
export interface InferResponse {
  readonly id: string
  readonly modelName: string
  readonly outputs: readonly {
    readonly name: string
    readonly shape: readonly number[]
    /** All of them are 32-bit integers: the classes of the rows. */
    readonly data: readonly number[]
    readonly binary: boolean
  }[]
}

/** What one predictor pod does, whichever protocol it is asked in. */
export interface ModelServer {
  /** Names, in the order they were registered. */
  models(): readonly string[]
  /** @throws Failure `model-not-found` */
  find(name: string): Model
  metadata(name: string): {
    readonly inputs: readonly TensorMetadata[]
    readonly outputs: readonly TensorMetadata[]
  }
  infer(name: string, request: InferRequest): InferResponse
  load(name: string): void
  unload(name: string): void
  /** How often each model predicted. */
  predictions(): ReadonlyMap<string, number>
  count(name: string): void
}

export const serverName = 'kserve'
/** The release whose answers these are. */
export const serverVersion = '0.21.0'
export const serverExtensions = ['model_repository_extension'] as const

export function createModelServer(all: readonly Model[], uuid: () => string): ModelServer {
  const loaded = new Map(all.map((model) => [model.name, model]))
  const counts = new Map<string, number>()
  const find = (name: string): Model => {
    const model = loaded.get(name)
    if (!model) throw modelNotFound(name)
    return model
  }
  const count = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1)
  return {
    models: () => [...loaded.keys()],
    find,
    metadata: find,
    predictions: () => counts,
    count,
    infer: (name, request) => {
      const model = find(name)
      count(name)
      const input = request.inputs[0]
      if (!input) throw exception('IndexError', 'list index out of range')
      const classes = model.predict(input.tensor())
      const known = model.outputs[0]?.name ?? 'output-0'
      const wanted = request.outputs ?? [{ name: known, binary: request.binaryOutputs }]
      return {
        id: request.id || uuid(),
        modelName: name,
        outputs: wanted.map((output) => {
          if (output.name !== known) {
            throw invalidInput(`Unexpected inference output '${output.name}' for model '${name}'`)
          }
          return { name: known, shape: [classes.length], data: classes, binary: output.binary }
        }),
      }
    },
    load: (name) => {
      const model = all.find((each) => each.name === name)
      if (!model) throw modelNotReady(name)
      loaded.set(name, model)
    },
    unload: (name) => {
      if (!loaded.delete(name)) throw modelNotFound(name)
    },
  }
}

/** The classes as little-endian 32-bit integers, which is how a raw tensor travels. */
export function rawIntegers(data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(data.length * 4)
  const view = new DataView(bytes.buffer)
  data.forEach((value, index) => {
    view.setInt32(index * 4, value, true)
  })
  return bytes
}
