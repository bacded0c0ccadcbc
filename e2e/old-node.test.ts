/**
 * Started by a Node that is too old to run it, kfdoor runs itself with the Node `npm ci` brought:
 * same streams, same exit code, and a signal to the one reaches the other.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { kfdoor } from './door.ts'

/** A `node` of this machine that is older than 22.19, past those that npm puts in front. */
function oldNode(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (folder.includes('node_modules') || !existsSync(path)) continue
    const version = execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' })
    const [major = 0, minor = 0] = version.split('.').map(Number)
    if (major >= 18 && (major < 22 || (major === 22 && minor < 19))) return realpathSync(path)
  }
  return undefined
}

const node = oldNode()

if (!node) {
  test('an old Node starts the pinned one (left out: no old Node on this machine)', { skip: true })
} else {
  const start = (...args: readonly string[]) =>
    spawn(node, [kfdoor, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

  test('an old Node starts the pinned one', () => {
    const out = execFileSync(node, [kfdoor, 'version', '-o', 'json'], { encoding: 'utf8' })
    assert.equal((JSON.parse(out) as { node: string }).node, process.versions.node)
  })

  test('its exit code is kept', async () => {
    const [code] = (await once(start('upp'), 'exit')) as [number]
    assert.equal(code, 2)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} closes the door behind it`, async () => {
      const child = start('up', '-o', 'json', '--port', '0', '--http-port', '0', '--state', ':memory:')
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
      const { pid } = JSON.parse(line) as { pid: number }
      assert.notEqual(pid, child.pid)
      child.kill(signal)
      // Some tell twice: npm does, and so does a terminal.
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number]
      assert.equal(code, 0)
      assert.throws(() => process.kill(pid, 0), /ESRCH/)
    })
  }
}
