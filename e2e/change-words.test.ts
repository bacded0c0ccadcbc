/** What change commands say where there is nothing to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typed } from './change/commands.ts'

test('a file that a plan was asked for stays empty where nothing has to change', async () => {
  const words = ['m2m', 'enable', '-f', 'profile:26.03']
  const { out, err, code } = await typed([...words, '-o', 'plan'])
  assert.deepEqual([out, code], ['', 0])
  assert.match(err, /nothing has to change/)
  assert.match(err, /kubectl create token/)
  const page = await typed(words)
  assert.match(page.out, /kubectl create token/)
})

test('migrate authn-filter does not advise a way that is gone already', async () => {
  const { out, code } = await typed(['migrate', 'authn-filter', '-f', 'profiles/v1.6/release'])
  assert.equal(code, 0)
  assert.match(out, /1\. --by split-gateway\n {3}changes {6}none: it is so already/)
  assert.match(out, /Nothing has to change: the gateway for calls inside has pods of its own/)
})
