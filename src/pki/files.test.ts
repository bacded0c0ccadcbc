import assert from 'node:assert/strict'
import fs, {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext, test } from 'node:test'
import { isFault } from '../base/index.ts'
import { isOpenToOthers, PRIVATE, PUBLIC, readPem, writeTogether, writeWhole } from './files.ts'

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-'))
  t.after(() => {
    mock.restoreAll()
    syncBuiltinESMExports()
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** As the file system would say it, in the call of that number. */
function failing(name: 'linkSync' | 'writeFileSync' | 'renameSync', code: string, call?: number): void {
  const real = fs[name] as (...words: unknown[]) => unknown
  let calls = 0
  mock.method(fs, name, (...words: unknown[]) => {
    if (call === undefined || ++calls === call) throw Object.assign(new Error(`${code}: no`), { code })
    return real(...words)
  })
  syncBuiltinESMExports()
}

const fault = (code: string, reason?: string) => (error: unknown) =>
  isFault(error) && error.code === code && (reason === undefined || error.message.includes(reason))

const pairIn = (folder: string) => [
  { path: join(folder, 'a.key'), text: 'new key', mode: PRIVATE },
  { path: join(folder, 'a.crt'), text: 'new certificate', mode: PUBLIC },
]

test('where the disk has room for the key alone, neither file is made', (t) => {
  const folder = aFolder(t)
  failing('writeFileSync', 'ENOSPC', 2)
  assert.throws(() => writeTogether(pairIn(folder), false), fault('ERR_FILE_UNWRITABLE', 'no room'))
  assert.deepEqual(readdirSync(folder), [])
})

test('where the disk has room for the key alone, a pair that is to be replaced stays one', (t) => {
  const folder = aFolder(t)
  for (const { path } of pairIn(folder)) writeFileSync(path, 'old')
  failing('writeFileSync', 'ENOSPC', 2)
  assert.throws(() => writeTogether(pairIn(folder), true), fault('ERR_FILE_UNWRITABLE'))
  assert.deepEqual(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
    [
      ['a.crt', 'old'],
      ['a.key', 'old'],
    ],
  )
})

test('a certificate somebody else made in the meantime stays, and no key without it', (t) => {
  const folder = aFolder(t)
  writeFileSync(join(folder, 'a.crt'), 'theirs')
  assert.throws(() => writeTogether(pairIn(folder), false), fault('ERR_WOULD_OVERWRITE'))
  assert.deepEqual(readdirSync(folder), ['a.crt'])
})

for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS']) {
  test(`a file system without hard links (${code}): new files are made, and what is there stays`, (t) => {
    const folder = aFolder(t)
    failing('linkSync', code)
    const [path, text] = [join(folder, 'a.key'), 'one']
    writeWhole(path, text, { mode: PRIVATE, replace: false })
    assert.equal(statSync(path).mode & 0o777, PRIVATE)
    assert.throws(
      () => writeWhole(path, 'two', { mode: PRIVATE, replace: false }),
      fault('ERR_WOULD_OVERWRITE'),
    )
    assert.equal(readFileSync(path, 'utf8'), text)
    failing('renameSync', 'EIO')
    assert.throws(() => writeWhole(join(folder, 'b'), text, { mode: PRIVATE, replace: false }))
    assert.deepEqual(readdirSync(folder), ['a.key'])
  })
}

test('a key that others may read is told from one they may not', (t) => {
  const path = join(aFolder(t), 'a.key')
  writeWhole(path, 'key', { mode: PRIVATE, replace: false })
  assert.equal(isOpenToOthers(path), false)
  chmodSync(path, 0o640)
  assert.equal(isOpenToOthers(path), true)
})

for (const [what, head, reason] of [
  ['PKCS#12', [0x30, 0x82, 1, 0, 0x02, 1, 3], /PKCS#12; `openssl pkcs12 -in .* -nokeys`/],
  ['a key of PKCS#8', [0x30, 0x81, 0x87, 0x02, 1, 0], /a key in DER; `openssl pkey -inform DER -in /],
  ['a key of SEC 1', [0x30, 0x81, 0x87, 0x02, 1, 1], /a key in DER/],
  ['PKCS#7', [0x30, 0x82, 1, 0, 0x06, 9], /PKCS#7; `openssl pkcs7/],
] as const) {
  test(`${what} is told with what makes PEM of it`, (t) => {
    const path = join(aFolder(t), 'file')
    writeFileSync(path, Uint8Array.from(head))
    assert.throws(() => readPem(path, 'CERTIFICATE'), reason)
  })
}
