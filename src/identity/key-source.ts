import type { Clock } from '../base/index.ts'
import type { CompactJws } from './jws.ts'
import { signedByOneOf } from './verifier.ts'

/** The keys of one issuer as one fetch gave them. */
export interface KeySet {
  /** Another number for other keys; whatever was found out with a key set holds for its epoch only. */
  readonly epoch: number
  /** Whether a key of that `kid` is among them; a token without one is tried with all. */
  has(kid: unknown): boolean
  /** Whether one of the keys made the token's signature. Nothing of it is kept. */
  verifies(jws: CompactJws): boolean
}

export interface KeySource {
  /** What is known now, without asking anybody. */
  known(): KeySet | undefined
  /**
   * The key set to judge a token of that `kid` with, fetched where that can help.
   *
   * @throws when there is none: no key is made up in its place (CVE-2026-31837)
   */
  forKid(kid: unknown): KeySet | Promise<KeySet>
  /** Asks again, whatever is known; at most once in the cool-down. Never rejects. */
  refresh(): Promise<void>
}

export interface KeySourceOptions {
  /** The text of a JWKS (RFC 7517 §5); rejects when it cannot be had. */
  readonly fetch: () => Promise<string>
  readonly clock: Clock
  readonly refreshed?: (outcome: 'same' | 'changed' | 'failed') => void
}

/** A key set older than this is asked for again when it is used. */
const FRESH = 5 * 60_000
/** Between two fetches a `kid` nobody has seen cannot cause another. */
const COOL_DOWN = 30_000
/** While there are no keys at all, nobody is let in: ask again sooner. */
const COOL_DOWN_EMPTY = 1000
/** Known keys go on verifying while the issuer is down, for so long. */
const STALE = 24 * 3_600_000
const MOST_KEYS = 100

/**
 * Keys of an issuer that is asked over the network. A token whose key is known never waits: an old
 * set is refreshed beside it. One whose key is not known waits for one fetch, shared by all.
 *
 * @example
 * const keys = createKeySource({ fetch: async () => (await fetch(jwksUri)).text(), clock: Date.now })
 * const verified = (await keys.forKid(kid)).verifies(token)
 */
export function createKeySource(options: KeySourceOptions): KeySource {
  const { clock, refreshed = () => {} } = options
  let current: { readonly set: KeySet; readonly text: string; at: number } | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let epoch = 0
  let fetching: Promise<void> | undefined

  const usable = () => current !== undefined && clock() - current.at < STALE
  const fetchNow = async (): Promise<void> => {
    askedAt = clock()
    try {
      const text = await options.fetch()
      if (current?.text === text) {
        current.at = clock()
        refreshed('same')
        return
      }
      const set = readKeySet(text, epoch + 1)
      epoch++
      current = { set, text, at: clock() }
      refreshed('changed')
    } catch (error) {
      refreshed('failed')
      throw error
    }
  }
  const ask = () => {
    fetching ??= fetchNow().finally(() => {
      fetching = undefined
    })
    return fetching
  }
  const isCool = () => clock() - askedAt >= (usable() ? COOL_DOWN : COOL_DOWN_EMPTY)
  const later = () => void ask().catch(() => {})

  const afterAsking = async (kid: unknown): Promise<KeySet> => {
    try {
      if (fetching || isCool()) await ask()
    } catch (error) {
      if (!usable() || !current?.set.has(kid)) throw error
    }
    if (!current || !usable()) throw new Error('its keys cannot be had')
    return current.set
  }

  return {
    known: () => (usable() ? current?.set : undefined),
    forKid(kid) {
      if (!current || !usable()) return afterAsking(kid)
      if (current.set.has(kid)) {
        if (clock() - current.at > FRESH && !fetching && isCool()) later()
        return current.set
      }
      return fetching || isCool() ? afterAsking(kid) : current.set
    },
    async refresh() {
      if (fetching || !isCool()) return
      await ask().catch(() => {})
    },
  }
}

function readKeySet(text: string, epoch: number): KeySet {
  const { keys } = JSON.parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('it is not a JSON Web Key Set')
  if (keys.length > MOST_KEYS) throw new Error(`it holds more than ${MOST_KEYS} keys`)
  const list = keys
    .filter((one): one is JsonWebKey & { kid?: string } => typeof one === 'object' && one !== null)
    .map((jwk, index) => ({ id: String(index), jwk }))
  const kids = new Set(list.map(({ jwk }) => jwk.kid))
  return {
    epoch,
    has: (kid) => list.length > 0 && (kid === undefined || kids.has(kid as string) || kids.has(undefined)),
    verifies: signedByOneOf(list),
  }
}
