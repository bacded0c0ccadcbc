/** What is measured must be right: every part runs once, small and without peers, and checks its answers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { atLeast, atMost, judge } from './kit/result.ts'
import { interleaved, spreadOf } from './kit/rounds.ts'
import { renderTable } from './kit/table.ts'
import { parts } from './part.ts'

for (const part of parts.filter(({ real }) => !real)) {
  test(`bench:${part.name} runs, and its answers are right`, async () => {
    const run = await part.load()
    const { results, method } = await run('tiny', () => {})
    assert.ok(results.length > 0)
    assert.ok(method.length > 0)
    for (const { name, value, unit } of results) assert.ok(Number.isFinite(value) && unit !== '', name)
  })
}

test('every part is a script of its own', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  for (const { name } of parts) assert.equal(scripts[`bench:${name}`], `node bench/main.ts ${name}`)
})

test('figures are compared by their medians, in an order that turns', async () => {
  assert.deepEqual(spreadOf([5, 1, 9]), { median: 5, min: 1, max: 9 })
  assert.deepEqual(spreadOf([1, 3]), { median: 2, min: 1, max: 3 })
  const order: string[] = []
  const named = (name: string) => ({ name, round: () => order.push(name) })
  const spreads = await interleaved([named('a'), named('b'), named('c')], 3)
  assert.deepEqual(order, ['a', 'b', 'c', 'a', 'c', 'b', 'c', 'a', 'b'])
  assert.equal(spreads.get('a')?.median, 4)
})

test('goals are kept at their bound', () => {
  assert.deepEqual(judge(atLeast(20), 20), { goal: '≥ 20 ×', met: true })
  assert.deepEqual(judge(atLeast(20), 19.9), { goal: '≥ 20 ×', met: false })
  assert.deepEqual(judge(atMost(20, 'ms'), 20.1), { goal: '≤ 20 ms', met: false })
})

test('the table says what was compared with whom', () => {
  const row = {
    name: 'kfdoor',
    rules: 5000,
    value: 123.456,
    unit: 'ns',
    min: 100,
    max: 12345,
    peer: 'opa-go',
    ratio: 61.7,
    goal: '≥ 20 ×',
    met: true,
  }
  const [, , line] = renderTable([row]).split('\n')
  assert.equal(line, '| kfdoor, 5 000 rules | 123 ns | 100–12 345 |  opa-go | 61.7 × | ≥ 20 × | yes |')
})
