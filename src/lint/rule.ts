import type { At, Problem } from '../base/index.ts'
import type { Mesh } from '../mesh/index.ts'
import type { Queries } from './queries.ts'

/** `error`: the door does what nobody wants; `warning`: it probably does; `info`: worth knowing. */
export type Severity = 'error' | 'warning' | 'info'
export type FindingCode = `KFD02${number}`

/** What a finding rests on: a place in a file, and what stands there or what was seen. */
export interface Evidence {
  readonly at: At
  readonly text: string
}

/** One value on one line, to be written in place of another. */
export interface Fix {
  readonly at: At
  readonly replace: string
  readonly with: string
}

/** What a rule reports; code, title and usual severity are the rule's. */
export interface Found {
  readonly message: string
  /** The first is where a reader is led; never empty. */
  readonly evidence: readonly [Evidence, ...Evidence[]]
  readonly fix?: Fix
  /** Where this one weighs more or less than the rule usually does. */
  readonly severity?: Severity
}

/** A certificate somebody with a parser has read for the rules. */
export interface CertificateFacts {
  readonly subject: string
  /** dNSName and iPAddress entries; empty = the certificate has no subjectAltName. */
  readonly names: readonly string[]
  /** Seconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** How many certificates stand in `tls.crt`. */
  readonly chain: number
  readonly selfIssued: boolean
}

/** All a rule is given. Pure: what has to be read elsewhere is handed in. */
export interface World {
  readonly mesh: Mesh
  readonly problems: readonly Problem[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly certificate: CertificateLookup
  readonly queries: Queries
}

/**
 * Facts of a TLS Secret's `tls.crt`; a text = why it cannot be read; null = it is there and was not
 * looked into; undefined = the Secret is not there.
 */
export type CertificateLookup = (
  namespace: string,
  secret: string,
) => CertificateFacts | string | null | undefined

/**
 * One thing that can be wrong with a door's YAML. Codes are forever: a retired rule keeps its line.
 * `bad` is the smallest YAML the rule speaks of, `good` the same put right; both are tested, and
 * shown in docs/findings.md.
 */
export interface Rule {
  readonly code: FindingCode
  readonly severity: Severity
  readonly title: string
  /** Why it matters, in a sentence or two. */
  readonly why: string
  readonly remedy: string
  check(world: World): Iterable<Found>
}

export interface Finding {
  readonly code: string
  readonly severity: Severity
  readonly title: string
  readonly message: string
  readonly evidence: readonly Evidence[]
  readonly fix?: Fix
}
