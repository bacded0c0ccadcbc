import type { Clock } from '../base/index.ts'

/** Counts failed sign-ins and says when it is enough. */
export interface SignInLimiter {
  /** Seconds to wait before the next try, or 0. */
  wait(user: string, address: string): number
  failed(user: string, address: string): void
  succeeded(user: string, address: string): void
}

interface Bucket {
  failures: number
  /** When the last failure is forgotten, one by one. */
  since: number
}

const MINUTE = 60_000

/**
 * A failure is forgotten after a while; more than `burst` remembered ones have to wait for that.
 * The tight limit is for one person from one address, so that nobody can lock another out; the
 * loose ones stop a guesser with many names or many addresses.
 */
const limits = {
  pair: { burst: 10, forgetEvery: MINUTE / 2 },
  user: { burst: 100, forgetEvery: MINUTE / 10 },
  address: { burst: 100, forgetEvery: MINUTE / 10 },
} as const

const MOST_BUCKETS = 20_000

/** Names are canonical: case folded, Unicode NFKC, trimmed, so that spellings share a count. */
export function createSignInLimiter(clock: Clock): SignInLimiter {
  const buckets = new Map<string, Bucket>()

  const keysOf = (user: string, address: string) => {
    const name = user.normalize('NFKC').toLowerCase().trim()
    return [
      [`pair ${address} ${name}`, limits.pair],
      [`user ${name}`, limits.user],
      [`address ${address}`, limits.address],
    ] as const
  }
  const remembered = (key: string, forgetEvery: number): number => {
    const bucket = buckets.get(key)
    if (!bucket) return 0
    return Math.max(0, bucket.failures - (clock() - bucket.since) / forgetEvery)
  }

  return {
    wait(user, address) {
      const waits = keysOf(user, address).map(([key, { burst, forgetEvery }]) => {
        const over = remembered(key, forgetEvery) - (burst - 1)
        return over > 0 ? Math.ceil((over * forgetEvery) / 1000) : 0
      })
      return Math.max(...waits)
    },
    failed(user, address) {
      for (const [key, { forgetEvery }] of keysOf(user, address)) {
        const failures = remembered(key, forgetEvery) + 1
        buckets.delete(key)
        buckets.set(key, { failures, since: clock() })
      }
      for (const key of buckets.keys()) {
        if (buckets.size <= MOST_BUCKETS) break
        buckets.delete(key)
      }
    },
    succeeded(user, address) {
      const [[pair]] = keysOf(user, address)
      buckets.delete(pair)
    },
  }
}
