/** Parts of the bench that need real servers: each runs once, small, and checks its answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parts } from './part.ts'

for (const part of parts.filter(({ real }) => real)) {
  test(`bench:${part.name} runs, and its answers are right`, async () => {
    const run = await part.load()
    const { results } = await run('tiny', () => {})
    assert.ok(results.length > 0)
    for (const { name, value } of results) assert.ok(Number.isFinite(value), name)
  })
}
