import type { Clock } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** How many puts lie between two sweeps of expired sessions. */
const SWEEP_EVERY = 1024

/**
 * Sessions of this process only: they end with it.
 *
 * @example
 * const sessions = memorySessions(Date.now)
 */
export function memorySessions(clock: Clock): SessionStore {
  const byKey = new Map<string, StoredSession>()
  const bySubject = new Map<string, Set<string>>()
  let puts = 0

  const remove = (session: StoredSession) => {
    byKey.delete(session.key)
    for (const name of namesOf(session)) {
      const keys = bySubject.get(name)
      keys?.delete(session.key)
      if (keys?.size === 0) bySubject.delete(name)
    }
  }
  const live = (key: string) => {
    const session = byKey.get(key)
    if (session === undefined || session.expiresAt > clock()) return session
    remove(session)
    return undefined
  }
  const sweep = () => {
    const now = clock()
    for (const session of byKey.values()) if (session.expiresAt <= now) remove(session)
  }

  return {
    get: live,
    async put(session) {
      const before = byKey.get(session.key)
      if (before) remove(before)
      byKey.set(session.key, session)
      for (const name of namesOf(session)) {
        const keys = bySubject.get(name)
        if (keys) keys.add(session.key)
        else bySubject.set(name, new Set([session.key]))
      }
      if (++puts % SWEEP_EVERY === 0) sweep()
    },
    async touch(key, expiresAt, sealed) {
      const session = live(key)
      if (!session) return false
      byKey.set(key, { ...session, expiresAt, ...(sealed !== undefined && { sealed }) })
      return true
    },
    async delete(key) {
      const session = live(key)
      if (session) remove(session)
      return session !== undefined
    },
    async deleteBySubject(subject) {
      let ended = 0
      for (const key of [...(bySubject.get(subject) ?? [])]) {
        const session = live(key)
        if (!session) continue
        remove(session)
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
      return [...(bySubject.get(subject) ?? [])].filter((key) => live(key) !== undefined).length
    },
    async close() {
      byKey.clear()
      bySubject.clear()
    },
  }
}

const namesOf = ({ subject, aliases = [] }: StoredSession): readonly string[] => [subject, ...aliases]
