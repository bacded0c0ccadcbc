import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const room = new URL('./state.ts', import.meta.url).href

test('a folder where none can be made is refused at once', {
  skip: process.platform === 'linux' ? false : 'there is no /proc',
}, () => {
  const open = `import { openState } from '${room}'
try { openState('/proc/kfdoor/state') } catch (error) { console.log(error.code, error.message) }`
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', open], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  assert.equal(signal, null)
  assert.match(stdout, /ERR_STATE_UNUSABLE .*mkdir '\/proc\/kfdoor'/)
})
