import type { Clock } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import { createRecordTable, hashOf } from './record-table.ts'
import { bytesOf, packRecord, readRecord, type SessionRecord, textOf } from './session-record.ts'
import { createSlabs } from './slabs.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** How many puts lie between two sweeps of expired sessions. */
const SWEEP_EVERY = 1024

/** Rows remembered as they were put, so that sessions in use are not unpacked for every request. */
const ROWS_KEPT = 4096

/**
 * Sessions of this process only: they end with it. About 1.4 KB for a session of 1 KB, outside of the
 * JavaScript heap, where a hundred thousand of them are no work for the collector.
 *
 * @example
 * const sessions = memorySessions(Date.now)
 */
export function memorySessions(clock: Clock): SessionStore {
  const slabs = createSlabs()
  const byKey = createRecordTable()
  /** By subject and alias. */
  const byName = createRecordTable()
  const rows = new Map<string, StoredSession>()
  let puts = 0

  const recordAt = (id: number): SessionRecord => readRecord(slabs.at(id))
  const find = (key: Uint8Array): number | undefined =>
    byKey.candidates(hashOf(key)).find((id) => recordAt(id).key.equals(key))
  const withName = (name: Uint8Array): readonly number[] => {
    const ids = byName.candidates(hashOf(name))
    return [...new Set(ids)].filter((id) => recordAt(id).names.some((one) => one.equals(name)))
  }

  const remove = (id: number) => {
    const { key, names } = recordAt(id)
    byKey.remove(hashOf(key), id)
    for (const name of names) byName.remove(hashOf(name), id)
    rows.delete(textOf(key))
    slabs.free(id)
  }
  const insert = (record: SessionRecord) => {
    const packed = packRecord(record)
    const id = slabs.take(packed.length)
    slabs.at(id).set(packed)
    // As they lie there: what came may have been a part of the room that is written to.
    const { key, names } = recordAt(id)
    byKey.add(hashOf(key), id)
    for (const name of names) byName.add(hashOf(name), id)
  }
  const keep = (row: StoredSession) => {
    if (rows.size >= ROWS_KEPT) for (const oldest of rows.keys()) if (rows.delete(oldest)) break
    rows.set(row.key, row)
  }
  const live = (id: number | undefined): SessionRecord | undefined => {
    if (id === undefined) return undefined
    const record = recordAt(id)
    if (record.expiresAt > clock()) return record
    remove(id)
    return undefined
  }
  const sweep = () => {
    const now = clock()
    for (const id of byKey.ids()) if (recordAt(id).expiresAt <= now) remove(id)
  }

  return {
    get(key) {
      const row = rows.get(key)
      if (row !== undefined && row.expiresAt > clock()) return row
      const record = live(find(bytesOf(key)))
      if (record === undefined) return undefined
      const { createdAt, expiresAt, names, sealed } = record
      const subject = textOf(names[0] as Buffer)
      const found = { key, subject, createdAt, expiresAt, sealed: sealed.toString('base64url') }
      keep(found)
      return found
    },
    async put(session) {
      const before = find(bytesOf(session.key))
      if (before !== undefined) remove(before)
      const { key, subject, aliases = [], createdAt, expiresAt, sealed } = session
      const names = [...new Set([subject, ...aliases])].map(bytesOf)
      insert({ key: bytesOf(key), names, createdAt, expiresAt, sealed: Buffer.from(sealed, 'base64url') })
      if (++puts % SWEEP_EVERY === 0) sweep()
    },
    async touch(key, expiresAt, sealed) {
      const id = find(bytesOf(key))
      const record = live(id)
      if (id === undefined || record === undefined) return false
      const next = {
        ...record,
        expiresAt,
        ...(sealed !== undefined && { sealed: Buffer.from(sealed, 'base64url') }),
      }
      remove(id)
      insert(next)
      return true
    },
    async delete(key) {
      const id = find(bytesOf(key))
      if (id === undefined || live(id) === undefined) return false
      remove(id)
      return true
    },
    async deleteBySubject(subject) {
      let ended = 0
      for (const id of withName(bytesOf(subject))) {
        if (live(id) === undefined) continue
        remove(id)
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
      return withName(bytesOf(subject)).filter((id) => live(id) !== undefined).length
    },
    async close() {
      for (const id of byKey.ids()) remove(id)
    },
  }
}
