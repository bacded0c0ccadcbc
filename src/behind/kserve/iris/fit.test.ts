import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { coefficients } from './coefficients.ts'
import { classify, fit, readExamples, species } from './fit.ts'

const examples = readExamples(readFileSync(new URL('iris.csv', import.meta.url), 'utf8'))

test('the data are 150 flowers, fifty of each species', () => {
  assert.equal(examples.length, 150)
  for (const label of species.keys()) {
    assert.equal(examples.filter((each) => each.label === label).length, 50)
  }
})

test('the data are the ones Fisher published, by their column sums', () => {
  const sums = [0, 1, 2, 3].map((f) => examples.reduce((sum, { flower }) => sum + (flower[f] ?? 0), 0))
  assert.deepEqual(
    sums.map((sum) => sum.toFixed(1)),
    ['876.5', '458.6', '563.7', '179.9'],
  )
})

test('fitting again gives the coefficients that are served', () => {
  const again = fit(examples)
  again.weights.flat().forEach((weight, index) => {
    assert.ok(Math.abs(weight - (coefficients.weights.flat()[index] ?? Number.NaN)) < 1e-4)
  })
  again.bias.forEach((bias, index) => {
    assert.ok(Math.abs(bias - (coefficients.bias[index] ?? Number.NaN)) < 1e-4)
  })
})

test('at least 97 of 100 flowers are told right', () => {
  const right = examples.filter(({ flower, label }) => classify(coefficients, flower) === label).length
  assert.ok(right / examples.length >= 0.97, `${right} of ${examples.length}`)
})

test("the two flowers of KServe's own example are versicolor", () => {
  const flowers = [
    [6.8, 2.8, 4.8, 1.4],
    [6.0, 3.4, 4.5, 1.6],
  ]
  assert.deepEqual(
    flowers.map((flower) => classify(coefficients, flower)),
    [1, 1],
  )
})
