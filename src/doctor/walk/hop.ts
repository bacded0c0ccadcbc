/** The way from a person’s machine to the application, in the order it is walked. */
export const hopNames = [
  'address',
  'dns',
  'tcp',
  'tls',
  'http',
  'sign-in',
  'credential',
  'identity',
  'application',
] as const
export type HopName = (typeof hopNames)[number]

export interface WalkFinding {
  /** `KFD03##` of the walk, or `KFD2###` of a known problem. */
  readonly code: string
  readonly severity: 'error' | 'warning' | 'info'
  readonly title: string
  readonly message: string
  readonly evidence: readonly string[]
  readonly fix?: string
}

/** One stage: what was seen there, and whether one gets past it. */
export interface WalkedHop {
  readonly hop: HopName
  readonly state: 'ok' | 'broken' | 'skipped'
  readonly seen: readonly string[]
  readonly findings: readonly WalkFinding[]
}
