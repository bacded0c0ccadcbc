/** Whether istiod's validator takes a resource: the reader calls an error what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../src/mesh/index.ts'
import { openRecordings } from './families.ts'

test('the reader refuses exactly what istiod refuses', (context) => {
  const { validation } = openRecordings(0)
  const wrong = validation.filter(({ id, resource, expect }) => {
    const { problems } = parseMesh([{ file: id, text: resource }])
    return problems.some(({ severity }) => severity === 'error') === expect.valid
  })
  context.diagnostic(`${validation.length - wrong.length} of ${validation.length} verdicts agree`)
  assert.deepEqual(
    wrong.map(({ id }) => id),
    [],
  )
  assert.ok(validation.length > 100)
})
