/** What `--json` prints, one per row of the tables. */
export interface Result {
  /** In `engine` the contestant (`kfdoor`, `naive`, `opa-go` …), elsewhere what was measured. */
  readonly name: string
  readonly rules?: number
  readonly nsPerDecision?: number
  readonly value: number
  readonly unit: string
  readonly min?: number
  readonly max?: number
  /** Whom `ratio` compares with. */
  readonly peer?: string
  readonly ratio?: number
  /** As in the goals, for example `≥ 20 ×`. */
  readonly goal?: string
  readonly met?: boolean
  readonly note?: string
}

/** A bound a ratio or a figure has to keep. */
export interface Goal {
  readonly kind: 'at least' | 'at most'
  readonly bound: number
  /** What the bound is counted in: `×` for ratios. */
  readonly unit: string
}

export const atLeast = (bound: number, unit = '×'): Goal => ({ kind: 'at least', bound, unit })
export const atMost = (bound: number, unit = '×'): Goal => ({ kind: 'at most', bound, unit })

/** The goal as it is written, and whether `figure` keeps it. */
export function judge(goal: Goal, figure: number): { readonly goal: string; readonly met: boolean } {
  const sign = goal.kind === 'at least' ? '≥' : '≤'
  const met = goal.kind === 'at least' ? figure >= goal.bound : figure <= goal.bound
  return { goal: `${sign} ${goal.bound} ${goal.unit}`, met }
}
