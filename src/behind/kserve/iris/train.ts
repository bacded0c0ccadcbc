/**
 * `node src/behind/kserve/iris/train.ts` fits the classifier to `iris.csv` and writes
 * `coefficients.ts`. The data are Fisher's (1936), 150 flowers, in the public domain.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { classify, fit, readExamples } from './fit.ts'

const here = (name: string) => new URL(name, import.meta.url)
const examples = readExamples(readFileSync(here('iris.csv'), 'utf8'))
const coefficients = fit(examples)
const right = examples.filter(({ flower, label }) => classify(coefficients, flower) === label).length

const rows = coefficients.weights.map((row) => `    [${row.join(', ')}],\n`).join('')
writeFileSync(
  here('coefficients.ts'),
  `import type { Coefficients } from './fit.ts'

/** Made by train.ts from iris.csv: ${right} of ${examples.length} flowers are told right. */
export const coefficients: Coefficients = {
  weights: [
${rows}  ],
  bias: [${coefficients.bias.join(', ')}],
}
`,
)
process.stdout.write(`${right} of ${examples.length} flowers are told right\n`)
