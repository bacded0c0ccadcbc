import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { type Clock, Fault } from '../../base/index.ts'
import { createKeyLock } from './key-lock.ts'
import type { Session, SessionContent, Sessions } from './sessions.ts'
import { aliasesOf, subjectOf } from './sessions.ts'

/** Sessions that lie in the browser, sealed: nothing is kept here, and any replica opens them. */
export interface CookieSessionsOptions {
  readonly kind: 'cookie'
  /**
   * At least 32 bytes each. The first seals, all of them open: a new one goes first, and the old one
   * is taken away when what it sealed has expired.
   */
  readonly secrets: readonly Uint8Array[]
}

/** More than five parts of a cookie, and proxies begin to refuse the request. */
const LONGEST_SEALED = 5 * 3800
const MOST_SECRETS = 4
const MOST_ENDED = 50_000
const NONCE = 12
const TAG = 16
const OPENED_KEPT = 1024

type Sealed = SessionContent & { readonly createdAt: number; readonly expiresAt: number }

/**
 * The cookie is the session: tokens and user, sealed with AES-256-GCM. Two replicas share sessions
 * by sharing a secret, and no store has to be up.
 *
 * What it cannot do is end a session everywhere: a sign-out clears the browser's cookie, and this
 * process refuses that session, and all earlier ones of a user whose sessions were ended, until they
 * expire; a copied cookie still opens on another replica, or here after a restart. Whoever needs more
 * needs a store.
 *
 * @throws Fault ERR_USAGE when there is no secret, or one that is too short
 */
export function createCookieSessions(options: CookieSessionsOptions, clock: Clock): Sessions {
  const { secrets } = options
  if (secrets.length === 0 || secrets.length > MOST_SECRETS || secrets.some((one) => one.length < 32))
    throw new Fault('ERR_USAGE', {
      message: 'sessions in cookies need one to four secrets of at least 32 bytes',
      next: 'make one with `openssl rand -base64 32`',
    })
  const keys = secrets.map((one) => new Uint8Array(hkdfSync('sha256', one, '', 'kfdoor cookie session', 32)))
  const opened = new Map<string, Sealed>()
  const ended = createEnded(clock)

  const seal = (content: Sealed): string => {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', keys[0] as Uint8Array, nonce)
    const text = Buffer.concat([
      nonce,
      cipher.update(JSON.stringify(content), 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]).toString('base64url')
    if (text.length > LONGEST_SEALED)
      throw new Fault('ERR_SESSIONS_UNUSABLE', {
        path: 'cookies',
        reason: `one of ${text.length} bytes is more than browsers and proxies carry; keep sessions in a store`,
      })
    return text
  }
  const open = (value: string): Sealed | undefined => {
    const known = opened.get(value)
    if (known) return known
    if (value.length > LONGEST_SEALED) return undefined
    const bytes = Buffer.from(value, 'base64url')
    // Only the one spelling that was handed out: base64url readers take several for the same bytes.
    if (bytes.length < NONCE + TAG || bytes.toString('base64url') !== value) return undefined
    for (const key of keys) {
      const text = unseal(key, bytes)
      if (text === undefined) continue
      const content = JSON.parse(text) as Sealed
      if (opened.size >= OPENED_KEPT) for (const oldest of opened.keys()) if (opened.delete(oldest)) break
      opened.set(value, content)
      return content
    }
    return undefined
  }
  const find = (value: string): Session | undefined => {
    const content = open(value)
    if (!content || content.expiresAt <= clock()) return undefined
    return ended.has(value, content) ? undefined : content
  }

  return {
    async start(content, lifetimeMs) {
      const createdAt = clock()
      const session = { ...content, createdAt, expiresAt: createdAt + lifetimeMs }
      return { id: seal(session), session }
    },
    find,
    renewable: false,
    renew: async () => false,
    withLock: createKeyLock(),
    async end(value) {
      const session = find(value)
      if (!session) return false
      opened.delete(value)
      ended.one(value, session.expiresAt)
      return true
    },
    async endAllOf(userId) {
      ended.all(subjectOf(userId))
      return 0
    },
    async endBy({ issuer, subject, sid }) {
      const [alias] = aliasesOf(sid === undefined ? { issuer, subject } : { issuer, sid })
      if (alias !== undefined) ended.all(alias)
      return 0
    },
  }
}

/** What this process was told is over; bounded, the oldest of it forgotten first. */
function createEnded(clock: Clock) {
  const values = new Map<string, number>()
  const names = new Map<string, number>()
  const digest = (value: string) => createHash('sha256').update(value).digest('base64url')
  const note = (map: Map<string, number>, key: string, at: number) => {
    map.delete(key)
    if (map.size >= MOST_ENDED) for (const oldest of map.keys()) if (map.delete(oldest)) break
    map.set(key, at)
  }
  return {
    one: (value: string, expiresAt: number) => note(values, digest(value), expiresAt),
    all: (name: string) => note(names, name, clock()),
    has(value: string, { user, issuer, sid, createdAt }: Sealed): boolean {
      if (values.size > 0 && values.has(digest(value))) return true
      if (names.size === 0) return false
      const aliases = issuer === undefined ? [] : aliasesOf({ issuer, subject: user.subject, sid })
      return [subjectOf(user.userId), ...aliases].some((name) => createdAt <= (names.get(name) ?? -1))
    },
  }
}

function unseal(key: Uint8Array, bytes: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE)).setAuthTag(
      bytes.subarray(-TAG),
    )
    return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
