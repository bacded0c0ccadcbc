import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, type Principal } from '../../policy/index.ts'
import { accessMap, callerName, findPrincipals, type MapOptions, type MapRow } from '../../regions/index.ts'
import { droppedOf, forgedTwin, isInside, refusedByGateway } from './twins.ts'

/** The map of a door whose gateway is kfdoor's own: see ADR 0067. */
export function hardenedMap(mesh: Mesh, options: MapOptions): readonly MapRow[] {
  const door = compileDoor(mesh, options)
  const wanted = new Map(
    (options.principals ?? findPrincipals(mesh)).map((one) => [callerName(one), one] as const),
  )
  const asked = new Map<string, Principal>()
  for (const one of wanted.values()) {
    const same = isInside(one) ? one : { ...one, forged: false }
    asked.set(callerName(same), same)
  }
  const rows = accessMap(mesh, { ...options, principals: [...asked.values()] })
  return rows.flatMap((row): readonly MapRow[] => {
    const principal = asked.get(row.principal)
    if (principal === undefined || isInside(principal)) return [row]
    // What only such a header opens stays closed; without the header it has a row of its own.
    if (droppedOf(mesh, row.witness.headers).length > 0) return []
    const refused = refusedByGateway(door, principal, row.witness, options.now)
    const own: MapRow =
      refused === undefined
        ? row
        : {
            ...row,
            verdict: 'deny',
            reason: refused.reason,
            outcome: { verdict: 'deny', reason: refused.reason, status: refused.status, hops: 1 },
          }
    const forged = callerName({ ...principal, forged: true })
    return [
      ...(wanted.has(row.principal) ? [own] : []),
      ...(wanted.has(forged) ? [{ ...own, principal: forged, witness: forgedTwin(own.witness) }] : []),
    ]
  })
}
