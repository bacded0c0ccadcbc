import { clientHeaderFilter, foldName } from './client-headers.ts'
import type { DoorPort, GatewayOptions } from './options.ts'

/** A door's policy, and what follows from it once for all requests. */
export interface Current {
  readonly door: DoorPort
  /** Drops what clients may not say of themselves. */
  readonly filter: ReturnType<typeof clientHeaderFilter>
  /** Names of identity headers, folded. */
  readonly identity: ReadonlySet<string>
}

export function currentOf(door: DoorPort, { trustedHops = 0 }: Pick<GatewayOptions, 'trustedHops'>): Current {
  return {
    door,
    filter: clientHeaderFilter(door.identityHeaders, trustedHops),
    identity: new Set(door.identityHeaders.map(foldName)),
  }
}
