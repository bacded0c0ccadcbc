/** What becomes of a request at a door, and whether two doors differ in it. */
import type { Outcome } from './outcome.ts'

export interface Fate {
  readonly verdict: string
  readonly upstream: string | null
  /** Identity headers the workload is handed. */
  readonly identity: Readonly<Record<string, string>>
  readonly reason: string
}

export type Kind = 'gained' | 'lost' | 'changed' | 'unknown'

export function kindOf(from: Outcome, to: Outcome): Kind | undefined {
  if (from.verdict === to.verdict && from.verdict === 'unknown')
    return from.reason === to.reason ? undefined : 'unknown'
  if (from.verdict === 'unknown' || to.verdict === 'unknown') return 'unknown'
  const [was, is] = [from.verdict === 'allow', to.verdict === 'allow']
  if (was && is) return sameArrival(from, to) ? undefined : 'changed'
  if (was) return 'lost'
  return is ? 'gained' : undefined
}

function sameArrival(from: Outcome, to: Outcome): boolean {
  return (
    from.upstream === to.upstream &&
    from.status === to.status &&
    // A pod may be named anew or get another label; with both it is another one.
    (from.workload === to.workload || from.labels === to.labels) &&
    JSON.stringify(from.identity) === JSON.stringify(to.identity)
  )
}

export function fateOf({ verdict, upstream, identity, reason }: Outcome): Fate {
  return { verdict, upstream: upstream ?? null, identity, reason }
}
