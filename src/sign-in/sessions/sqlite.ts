import { chmodSync, closeSync, fstatSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Clock, Fault } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** `PRAGMA application_id`, so that another program's database is not taken for ours. */
const APPLICATION = 0x6b664473
const VERSION = 2
const SWEEP_EVERY = 256
/** Rows remembered, so that the sessions in use are not read again for every request. */
const ROWS_KEPT = 4096

const schema = `
CREATE TABLE IF NOT EXISTS session (
  key TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sealed TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_subject ON session (subject);
CREATE INDEX IF NOT EXISTS session_expiry ON session (expires_at);
CREATE TABLE IF NOT EXISTS session_alias (
  alias TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (alias, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_alias_key ON session_alias (key);
CREATE TRIGGER IF NOT EXISTS session_gone AFTER DELETE ON session
  BEGIN DELETE FROM session_alias WHERE key = old.key; END;
`

/**
 * Sessions in a SQLite file of mode 0600, in WAL mode with `synchronous = FULL`: a change is on
 * disk when its promise resolves, so `kill -9` at any moment loses no session that was confirmed,
 * and brings none back that was ended.
 *
 * Another process may end sessions in the file and is heeded at once; `withLock` reaches no further
 * than this process.
 *
 * @throws Fault ERR_SESSIONS_UNUSABLE: not readable, not a database, another program's, or newer
 *
 * @example
 * const sessions = sqliteSessions('state/sessions.db', Date.now)
 */
export function sqliteSessions(path: string, clock: Clock): SessionStore {
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new Fault('ERR_SESSIONS_UNUSABLE', { path, reason }, { cause })
    }
  }
  const db = guard(() => open(path))
  const columns = 'key, subject, created_at AS createdAt, expires_at AS expiresAt, sealed'
  const statements = guard(() => ({
    get: db.prepare(`SELECT ${columns} FROM session WHERE key = ? AND expires_at > ?`),
    put: db.prepare('INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)'),
    // REPLACE fires no trigger.
    forgetAliases: db.prepare('DELETE FROM session_alias WHERE key = ?'),
    alias: db.prepare('INSERT OR IGNORE INTO session_alias VALUES (?, ?)'),
    touch: db.prepare(
      'UPDATE session SET expires_at = ?, sealed = coalesce(?, sealed) WHERE key = ? AND expires_at > ?',
    ),
    delete: db.prepare('DELETE FROM session WHERE key = ? AND expires_at > ?'),
    deleteBySubject: db.prepare(
      `DELETE FROM session WHERE expires_at > ?1 AND
       (subject = ?2 OR key IN (SELECT key FROM session_alias WHERE alias = ?2))`,
    ),
    count: db.prepare('SELECT count(*) AS n FROM session WHERE expires_at > ?'),
    countBySubject: db.prepare('SELECT count(*) AS n FROM session WHERE expires_at > ? AND subject = ?'),
    sweep: db.prepare('DELETE FROM session WHERE expires_at <= ?'),
  }))
  guard(() => statements.sweep.run(clock()))
  let puts = 0
  let closed = false

  // SQLite counts this up when anybody else has written to the file; own writes drop their row here.
  const dataVersion = guard(() => db.prepare('PRAGMA data_version'))
  const rows = new Map<string, StoredSession>()
  let version: unknown
  const read = (key: string): StoredSession | undefined => {
    const now = clock()
    const current = dataVersion.get()?.data_version
    if (current !== version) rows.clear()
    version = current
    const known = rows.get(key)
    if (known) return known.expiresAt > now ? known : undefined
    const found = statements.get.get(key, now) as unknown as StoredSession | undefined
    if (!found) return undefined
    if (rows.size >= ROWS_KEPT) for (const oldest of rows.keys()) if (rows.delete(oldest)) break
    rows.set(key, found)
    return found
  }

  return {
    get: (key) => guard(() => read(key)),
    async put({ key, subject, aliases = [], createdAt, expiresAt, sealed }) {
      guard(() => {
        rows.delete(key)
        // A session never stands there without the names it can be ended by.
        transaction(db, () => {
          statements.forgetAliases.run(key)
          for (const alias of aliases) statements.alias.run(alias, key)
          statements.put.run(key, subject, createdAt, expiresAt, sealed)
        })
        if (++puts % SWEEP_EVERY === 0) statements.sweep.run(clock())
      })
    },
    async touch(key, expiresAt, sealed) {
      rows.delete(key)
      return guard(() => statements.touch.run(expiresAt, sealed ?? null, key, clock()).changes !== 0)
    },
    async delete(key) {
      rows.delete(key)
      return guard(() => statements.delete.run(key, clock()).changes !== 0)
    },
    async deleteBySubject(subject) {
      rows.clear()
      return guard(() => Number(statements.deleteBySubject.run(clock(), subject).changes))
    },
    withLock: createKeyLock(),
    count: async () => guard(() => Number(statements.count.get(clock())?.n)),
    countBySubject: async (subject) =>
      guard(() => Number(statements.countBySubject.get(clock(), subject)?.n)),
    async close() {
      if (closed) return
      closed = true
      db.close()
    },
  }
}

function transaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function open(path: string): DatabaseSync {
  if (path !== ':memory:') {
    // Made here first, so that it never exists with wider permissions; SQLite copies them to -wal and -shm.
    const file = openSync(path, 'a', 0o600)
    try {
      if (!fstatSync(file).isFile()) throw new Error('it is not a regular file')
    } finally {
      closeSync(file)
    }
    chmodSync(path, 0o600)
  }
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    prepare(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function prepare(db: DatabaseSync): void {
  const pragma = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
  const application = pragma('application_id')
  const version = pragma('user_version')
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (application !== APPLICATION && (application !== 0 || tables > 0))
    throw new Error('it is a database of another program')
  if (version > VERSION) throw new Error(`it was made by a newer kfdoor (version ${version} of the file)`)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
  db.exec(
    `BEGIN; ${schema} PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}; COMMIT;`,
  )
  // A damaged page is named at start, not at somebody's sign-in.
  const damage = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]
  if (damage !== 'ok') throw new Error(`it is damaged: ${String(damage)}`)
}
