import type { Clock } from '../base/index.ts'
import type { KeyStore } from '../identity/index.ts'
import type { Identity } from './connectors/connector.ts'

/** One visit to `/auth`, from the first redirect to the code. */
export interface AuthRequest {
  readonly id: string
  readonly clientId: string
  readonly redirectUri: string
  readonly responseTypes: readonly string[]
  readonly scopes: readonly string[]
  readonly state: string
  readonly nonce: string
  readonly codeChallenge: string
  readonly codeChallengeMethod: string
  readonly forceApproval: boolean
  readonly prompt: string
  /** Empty until one was chosen (≤ 2.28). */
  readonly connectorId: string
  readonly hmacKey: Buffer
  readonly expiresAt: number
  /** Who signed in; undefined until somebody did. */
  readonly identity?: Identity
}

export interface AuthCode {
  readonly id: string
  readonly clientId: string
  readonly connectorId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly nonce: string
  readonly codeChallenge: string
  readonly codeChallengeMethod: string
  readonly identity: Identity
  readonly expiresAt: number
}

export interface RefreshToken {
  readonly id: string
  readonly token: string
  /** The one before, while a client may still hold it. */
  readonly obsoleteToken: string
  readonly clientId: string
  readonly connectorId: string
  readonly scopes: readonly string[]
  readonly nonce: string
  readonly identity: Identity
  readonly createdAt: number
  readonly lastUsed: number
}

/** A sign-in on another device (RFC 8628), by its device code. */
export interface DeviceGrant {
  /** The device code: whoever holds it gets the tokens. */
  readonly id: string
  /** What the person types in: `BCDF-GHJK`. */
  readonly userCode: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly codeChallenge: string
  readonly codeChallengeMethod: string
  readonly expiresAt: number
  readonly lastAsked: number
  /** Seconds a client has to leave between two questions. */
  readonly interval: number
  /** There once the person signed in. */
  readonly tokens?: Tokens
}

/** What a token endpoint gives. */
export interface Tokens {
  readonly accessToken: string
  readonly idToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly refreshToken: string | undefined
}

/** Things with an end of life, at most so many: the oldest make room for new ones. */
export class Shelf<T extends { readonly id: string }> {
  readonly #things = new Map<string, T>()
  readonly #limit: number
  readonly #endOf: (thing: T) => number

  constructor(limit: number, endOf: (thing: T) => number) {
    this.#limit = limit
    this.#endOf = endOf
  }

  get size(): number {
    return this.#things.size
  }

  get(id: string): T | undefined {
    return this.#things.get(id)
  }

  /** Removes and returns it: of two that ask at once, one gets it. */
  take(id: string): T | undefined {
    const thing = this.#things.get(id)
    this.#things.delete(id)
    return thing
  }

  put(thing: T): void {
    this.#things.set(thing.id, thing)
    for (const id of this.#things.keys()) {
      if (this.#things.size <= this.#limit) break
      this.#things.delete(id)
    }
  }

  delete(id: string): void {
    this.#things.delete(id)
  }

  values(): IterableIterator<T> {
    return this.#things.values()
  }

  sweep(now: number): void {
    for (const [id, thing] of this.#things) if (this.#endOf(thing) <= now) this.#things.delete(id)
  }
}

/** Everything the issuer remembers between two requests. */
export interface Store {
  readonly requests: Shelf<AuthRequest>
  readonly codes: Shelf<AuthCode>
  readonly refreshTokens: Shelf<RefreshToken>
  readonly deviceGrants: Shelf<DeviceGrant>
  /** Throws away what is over; cheap, called on the way. */
  tidy(): void
  /** Resolves once what an earlier run kept is here. */
  readonly ready: Promise<void>
  /** Resolves once the refresh tokens, as they are now, are kept for the next run. */
  keep(): Promise<void>
}

const MINUTE = 60_000
/** How long a request is remembered after its end, to say "expired" rather than "unknown". */
const AFTERLIFE = 5 * MINUTE

/**
 * Requests and codes live minutes and are kept in memory; refresh tokens outlive the process where
 * there is a `keeper`. One that fails costs the next run its refresh tokens, never this answer.
 */
export function createStore(
  clock: Clock,
  keeper?: KeyStore,
  complain: (reason: string) => void = () => {},
): Store {
  const store = {
    requests: new Shelf<AuthRequest>(10_000, (one) => one.expiresAt + AFTERLIFE),
    codes: new Shelf<AuthCode>(10_000, (one) => one.expiresAt),
    deviceGrants: new Shelf<DeviceGrant>(1000, (one) => one.expiresAt + AFTERLIFE),
    refreshTokens: new Shelf<RefreshToken>(10_000, () => Number.POSITIVE_INFINITY),
  }
  let next = clock() + 5 * MINUTE
  const said = (error: unknown) => complain(error instanceof Error ? error.message : String(error))
  const load = async () => {
    const text = await keeper?.load()
    if (text === undefined) return
    const { version, refreshTokens } = JSON.parse(text) as { version: number; refreshTokens: RefreshToken[] }
    if (version !== 1) throw new Error(`refresh tokens kept by another version (${version})`)
    for (const token of refreshTokens) store.refreshTokens.put(token)
  }
  const save = async () => {
    await keeper?.save(
      `${JSON.stringify({ version: 1, refreshTokens: [...store.refreshTokens.values()] })}\n`,
    )
  }
  let saving: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  return {
    ...store,
    ready: load().catch(said),
    keep() {
      if (!keeper) return saving
      // One save at a time, and one after it for everybody who came meanwhile.
      waiting ??= saving.then(() => {
        waiting = undefined
        saving = save().catch(said)
        return saving
      })
      return waiting
    },
    tidy() {
      const now = clock()
      if (now < next) return
      next = now + 5 * MINUTE
      store.requests.sweep(now)
      store.codes.sweep(now)
      store.deviceGrants.sweep(now)
    },
  }
}
