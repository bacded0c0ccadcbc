import { type CertificateFacts, certificateFaults } from './faults/certificate-faults.ts'
import { type ClusterFacts, clusterFaults } from './faults/cluster-faults.ts'
import type { FaultRows } from './faults/fault-row.ts'
import { type PlanFacts, planFaults } from './faults/plan-faults.ts'
import { type ReachFacts, reachFaults } from './faults/reach-faults.ts'
import { type RunningFacts, runningFaults } from './faults/running-faults.ts'
import { type ServiceFacts, serviceFaults } from './faults/service-faults.ts'
import { type SignInFacts, signInFaults } from './faults/sign-in-faults.ts'

/**
 * Every failure a caller can meet: a stable code and the facts that belong to it. Facts are plain
 * data and never hold a secret: a token is named by issuer and subject, a cookie by its name.
 *
 * `faults/` holds them by the kind of work that fails, each row whole: its number, its sentence,
 * what it means and what helps. A row without one of them does not compile.
 */
export interface FaultFacts
  extends RunningFacts,
    ServiceFacts,
    CertificateFacts,
    ReachFacts,
    SignInFacts,
    ClusterFacts,
    PlanFacts {}
export type FaultCode = keyof FaultFacts
/** `switch (fault.code)` over this narrows `fault.facts`. */
export type AnyFault = { [C in FaultCode]: Fault<C> }[FaultCode]

export const faultRows: FaultRows<FaultFacts> = {
  ...runningFaults,
  ...serviceFaults,
  ...certificateFaults,
  ...reachFaults,
  ...signInFaults,
  ...clusterFaults,
  ...planFaults,
}

/**
 * A failure with a code to switch over; its message is the sentence a person reads.
 *
 * @example
 * if (isFault(error) && error.code === 'ERR_PORT_BUSY') retry(error.facts.port)
 */
export class Fault<C extends FaultCode = FaultCode> extends Error {
  override readonly name = 'Fault'
  readonly code: C
  readonly facts: FaultFacts[C]

  constructor(code: C, facts: FaultFacts[C], options?: { readonly cause?: unknown }) {
    super(faultRows[code].sentence(facts), options)
    this.code = code
    this.facts = facts
  }

  /** The permanent number people see: `KFD0100`. */
  get number(): string {
    return faultRows[this.code].number
  }
}

export function isFault(error: unknown): error is AnyFault {
  return error instanceof Fault
}
