import type { Decided } from '../../authz/index.ts'

/** How many decisions there were, and how long they took. */
export interface DecisionFigures {
  add(decided: Decided): void
  /** Both as Prometheus reads them (text format 0.0.4). */
  text(): string
}

/** Upper bounds of the histogram, in seconds. */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5]
const TOTAL = 'kfdoor_authz_decisions_total'
const SECONDS = 'kfdoor_authz_decision_seconds'

interface Via {
  /** By reason, then by kind. */
  readonly counts: Map<string, Map<string, { n: number }>>
  /** Decisions in each bucket, the last for those above all bounds. */
  readonly buckets: number[]
  sum: number
}

/**
 * Counted by hand, on the way of every check: prom-client makes a text of the labels and looks it up
 * for each count, which costs as much as the decision.
 */
export function createDecisionFigures(): DecisionFigures {
  const vias = new Map<string, Via>()
  const viaOf = (name: string): Via => {
    let via = vias.get(name)
    if (via === undefined) {
      via = { counts: new Map(), buckets: [...BOUNDS.map(() => 0), 0], sum: 0 }
      vias.set(name, via)
    }
    return via
  }
  const countOf = ({ counts }: Via, reason: string, kind: string) => {
    let kinds = counts.get(reason)
    if (kinds === undefined) {
      kinds = new Map()
      counts.set(reason, kinds)
    }
    let count = kinds.get(kind)
    if (count === undefined) {
      count = { n: 0 }
      kinds.set(kind, count)
    }
    return count
  }
  return {
    add({ check, verdict, ms }) {
      const via = viaOf(check.via)
      countOf(via, verdict.reason, verdict.kind).n++
      const seconds = ms / 1000
      let at = 0
      while (at < BOUNDS.length && seconds > (BOUNDS[at] as number)) at++
      via.buckets[at] = (via.buckets[at] as number) + 1
      via.sum += seconds
    },
    text() {
      const totals: string[] = []
      const times: string[] = []
      for (const [via, { counts, buckets, sum }] of vias) {
        for (const [reason, kinds] of counts)
          for (const [verdict, { n }] of kinds)
            totals.push(`${TOTAL}{verdict="${verdict}",reason="${reason}",via="${via}"} ${n}`)
        let below = 0
        for (const [at, n] of buckets.entries()) {
          below += n
          times.push(`${SECONDS}_bucket{le="${BOUNDS[at] ?? '+Inf'}",via="${via}"} ${below}`)
        }
        times.push(`${SECONDS}_sum{via="${via}"} ${sum}`, `${SECONDS}_count{via="${via}"} ${below}`)
      }
      return [
        `# HELP ${TOTAL} Decisions by verdict, reason and protocol.`,
        `# TYPE ${TOTAL} counter`,
        ...totals,
        '',
        `# HELP ${SECONDS} Time from a check to its verdict.`,
        `# TYPE ${SECONDS} histogram`,
        ...times,
        '',
      ].join('\n')
    },
  }
}
