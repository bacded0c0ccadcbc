import type { Clock } from '../../base/index.ts'
import {
  type CookieSessionsOptions,
  memorySessions,
  redisSessions,
  type SessionStore,
  sqliteSessions,
} from '../../sign-in/index.ts'
import type { SessionSettings } from './settings.ts'

/** Where sessions are kept, and what there is to say about it. */
export interface OpenSessions {
  readonly sessions: SessionStore | CookieSessionsOptions
  /** Sessions alive; none are counted where they lie in browsers. */
  count(): Promise<number>
  close(): Promise<void>
}

/** @throws Fault ERR_SESSIONS_UNUSABLE; a Redis that is not there is a fault of each request, not of the start */
export function openSessionStore(settings: SessionSettings, clock: Clock): OpenSessions {
  if (settings.store === 'cookie')
    return {
      sessions: { kind: 'cookie', secrets: settings.secrets },
      count: async () => 0,
      async close() {},
    }
  const store = storeOf(settings, clock)
  return { sessions: store, count: () => store.count(), close: () => store.close() }
}

function storeOf(settings: Exclude<SessionSettings, { store: 'cookie' }>, clock: Clock): SessionStore {
  switch (settings.store) {
    case 'redis':
      return redisSessions(settings.redis, clock)
    case 'sqlite':
      return sqliteSessions(settings.file, clock)
    default:
      return memorySessions(clock)
  }
}
