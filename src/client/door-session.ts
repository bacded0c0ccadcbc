import { type Clock, Fault } from '../base/index.ts'
import { createCookieJar } from './http/cookie-jar.ts'
import type { Credential } from './login/outcome.ts'
import { endOf } from './login/token-set.ts'

/** Where a credential is kept between two looks at it: a file, a keyring, or just this process. */
export interface CredentialStore {
  load(): Promise<Credential | undefined>
  save(credential: Credential): Promise<void>
  /** Runs alone among all processes that use this store. */
  alone<T>(work: () => Promise<T>): Promise<T>
}

export interface DoorSessionOptions {
  readonly door: URL
  /** As people call it; for faults. */
  readonly name: string
  readonly store: CredentialStore
  /** A new credential for an old one; undefined = there is no way to get one without a person. */
  readonly renew: (old: Credential) => Promise<Credential | undefined>
  /** The file of a `token-file` credential, and when it changed. */
  readonly readToken: (path: string) => Promise<{ readonly text: string; readonly changedAt: number }>
  readonly clock: Clock
}

/** What to send with one request. */
export interface Pass {
  /** `authorization` or `cookie`; neither at an open door. */
  readonly headers: Readonly<Record<string, string>>
  /** ms; undefined = nothing tells. */
  readonly expiresAt?: number
  /** Which state of the credential this is; handed back when the door refused it. */
  readonly version: number
}

export interface DoorSession {
  /**
   * What to send to a URL of the door, renewed when it is about to end.
   *
   * @throws Fault ERR_CREDENTIALS_MISSING, ERR_CREDENTIALS_EXPIRED, and those of renewing
   */
  pass(url?: URL): Promise<Pass>
  /**
   * The door refused that pass. True when there is another one to try now: somebody renewed meanwhile, or it
   * was renewed here. One renewal at a time, in this process and among all that share the store.
   */
  refused(version: number): Promise<boolean>
}

/** Renewed before it ends, so that no request is under way when it does. */
const AHEAD_MS = 30_000
/**
 * Of one that was made here and lives but a moment, so near its end: else each request would have one of
 * its own. How long one lives that was only found is not known.
 */
const aheadOf = (end: number | undefined, since: number | undefined) => {
  if (end === undefined) return 0
  return since === undefined ? AHEAD_MS : Math.min(AHEAD_MS, Math.max(0, (end - since) / 4))
}
/** Other processes renew too: what they saved is seen after this time at the latest. */
const LOOK_AGAIN_MS = 5000

/**
 * Keeps one door's credential usable: reads it from where it is kept, renews it shortly before it ends or
 * when the door refuses it, and never twice at the same time.
 */
export function createDoorSession(options: DoorSessionOptions): DoorSession {
  const { store, door, name, clock } = options
  /** `at`: when it was last looked at; `since`: when it was made, where that was seen. */
  let held: { credential: Credential; version: number; at: number; since?: number } | undefined
  let renewing: Promise<boolean> | undefined
  let tokenFile: { text: string; changedAt: number } | undefined

  async function current(): Promise<{ credential: Credential; version: number; since?: number }> {
    if (held && clock() - held.at < LOOK_AGAIN_MS) return held
    const credential = await store.load()
    if (!credential) {
      throw new Fault('ERR_CREDENTIALS_MISSING', {
        door: name,
        next: `sign in with \`kfdoor login ${door.href}\`, or set KFDOOR_USERNAME and KFDOOR_PASSWORD, or KFDOOR_TOKEN`,
      })
    }
    const known = held && same(held.credential, credential) ? held : undefined
    held = {
      credential,
      version: known?.version ?? (held?.version ?? 0) + 1,
      at: clock(),
      since: known?.since,
    }
    return held
  }

  /** One at a time; whoever comes while it runs takes its outcome. */
  function renewOnce(refused: Credential): Promise<boolean> {
    renewing ??= store
      .alone(async () => {
        const now = (await store.load()) ?? refused
        // Another process was faster: what it saved is tried before anything is asked for.
        if (!same(now, refused) && !isOver(now)) {
          held = { credential: now, version: (held?.version ?? 0) + 1, at: clock(), since: clock() }
          return true
        }
        const fresh = await options.renew(refused)
        if (!fresh) return false
        if (!same(fresh, now)) await store.save(fresh)
        held = { credential: fresh, version: (held?.version ?? 0) + 1, at: clock(), since: clock() }
        return true
      })
      .finally(() => {
        renewing = undefined
      })
    return renewing
  }

  const endsAt = (credential: Credential) => ('expiresAt' in credential ? credential.expiresAt : undefined)
  const isOver = (credential: Credential, ahead = 0) => {
    const end = endsAt(credential)
    if (credential.kind === 'service-account' && credential.token === undefined) return true
    return end !== undefined && end - ahead <= clock()
  }

  async function passOf(credential: Credential, version: number, url: URL): Promise<Pass> {
    switch (credential.kind) {
      case 'none':
        return { headers: {}, version }
      case 'session': {
        const cookie = createCookieJar(clock, credential.cookies).header(url)
        return { headers: cookie === undefined ? {} : { cookie }, expiresAt: credential.expiresAt, version }
      }
      case 'token':
        return { headers: bearer(credential.token), expiresAt: credential.expiresAt, version }
      case 'service-account':
        return { headers: bearer(credential.token ?? ''), expiresAt: credential.expiresAt, version }
      case 'token-file': {
        tokenFile = await options.readToken(credential.path)
        const token = tokenFile.text.trim()
        return { headers: bearer(token), expiresAt: endOf(token), version: tokenFile.changedAt }
      }
    }
  }

  return {
    async pass(url = door) {
      let { credential, version, since } = await current()
      if (isOver(credential, aheadOf(endsAt(credential), since))) {
        const renewed = await renewOnce(credential)
        if (renewed) ({ credential, version } = await current())
        else if (isOver(credential)) {
          const end = endsAt(credential)
          throw new Fault('ERR_CREDENTIALS_EXPIRED', {
            door: name,
            ...(end === undefined ? {} : { at: new Date(end).toISOString() }),
            next: `kfdoor login ${door.href}`,
          })
        }
      }
      return passOf(credential, version, url)
    },
    async refused(version) {
      const { credential, version: now } = await current()
      if (credential.kind === 'none') return false
      if (credential.kind === 'token-file') {
        const { changedAt } = await options.readToken(credential.path)
        return changedAt !== version
      }
      if (now !== version) return true
      return renewOnce(credential)
    },
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const same = (a: Credential, b: Credential) => JSON.stringify(a) === JSON.stringify(b)

/** A store that ends with the process, for credentials of the environment and for the SDK. */
export function memoryStore(first?: Credential): CredentialStore {
  let kept = first
  return {
    load: async () => kept,
    save: async (credential) => {
      kept = credential
    },
    alone: (work) => work(),
  }
}
