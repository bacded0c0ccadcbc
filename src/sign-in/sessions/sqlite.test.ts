import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isFault } from '../../base/index.ts'
import { sessionStoreSuite } from '../testing/session-store-suite.ts'
import { createSessions } from './sessions.ts'
import { sqliteSessions } from './sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-sessions-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = () => join(folder, `${++files}.db`)
const user = { subject: 'sub', email: 'user@example.com', groups: [], userId: 'user@example.com' }

sessionStoreSuite('SQLite file', (clock) => sqliteSessions(newPath(), clock))
sessionStoreSuite('SQLite in memory', (clock) => sqliteSessions(':memory:', clock))

test('sessions are there after a restart, ended ones are not', async () => {
  const path = newPath()
  const first = sqliteSessions(path, Date.now)
  const kept = await createSessions(first, Date.now).start({ user }, 60_000)
  const ended = await createSessions(first, Date.now).start({ user }, 60_000)
  await createSessions(first, Date.now).end(ended.id)
  await first.close()
  const second = sqliteSessions(path, Date.now)
  assert.deepEqual((await createSessions(second, Date.now).find(kept.id))?.user, user)
  assert.equal(await createSessions(second, Date.now).find(ended.id), undefined)
  await second.close()
})

test('a session that another process ends is over here at once', async () => {
  const path = newPath()
  const [mine, theirs] = [sqliteSessions(path, Date.now), sqliteSessions(path, Date.now)]
  const sessions = createSessions(mine, Date.now)
  const { id } = await sessions.start({ user }, 60_000)
  assert.ok(await sessions.find(id))
  assert.equal(await createSessions(theirs, Date.now).end(id), true)
  assert.equal(await sessions.find(id), undefined)
  await mine.close()
  await theirs.close()
})

test('nobody else can read the file, nor what SQLite puts beside it', async () => {
  const path = newPath()
  writeFileSync(path, '', { mode: 0o644 })
  chmodSync(path, 0o644)
  const store = sqliteSessions(path, Date.now)
  const { id } = await createSessions(store, Date.now).start({ user, idToken: 'canary-token' }, 60_000)
  for (const name of [path, `${path}-wal`, `${path}-shm`]) {
    assert.equal(statSync(name).mode & 0o777, 0o600, name)
    const bytes = readFileSync(name)
    for (const secret of [id, 'canary-token', 'user@example.com']) assert.ok(!bytes.includes(secret), secret)
  }
  await store.close()
})

const unusable: readonly (readonly [name: string, make: (path: string) => void, says: RegExp])[] = [
  ['a file that is no database', (path) => writeFileSync(path, 'x'.repeat(5000)), /not a database/],
  ['a folder', (path) => mkdirSync(path), /EISDIR|illegal operation/],
  [
    'a database of another program',
    (path) => {
      const db = new DatabaseSync(path)
      db.exec('CREATE TABLE other (a)')
      db.close()
    },
    /another program/,
  ],
  [
    'a newer file',
    (path) => {
      void sqliteSessions(path, Date.now).close()
      const db = new DatabaseSync(path)
      db.exec('PRAGMA user_version = 99')
      db.close()
    },
    /newer kfdoor/,
  ],
  [
    'a file that was cut off',
    (path) => {
      const store = sqliteSessions(path, Date.now)
      for (let n = 0; n < 200; n++)
        void store.put({ key: `k${n}`, subject: 's', createdAt: 1, expiresAt: 9e15, sealed: 'x'.repeat(500) })
      void store.close()
      truncateSync(path, 20_000)
    },
    /damaged|malformed/,
  ],
  ['a folder that is not there', (path) => rmSync(path, { force: true }), /ENOENT/],
]
for (const [name, make, says] of unusable)
  test(`${name} is a fault that names the file and the reason`, () => {
    const path = name === 'a folder that is not there' ? join(folder, 'absent', 'a.db') : newPath()
    make(path)
    assert.throws(
      () => sqliteSessions(path, Date.now),
      (error) =>
        isFault(error) &&
        error.code === 'ERR_SESSIONS_UNUSABLE' &&
        error.message.includes(path) &&
        says.test(error.message),
    )
  })

test('kill -9 at any moment loses no session that was confirmed, and brings none back that was ended', async () => {
  const path = newPath()
  const child = fileURLToPath(new URL('./sqlite-writer.fixture.ts', import.meta.url))
  const kept = new Set<string>()
  const ended = new Set<string>()
  for (let round = 0; round < 8; round++) {
    const writer = spawn(process.execPath, [child, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    const enough = 20 + Math.floor(Math.random() * 200)
    await new Promise<void>((done) => {
      writer.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.length > enough * 46) writer.kill('SIGKILL')
      })
      writer.on('close', () => done())
    })
    assert.equal(writer.signalCode, 'SIGKILL')
    // The last line may be cut off: it was not read, so it was not confirmed.
    for (const line of text.split('\n').slice(0, -1)) {
      const [word, id = ''] = line.split(' ')
      if (word === '+') kept.add(id)
      // From here on nobody can say, until the end is confirmed.
      if (word === '~') kept.delete(id)
      if (word === '-') ended.add(id)
    }
    const store = sqliteSessions(path, Date.now)
    const sessions = createSessions(store, Date.now)
    for (const id of kept) assert.ok(await sessions.find(id), 'a confirmed session is gone')
    for (const id of ended) assert.equal(await sessions.find(id), undefined, 'an ended session is back')
    await store.close()
  }
  assert.ok(kept.size > 100 && ended.size > 10)
})
