/** Commands that write keys, killed before each of their writes: what was there serves on, and the same command goes through. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { keyFits } from '../src/pki/index.ts'

const program = join(import.meta.dirname, '..', 'bin', 'kfdoor.mjs')
const preload = join(import.meta.dirname, 'parts', 'killed-at.ts')
/** No command here changes files more often. */
const MOST = 40

describe('kfdoor ca, killed in the middle', { timeout: 300_000 }, () => {
  let folder: string
  const kfdoor = (words: readonly string[], killedAt?: number) =>
    spawnSync(
      process.execPath,
      [...(killedAt === undefined ? [] : ['--import', preload]), program, 'ca', ...words],
      {
        encoding: 'utf8',
        env: { ...process.env, ...(killedAt !== undefined && { KILLED_AT: `${killedAt}` }) },
      },
    )
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kfdoor-killed-'))
    const made = join(folder, 'made')
    assert.equal(kfdoor(['init', '--dir', made, '--name', 'door.test']).status, 0)
    assert.equal(kfdoor(['server', '--dir', made, '--name', 'door.test']).status, 0)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [words, again] of [
    [['renew', 'door.test', '--new-key', '--force'], 0],
    // A key without a certificate lies there and is not overwritten without being asked.
    [['server', '--name', 'new.door.test'], 2],
  ] as const) {
    it(words.join(' '), () => {
      let killed = 0
      for (let at = 1; at < MOST; at++) {
        const dir = join(folder, `${words[0]}-${words.length}-${at}`)
        cpSync(join(folder, 'made'), dir, { recursive: true })
        const { signal } = kfdoor([...words, '--dir', dir], at)
        if (signal !== 'SIGKILL') break
        killed++
        const read = (name: string) => readFileSync(join(dir, name), 'utf8')
        // Each certificate has its key: beside it, or where the old pair was set aside.
        const keys = readdirSync(dir).filter((name) => name.endsWith('.key'))
        for (const name of readdirSync(dir).filter((each) => each.endsWith('.crt'))) {
          const certificate = new X509Certificate(read(name))
          assert.ok(
            keys.some((key) => keyFits(certificate, read(key))),
            `killed at ${at}: ${name} has lost its key`,
          )
        }
        assert.ok(readdirSync(dir).includes('door.test.crt'), `killed at ${at}: the certificate is gone`)
        for (const name of readdirSync(dir).filter((each) => /\.(key|new)$/.test(each))) {
          assert.equal(
            statSync(join(dir, name)).mode & 0o077 & (name.endsWith('.key') ? 0o077 : 0o022),
            0,
            name,
          )
        }
        const { status, stderr } = kfdoor([...words, '--dir', dir])
        if (again === 2 && status === 2) assert.match(stderr, /KFD1408.*is there already/)
        else assert.equal(status, 0, stderr)
        if (status === 0 && words[0] === 'renew')
          assert.ok(keyFits(new X509Certificate(read('door.test.crt')), read('door.test.key')))
      }
      assert.ok(killed > 3, `${killed}`)
    })
  }
})
