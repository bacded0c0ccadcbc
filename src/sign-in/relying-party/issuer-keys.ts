import type { JSONWebKeySet } from 'jose'
import type { Clock } from '../../base/index.ts'

const KEPT = 10 * 60_000
/** Between two fetches a key nobody has seen cannot cause another. */
const COOL_DOWN = 30_000
/** Known keys go on verifying when the issuer is down, for so long. */
const STALE = 24 * 3_600_000

/**
 * The keys of an issuer: fetched when first needed, after ten minutes, or for a `kid` that is not
 * among them; at most once in 30 s. Resolves the key set to try a token of that `kid` with.
 *
 * There is no key to fall back on (CVE-2026-31837): without an answer it rejects, unless the `kid`
 * is one of those fetched in the last day.
 */
export function createIssuerKeys(
  fetchKeys: () => Promise<JSONWebKeySet>,
  clock: Clock,
): (kid: unknown) => Promise<JSONWebKeySet> {
  let keys: { readonly set: JSONWebKeySet; readonly at: number } | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let fetching: Promise<void> | undefined
  const refresh = () => {
    fetching ??= (async () => {
      askedAt = clock()
      keys = { set: await fetchKeys(), at: clock() }
    })().finally(() => {
      fetching = undefined
    })
    return fetching
  }
  return async (kid) => {
    const has = () => keys?.set.keys.some((key) => kid === undefined || key.kid === kid) ?? false
    const old = keys === undefined || clock() - keys.at > KEPT
    const cool = clock() - askedAt >= COOL_DOWN
    // A first fetch that failed is tried again at once: nobody could sign in for half a minute else.
    if (fetching || keys === undefined || ((old || !has()) && cool)) {
      try {
        await refresh()
      } catch (error) {
        if (!keys || clock() - keys.at > STALE || !has()) throw error
      }
    }
    if (!keys || clock() - keys.at > STALE) throw new Error('it has given no keys for a day')
    return keys.set
  }
}
