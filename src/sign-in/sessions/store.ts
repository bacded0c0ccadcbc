/**
 * One session as a store keeps it. A store sees nothing that lets it act as the user: the key is
 * the SHA-256 of the cookie's value, and `sealed` opens only with the value itself.
 */
export interface StoredSession {
  /** SHA-256 of the session id, base64url without padding. */
  readonly key: string
  /** Whose it is, for `deleteBySubject`: SHA-256 of the user name, base64url. */
  readonly subject: string
  /** Further names it can be ended by, hashed like `subject`; a store need not give them back. */
  readonly aliases?: readonly string[]
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** Milliseconds since the epoch; at and after it the session is not there. */
  readonly expiresAt: number
  /** AES-256-GCM under a key made from the session id, base64url. */
  readonly sealed: string
}

/**
 * Where sessions live: memory, a file, Redis. Every store passes `sessionStoreSuite`.
 *
 * A store keeps no cache of its own that could answer for a session deleted elsewhere, unless it was
 * told to and for how long. It fails by
 * throwing a Fault; whoever asked treats that as "cannot say" and keeps the door shut.
 */
export interface SessionStore {
  /** Undefined = unknown, ended or expired. A store in this process answers without a promise. */
  get(key: string): StoredSession | undefined | Promise<StoredSession | undefined>
  /** Inserts or replaces. When it resolves, the session survives whatever the store survives. */
  put(session: StoredSession): Promise<void>
  /**
   * Moves the expiry of a session that is still there, and replaces what it holds where `sealed` is
   * given; never brings one back. Resolves false when it is gone.
   */
  touch(key: string, expiresAt: number, sealed?: string): Promise<boolean>
  /** Resolves true for the one caller that ended it. */
  delete(key: string): Promise<boolean>
  /** Ends every session of that subject or alias; resolves how many. */
  deleteBySubject(subject: string): Promise<number>
  /** Runs `task` while no other `withLock` of the same key runs, on any replica sharing the store. */
  withLock<T>(key: string, task: () => Promise<T>): Promise<T>
  /** Sessions that have not expired. */
  count(): Promise<number>
  /** Those of one subject; a store that is shared need not know. */
  countBySubject?(subject: string): Promise<number>
  close(): Promise<void>
}
