/** What a proxy is compiled to, and what deciding a request at it begins with. */
import type { DoorRequest } from './decision.ts'
import type { HttpFilter } from './flow.ts'
import type { Chain, GatewayProxy } from './listener.ts'
import type { CertificateForwarding } from './proxy-config.ts'
import type { Head, HeadRules } from './request-head.ts'
import type { Filters } from './seam.ts'

/** A compiled gateway. */
export interface Gateway {
  readonly proxy: GatewayProxy
  readonly filters: () => Filters
  /** What a connection passes whose bytes are not read. */
  readonly connections: () => readonly HttpFilter[]
  readonly head: HeadRules
  readonly certificates: CertificateForwarding
  /** What was read last; undefined = every head is read anew. */
  readonly last?: { request?: DoorRequest; head?: Head }
  /** The name in the certificate a TLS listener shows, for gRPC checks. */
  readonly localPrincipal?: (chain: Chain) => string | undefined
}
