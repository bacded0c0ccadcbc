import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Radix } from './radix.ts'

function found(tree: Radix<string>, text: string): string[] {
  const seen: string[] = []
  tree.firstBeginning(text, (value) => void seen.push(value), undefined)
  return seen
}

test('finds every beginning, shortest first, and stops when told', () => {
  const tree = new Radix<string>()
  for (const text of ['/api/v1', '/api', '', '/apix', '/api/v2']) tree.add(text, text)
  assert.deepEqual(found(tree, '/api/v1/x'), ['', '/api', '/api/v1'])
  assert.deepEqual(found(tree, '/ap'), [''])
  const seen: string[] = []
  const second = (value: string, why: string) => (seen.push(value) === 2 ? why : undefined)
  assert.equal(tree.firstBeginning('/api/v1', second, 'told to'), 'told to')
  assert.deepEqual(seen, ['', '/api'])
})

const short = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 })

test('agrees with startsWith and endsWith on any texts', () => {
  fc.assert(
    fc.property(fc.array(short), short, fc.boolean(), (texts, text, backwards) => {
      const tree = new Radix<string>(backwards)
      for (const each of texts) tree.add(each, each)
      const want = texts.filter((each) => (backwards ? text.endsWith(each) : text.startsWith(each)))
      assert.deepEqual(found(tree, text).sort(), want.sort())
    }),
  )
})
