import type { Clock } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** How many puts lie between two sweeps of expired sessions. */
const SWEEP_EVERY = 1024

/** Rows remembered as they were put, so that sessions in use are not unpacked for every request. */
const ROWS_KEPT = 4096

/** A session at rest: text of base64url takes a third more than the bytes it stands for. */
interface Packed {
  readonly subject: string
  readonly aliases?: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
  /** One byte per char. */
  readonly sealed: string
}

/**
 * Sessions of this process only: they end with it. About 1.7 KB for a session of 1 KB.
 *
 * @example
 * const sessions = memorySessions(Date.now)
 */
export function memorySessions(clock: Clock): SessionStore {
  const byKey = new Map<string, Packed>()
  /** Nearly everybody has one session: a set is made for the second. */
  const byName = new Map<string, string | Set<string>>()
  const rows = new Map<string, StoredSession>()
  let puts = 0

  const remove = (key: string, session: Packed) => {
    byKey.delete(key)
    rows.delete(key)
    for (const name of namesOf(session)) {
      const keys = byName.get(name)
      if (keys === key) byName.delete(name)
      else if (typeof keys === 'object' && keys.delete(key) && keys.size === 0) byName.delete(name)
    }
  }
  const keysOf = (name: string): readonly string[] => {
    const keys = byName.get(name)
    return typeof keys === 'string' ? [keys] : [...(keys ?? [])]
  }
  const keep = (row: StoredSession) => {
    if (rows.size >= ROWS_KEPT) for (const oldest of rows.keys()) if (rows.delete(oldest)) break
    rows.set(row.key, row)
  }
  const live = (key: string): Packed | undefined => {
    const session = byKey.get(key)
    if (session === undefined || session.expiresAt > clock()) return session
    remove(key, session)
    return undefined
  }
  const sweep = () => {
    const now = clock()
    for (const [key, session] of byKey) if (session.expiresAt <= now) remove(key, session)
  }

  return {
    get(key) {
      const row = rows.get(key)
      if (row !== undefined && row.expiresAt > clock()) return row
      const session = live(key)
      if (session === undefined) return undefined
      const found = unpack(key, session)
      keep(found)
      return found
    },
    async put(session) {
      const { key } = session
      const before = byKey.get(key)
      if (before) remove(key, before)
      const packed = pack(session)
      byKey.set(key, packed)
      for (const name of namesOf(packed)) {
        const keys = byName.get(name)
        if (keys === undefined) byName.set(name, key)
        else if (typeof keys === 'object') keys.add(key)
        else byName.set(name, new Set([keys, key]))
      }
      if (++puts % SWEEP_EVERY === 0) sweep()
    },
    async touch(key, expiresAt, sealed) {
      const session = live(key)
      if (!session) return false
      byKey.set(key, { ...session, expiresAt, ...(sealed !== undefined && { sealed: toBytes(sealed) }) })
      rows.delete(key)
      return true
    },
    async delete(key) {
      const session = live(key)
      if (session) remove(key, session)
      return session !== undefined
    },
    async deleteBySubject(subject) {
      let ended = 0
      for (const key of keysOf(subject)) {
        const session = live(key)
        if (!session) continue
        remove(key, session)
        ended++
      }
      return ended
    },
    withLock: createKeyLock(),
    async count() {
      sweep()
      return byKey.size
    },
    async countBySubject(subject) {
      return keysOf(subject).filter((key) => live(key) !== undefined).length
    },
    async close() {
      byKey.clear()
      byName.clear()
      rows.clear()
    },
  }
}

const namesOf = ({ subject, aliases = [] }: Packed): readonly string[] => [subject, ...aliases]
const toBytes = (sealed: string) => Buffer.from(sealed, 'base64url').toString('latin1')

function pack({ subject, aliases, createdAt, expiresAt, sealed }: StoredSession): Packed {
  return { subject, ...(aliases && { aliases }), createdAt, expiresAt, sealed: toBytes(sealed) }
}

function unpack(key: string, { subject, createdAt, expiresAt, sealed }: Packed): StoredSession {
  return { key, subject, createdAt, expiresAt, sealed: Buffer.from(sealed, 'latin1').toString('base64url') }
}
