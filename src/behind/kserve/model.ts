import { exception } from './failure.ts'
import { coefficients } from './iris/coefficients.ts'
import { classify } from './iris/fit.ts'
import type { Tensor } from './tensor.ts'

/** One tensor a model takes or gives, as V2 metadata lists it; -1 = any number of rows. */
export interface TensorMetadata {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

export interface Model {
  readonly name: string
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
  /** One class for each row. */
  predict(rows: Tensor): readonly number[]
}

const features = 4

/**
 * The classifier of Iris flowers. What it says about rows that are no flowers is what
 * scikit-learn's LogisticRegression says, whose place it takes.
 */
export function irisModel(name: string): Model {
  return {
    name,
    inputs: [{ name: 'input-0', datatype: 'FP32', shape: [-1, features] }],
    outputs: [{ name: 'output-0', datatype: 'INT32', shape: [-1] }],
    predict: ({ shape, values }) => {
      if (shape.length !== 2) {
        throw exception(
          'ValueError',
          `Expected 2D array, got ${shape.length === 0 ? 'scalar' : `${shape.length}D`} array instead.`,
        )
      }
      const [rows = 0, width = 0] = shape
      if (rows === 0) {
        throw exception(
          'ValueError',
          `Found array with 0 sample(s) (shape=(0, ${width})) while a minimum of 1 is required by LogisticRegression.`,
        )
      }
      if (width !== features) {
        throw exception(
          'ValueError',
          `X has ${width} features, but LogisticRegression is expecting ${features} features as input.`,
        )
      }
      if (!values.every(Number.isFinite)) throw exception('ValueError', 'Input X contains NaN or infinity.')
      return Array.from({ length: rows }, (_, row) =>
        classify(coefficients, values.slice(row * features, (row + 1) * features)),
      )
    },
  }
}
