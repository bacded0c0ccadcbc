import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, parsePrincipal } from '../../policy/index.ts'
import { type AccessDiff, type Difference, diffAccess } from '../../regions/index.ts'
import { identityHeaders } from '../identity-headers.ts'
import { droppedOf, forgedTwin, isForgedName, isInsideName, refusedByGateway } from './twins.ts'

type DiffOptions = Parameters<typeof diffAccess>[2]

/** Who gains and loses where both doors' gateways are kfdoor's own: see ADR 0067. */
export function hardenedDiff(before: Mesh, after: Mesh, options: DiffOptions): AccessDiff {
  const diff = diffAccess(before, after, options)
  const doors = [compileDoor(before, options.old), compileDoor(after, options.new)]
  const unknown: AccessDiff['unknown'][number][] = diff.unknown.filter(
    (each) => !('principal' in each) || isInsideName(each.principal) || !isForgedName(each.principal),
  )
  const through = (list: readonly Difference[], told: boolean): readonly Difference[] =>
    list.flatMap((each) => {
      if (isInsideName(each.principal)) return [each]
      if (isForgedName(each.principal)) return []
      const { witness } = each
      // Without such a header the request is another one, which has its own line where it fares differently.
      if ([before, after].some((mesh) => droppedOf(mesh, witness.headers).length > 0)) return []
      const principal = parsePrincipal(each.principal)
      const refused =
        principal && doors.map((door) => refusedByGateway(door, principal, witness, options.now))
      const [reason] = refused?.flatMap((one) => (one === undefined ? [] : [one.reason])) ?? []
      if (reason !== undefined) {
        const why = `a kfdoor gateway refuses the request that shows it (${reason}); whether another one does is not decided`
        if (told) unknown.push({ reason: why, witness })
        return []
      }
      return [each, { ...each, principal: `${each.principal}+forged`, witness: forgedTwin(witness) }]
    })
  const found = {
    gained: through(diff.gained, true),
    lost: through(diff.lost, true),
    changed: through(diff.changed, true),
    public: through(diff.public, false),
    unreachable: through(diff.unreachable, false),
  }
  const names = otherNames(before, after)
  if (names.length > 0) {
    const reason = `the doors drop other headers of clients (${names.join(', ')}), and rules look at them`
    unknown.push({
      reason,
      witness: { method: 'GET', url: 'http://x/', headers: names.map((name) => [name, 'x']) },
    })
  }
  return { ...found, deadRules: diff.deadRules, unknown }
}

/** Identity headers of one door alone, where anything decides by them. */
function otherNames(before: Mesh, after: Mesh): readonly string[] {
  const [was, is] = [before, after].map((mesh) => new Set(identityHeaders(mesh)))
  const only = [...(was ?? [])]
    .filter((name) => !is?.has(name))
    .concat([...(is ?? [])].filter((name) => !was?.has(name)))
  if (only.length === 0) return []
  const deciding = JSON.stringify(
    [before, after].map(({ authorizationPolicies, virtualServices }) => [
      authorizationPolicies,
      virtualServices,
    ]),
  ).toLowerCase()
  return only.filter((name) => deciding.includes(name))
}
