import type { Mesh } from '../../mesh/index.ts'
import { compileDoor, type Door, parsePrincipal } from '../../policy/index.ts'
import { type Claim, type Patterns, type Proof, prove, type ViewOptions } from '../../regions/index.ts'
import { droppedOf, forgedTwin, isForgedName, refusedByGateway } from './twins.ts'

type Options = ViewOptions & { readonly now: number }

/** Claims about a door whose gateway is kfdoor's own: see ADR 0067. */
export function hardenedProve(mesh: Mesh, claims: readonly Claim[], options: Options): readonly Proof[] {
  const door = compileDoor(mesh, options)
  const proofs = prove(
    mesh,
    [...claims.map((claim) => gatewayPart(mesh, claim)), ...claims.map(insidePart)],
    options,
  )
  return claims.map((claim, index) => {
    const outside = atGateway(door, claim, proofs[index] as Proof, options.now)
    return merged(outside, proofs[index + claims.length] as Proof)
  })
}

const pods = ['mesh:*', 'outside']
const others = ['anonymous', 'user:*', 'sa:*']

/** What it says of callers of the gateway, who are the same with and without a forged header. */
function gatewayPart(mesh: Mesh, claim: Claim): Claim {
  const { principal, notPrincipal, header } = claim
  const onlyForged = principal?.every(isForgedName) === true
  const plain = (patterns: Patterns) => patterns?.map((pattern) => pattern.replace(/\+forged$/, ''))
  // Taking out only the forged takes nobody out where the others are meant too.
  const out = onlyForged ? plain(notPrincipal) : notPrincipal?.filter((pattern) => !isForgedName(pattern))
  const kept = header?.filter(([name]) => droppedOf(mesh, [[name, 'x']]).length === 0)
  return {
    ...claim,
    ...(principal && { principal: plain(principal) }),
    notPrincipal: [...(out ?? []), ...pods, '*+forged'],
    ...(header && { header: kept }),
  }
}

/** What it says of pods, who do not pass the gateway. */
function insidePart(claim: Claim): Claim {
  return { ...claim, notPrincipal: [...(claim.notPrincipal ?? []), ...others] }
}

function atGateway(door: Door, claim: Claim, proof: Proof, now: number): Proof {
  const { witness, principal: name } = proof
  const principal = name === undefined ? undefined : parsePrincipal(name)
  if (proof.outcome !== 'violated' || witness === undefined || principal === undefined) return proof
  const undecided = (why: string): Proof => ({
    name: proof.name,
    outcome: 'unknown',
    reason: `the request that breaks it at Istio ${why}; whether another one breaks it is not decided`,
  })
  const dropped = droppedOf(door.mesh, witness.headers)
  if (dropped.length > 0) return undecided(`needs ${dropped.join(', ')}, which a kfdoor gateway drops`)
  const refused = refusedByGateway(door, principal, witness, now)
  if (refused === undefined) return forgedIfMeant(claim, proof)
  // Where every request has to get there, one that is refused breaks the claim just as well.
  if (claim.kind === 'never') return undecided(`is refused by a kfdoor gateway (${refused.reason})`)
  return { ...proof, got: { verdict: 'deny', reason: refused.reason } }
}

/** A claim about forgers alone is answered with a forger's request. */
function forgedIfMeant({ principal }: Claim, proof: Proof): Proof {
  if (principal?.every(isForgedName) !== true || proof.witness === undefined) return proof
  return { ...proof, principal: `${proof.principal}+forged`, witness: forgedTwin(proof.witness) }
}

const rank = { violated: 0, unknown: 1, holds: 2 } as const
const nobody = /^nobody in this YAML is /

function merged(one: Proof, other: Proof): Proof {
  const vacuous = (proof: Proof) => proof.outcome === 'unknown' && nobody.test(proof.reason ?? '')
  if (vacuous(other)) return one
  if (vacuous(one)) return other
  return rank[one.outcome] <= rank[other.outcome] ? one : other
}
