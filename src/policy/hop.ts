/** What a request is between two proxies, and what its whole way comes to. */
import type { Workload } from '../mesh/index.ts'
import type { Check, Decision, DoorRequest, ForwardDecision, Step, Verdict } from './decision.ts'
import type { ProxyIdentity } from './seam.ts'

/** One proxy on the way and what it made of the request. */
export interface Hop {
  /** Its number in the steps. */
  readonly hop: number
  readonly proxy: ProxyIdentity
  /** The pod whose sidecar it is. */
  readonly workload?: Workload
  readonly request: DoorRequest
  readonly decision: Decision
}

export interface PathDecision {
  /** `allow` = it reached the workload. */
  readonly verdict: Verdict
  /** The reason code of the hop that decided. */
  readonly reason: string
  readonly hops: readonly Hop[]
  /** The last hop's decision: what the caller gets, or what reaches the workload. */
  readonly decision: Decision
  readonly steps: readonly Step[]
  readonly checks: readonly Check[]
  /** What it reached, where the YAML shows it. */
  readonly workload?: Workload
}

/** Stands for a pod's address, which YAML does not tell: a documentation address (RFC 5737). */
export const somePod = '192.0.2.1'

/** What leaves a proxy or a pod. */
export type Onward = Pick<ForwardDecision, 'method' | 'path' | 'host' | 'headers' | 'proxyHeaders'> & {
  readonly destination: ForwardDecision['destination']
}

/** The request as the next proxy gets it. */
export function onward(
  decision: Onward,
  to: Pick<DoorRequest, 'port' | 'scheme'> & Partial<DoorRequest>,
): DoorRequest {
  return {
    method: decision.method,
    host: decision.host,
    path: decision.path,
    headers: [...decision.headers, ...(decision.proxyHeaders ?? [])],
    sourceIp: somePod,
    ...to,
  }
}
