import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextWords } from './render.ts'

const asked = {
  principal: { kind: 'user', email: 'a@example.com', groups: [], forged: true },
  witness: { method: 'GET', url: 'http://x/kfam/', headers: [] },
  prediction: { verdict: 'deny', reason: 'deny' },
} as const
const differs = { agrees: false, saw: '200 from a workload', asked } as const

test('where door and YAML differ, the next commands name both again', () => {
  const told = nextWords(differs, '--context prod', undefined)
  assert.match(
    told,
    /`kfdoor explain GET http:\/\/x\/kfam\/ --as user:a@example\.com --context prod --trace`/,
  )
  assert.match(told, /--write-fixture FILE/)
  assert.match(nextWords(differs, '-f my-mesh', 'found.yaml'), /`kfdoor test found\.yaml -f my-mesh` fails/)
})
