/** One at a time among processes, and nobody waits for the dead. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { withFileLock } from './file-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-lock-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const module = new URL('./file-lock.ts', import.meta.url).href
const run = (code: string) =>
  spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { withFileLock } from ${JSON.stringify(module)}\n${code}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )

test('many processes that add to one file lose nothing', async () => {
  const [lock, file] = [join(folder, 'a.lock'), join(folder, 'count')]
  writeFileSync(file, '0')
  const each = 25
  const children = Array.from({ length: 4 }, () =>
    run(`
      import { readFileSync, writeFileSync } from 'node:fs'
      for (let n = 0; n < ${each}; n++) await withFileLock(${JSON.stringify(lock)}, async () => {
        const before = Number(readFileSync(${JSON.stringify(file)}, 'utf8'))
        await new Promise((done) => setImmediate(done))
        writeFileSync(${JSON.stringify(file)}, String(before + 1))
      })`),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  assert.deepEqual(codes, [0, 0, 0, 0])
  assert.equal(readFileSync(file, 'utf8'), String(4 * each))
  assert.equal(existsSync(lock), false)
})

test('the lock of a process that was killed is taken over at once', async () => {
  const lock = join(folder, 'b.lock')
  const child = run(
    `await withFileLock(${JSON.stringify(lock)}, () => { console.log('in'); return new Promise((done) => setTimeout(done, 60_000)) })`,
  )
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  assert.equal(statSync(lock).mode & 0o777, 0o600)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(await withFileLock(lock, async () => 'mine'), 'mine')
})

test('a failure inside lets go of it', async () => {
  const lock = join(folder, 'c.lock')
  await assert.rejects(
    withFileLock(lock, () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await withFileLock(lock, async () => 1), 1)
})
