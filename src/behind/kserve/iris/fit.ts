/** One flower: sepal length and width, petal length and width, in centimetres. */
export type Flower = readonly number[]

/** A flower and the index of its species in `species`. */
export interface Example {
  readonly flower: Flower
  readonly label: number
}

/** The species, in the order of the classes a model answers with. */
export const species = ['setosa', 'versicolor', 'virginica'] as const

/**
 * Multinomial logistic regression: the class with the largest `weights[class] · flower + bias[class]`.
 * The weights are those of the flower as measured, not of a standardised one.
 */
export interface Coefficients {
  readonly weights: readonly (readonly number[])[]
  readonly bias: readonly number[]
}

/** Reads `sepal_length,sepal_width,petal_length,petal_width,species` lines; the first one is the heading. */
export function readExamples(csv: string): readonly Example[] {
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line, row) => {
      const cells = line.split(',')
      const flower = cells.slice(0, 4).map(Number)
      const label = (species as readonly string[]).indexOf(cells[4] ?? '')
      if (cells.length !== 5 || label < 0 || flower.some((size) => !(size > 0))) {
        throw new Error(`iris.csv:${row + 2}: not four sizes and a species`)
      }
      return { flower, label }
    })
}

const iterations = 6000
const stride = 0.5
/** Strength of the pull towards small weights, so that separable classes have finite ones. */
const ridge = 0.001

/**
 * Fits by full-batch gradient descent on standardised features. Nothing is random, so the same
 * examples give the same coefficients on every machine, up to the last digits of `Math.exp`.
 */
export function fit(examples: readonly Example[]): Coefficients {
  const features = examples[0]?.flower.length ?? 0
  const mean = averages(
    examples.map(({ flower }) => flower),
    features,
  )
  const deviation = averages(
    examples.map(({ flower }) => flower.map((size, f) => (size - at(mean, f)) ** 2)),
    features,
  ).map(Math.sqrt)
  const scaled = examples.map(({ flower }) =>
    flower.map((size, f) => (size - at(mean, f)) / at(deviation, f)),
  )

  const weights = species.map(() => new Array<number>(features).fill(0))
  const bias = species.map(() => 0)
  for (let round = 0; round < iterations; round++) {
    const slopes = weights.map((row) => row.map((weight) => ridge * weight))
    const lifts = bias.map(() => 0)
    scaled.forEach((flower, row) => {
      const odds = softmax(scores({ weights, bias }, flower))
      odds.forEach((odd, k) => {
        const error = (odd - (examples[row]?.label === k ? 1 : 0)) / examples.length
        lifts[k] = at(lifts, k) + error
        const slope = slopes[k] as number[]
        flower.forEach((size, f) => {
          slope[f] = at(slope, f) + error * size
        })
      })
    })
    weights.forEach((row, k) => {
      row.forEach((weight, f) => {
        row[f] = weight - stride * at(slopes[k] as number[], f)
      })
      bias[k] = at(bias, k) - stride * at(lifts, k)
    })
  }
  // Undo the scaling: a model that is served should not need the averages of its training data.
  const unscaled = weights.map((row) => row.map((weight, f) => weight / at(deviation, f)))
  return {
    weights: unscaled.map((row) => row.map(rounded)),
    bias: bias.map((lift, k) =>
      rounded(lift - (unscaled[k] ?? []).reduce((sum, weight, f) => sum + weight * at(mean, f), 0)),
    ),
  }
}

/** The class of a flower: 0 setosa, 1 versicolor, 2 virginica. */
export function classify(coefficients: Coefficients, flower: Flower): number {
  const all = scores(coefficients, flower)
  // NaN compares with nothing, so a flower that holds one is class 0, as numpy's argmax has it.
  return all.reduce((best, score, k) => (score > at(all, best) ? k : best), 0)
}

function scores({ weights, bias }: Coefficients, flower: Flower): number[] {
  return weights.map((row, k) => row.reduce((sum, weight, f) => sum + weight * at(flower, f), at(bias, k)))
}

function softmax(all: readonly number[]): number[] {
  const top = Math.max(...all)
  const raised = all.map((score) => Math.exp(score - top))
  const sum = raised.reduce((a, b) => a + b, 0)
  return raised.map((each) => each / sum)
}

function averages(rows: readonly (readonly number[])[], width: number): number[] {
  return Array.from({ length: width }, (_, f) => rows.reduce((sum, row) => sum + at(row, f), 0) / rows.length)
}

const at = (list: readonly number[], index: number): number => list[index] ?? 0
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6
