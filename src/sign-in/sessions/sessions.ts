import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../../base/index.ts'
import { type CookieSessionsOptions, createCookieSessions } from './cookie.ts'
import type { SessionStore, StoredSession } from './store.ts'

/** Who signed in, as the issuer's ID token says. */
export interface User {
  /** `sub`. */
  readonly subject: string
  /** `email`; the subject where a token has none. */
  readonly email: string
  readonly groups: readonly string[]
  readonly preferredUsername?: string
  /** The value of the claim the provider takes for the user id, without prefix. */
  readonly userId: string
}

export interface Session {
  readonly user: User
  /** Compact JWS. */
  readonly idToken?: string
  readonly accessToken?: string
  readonly refreshToken?: string
  /** Whose `sub` and `sid` these are, so that its back-channel logout finds the session. */
  readonly issuer?: string
  /** The issuer's own session (OpenID Connect Back-Channel Logout §2.1). */
  readonly sid?: string
  /** From when on new tokens are to be had, milliseconds since the epoch; never without it. */
  readonly renewAt?: number
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly expiresAt: number
}

/** What a session holds, without what the store knows of it. */
export type SessionContent = Omit<Session, 'createdAt' | 'expiresAt'>

/** An issuer's word that somebody's sessions, or one of them, are over. */
export interface IssuerLogout {
  readonly issuer: string
  readonly subject?: string
  readonly sid?: string
}

/** Sessions by the value a browser's cookie holds. */
export interface Sessions {
  /** Starts one under a new id of 256 random bits; the id is the only key to it and is kept nowhere. */
  start(content: SessionContent, lifetimeMs: number): Promise<StartedSession>
  /** Undefined = none, ended, expired or not an id. */
  find(id: string): Session | undefined | Promise<Session | undefined>
  /** Whether a session can be given new content; one that lies in the browser cannot. */
  readonly renewable: boolean
  /** Gives a session that is still there new content; its end stays where it was. False when it is gone. */
  renew(id: string, session: Session): Promise<boolean>
  /** Runs `task` while no other of the same session runs, on any replica that shares the store. */
  withLock<T>(id: string, task: () => Promise<T>): Promise<T>
  /** Resolves true when there was one. */
  end(id: string): Promise<boolean>
  /** Ends every session of the user; resolves how many. */
  endAllOf(userId: string): Promise<number>
  /** Ends those of an issuer's subject, or of one session of his there; resolves how many. */
  endBy(logout: IssuerLogout): Promise<number>
}

export interface StartedSession {
  /** 43 characters of base64url. */
  readonly id: string
  readonly session: Session
}

const ID_LENGTH = 43
const OPENED_KEPT = 4096
const NONCE = 12
const TAG = 16

/**
 * The layer between cookies and stores. What a store keeps is sealed with a key derived from the
 * session id, so neither a copied database nor a store's operator can act as anybody.
 *
 * Opening costs a few microseconds, so opened sessions are remembered; but each look-up asks the
 * store first, and what it remembers counts only for the very row the store gave: a session ended
 * anywhere is ended here at once.
 *
 * @example
 * const sessions = createSessions(memorySessions(Date.now), Date.now)
 */
export function createSessions(store: SessionStore | CookieSessionsOptions, clock: Clock): Sessions {
  if ('kind' in store) return createCookieSessions(store, clock)
  const opened = new Map<string, { readonly sealed: string; readonly session: Session }>()

  const open = (id: string, row: StoredSession | undefined): Session | undefined => {
    if (!row) return undefined
    const known = opened.get(row.key)
    if (known && known.sealed === row.sealed && known.session.expiresAt === row.expiresAt)
      return known.session
    const text = unseal(id, row)
    if (text === undefined) return undefined
    const session: Session = { ...JSON.parse(text), createdAt: row.createdAt, expiresAt: row.expiresAt }
    if (opened.size >= OPENED_KEPT) for (const oldest of opened.keys()) if (opened.delete(oldest)) break
    opened.set(row.key, { sealed: row.sealed, session })
    return session
  }

  return {
    renewable: true,
    async start(content, lifetimeMs) {
      const id = randomBytes(32).toString('base64url')
      const createdAt = clock()
      const expiresAt = createdAt + lifetimeMs
      const key = keyOf(id)
      const sealed = seal(id, key, JSON.stringify(content))
      const { user, issuer, sid } = content
      const aliases = issuer === undefined ? [] : aliasesOf({ issuer, subject: user.subject, sid })
      await store.put({
        key,
        subject: subjectOf(user.userId),
        ...(aliases.length > 0 && { aliases }),
        createdAt,
        expiresAt,
        sealed,
      })
      return { id, session: { ...content, createdAt, expiresAt } }
    },
    find(id) {
      if (id.length !== ID_LENGTH) return undefined
      const row = store.get(keyOf(id))
      return row instanceof Promise ? row.then((found) => open(id, found)) : open(id, row)
    },
    async renew(id, { createdAt, expiresAt, ...content }) {
      const key = keyOf(id)
      return store.touch(key, expiresAt, seal(id, key, JSON.stringify(content)))
    },
    withLock: (id, task) => store.withLock(keyOf(id), task),
    async end(id) {
      if (id.length !== ID_LENGTH) return false
      const key = keyOf(id)
      opened.delete(key)
      return store.delete(key)
    },
    endAllOf: (userId) => store.deleteBySubject(subjectOf(userId)),
    async endBy({ issuer, subject, sid }) {
      // One session where it is named, all of the subject's otherwise (Back-Channel Logout §2.6).
      const [alias] = aliasesOf(sid === undefined ? { issuer, subject } : { issuer, sid })
      return alias === undefined ? 0 : store.deleteBySubject(alias)
    },
  }
}

const keyOf = (id: string) => hash('sha256', id, 'base64url')
export const subjectOf = (userId: string) => hash('sha256', `kfdoor subject ${userId}`, 'base64url')

/** The further names of a session, or the ones a logout means. */
export function aliasesOf({ issuer, subject, sid }: IssuerLogout): string[] {
  const alias = (kind: string, value: string) =>
    hash('sha256', `kfdoor ${kind}\n${issuer}\n${value}`, 'base64url')
  return [
    ...(subject === undefined ? [] : [alias('sub', subject)]),
    ...(sid === undefined ? [] : [alias('sid', sid)]),
  ]
}

/** The id has 256 random bits, so one HKDF step makes an independent key of it (RFC 5869). */
const sealKey = (id: string) => new Uint8Array(hkdfSync('sha256', id, '', 'kfdoor session seal', 32))

function seal(id: string, key: string, text: string): string {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', sealKey(id), nonce).setAAD(Buffer.from(key))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function unseal(id: string, row: StoredSession): string | undefined {
  const bytes = Buffer.from(row.sealed, 'base64url')
  if (bytes.length < NONCE + TAG) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', sealKey(id), bytes.subarray(0, NONCE))
      .setAAD(Buffer.from(row.key))
      .setAuthTag(bytes.subarray(-TAG))
    return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    // Altered or moved to another row: nobody's session.
    return undefined
  }
}
