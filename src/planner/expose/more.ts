/** Whether an exposure opens more than was asked for, decided over all requests. */
import type { Principal } from '../../policy/index.ts'
import { type AccessDiff, callerName, diffAccess } from '../../regions/index.ts'
import type { Change } from '../plan.ts'
import { meshAfter } from '../plan-of.ts'
import { refuse } from '../refuse.ts'
import { type ExposeAsk, granteeText } from './ask.ts'
import type { ExposeWorld } from './draft.ts'
import type { Exposure } from './objects.ts'

/** Compares all requests before and after: whoever gains and was not meant is a reason to refuse. */
export function refuseMore(
  world: ExposeWorld,
  { ask, target }: Exposure,
  changes: readonly Change[],
  principals: readonly Principal[],
): AccessDiff {
  const after = meshAfter(world.door, changes)
  const { now, mesh, view } = world
  const access = diffAccess(mesh, after, { now, old: view(mesh), new: view(after), principals })
  const meant = new Set(principals.map(callerName))
  const more = [...access.gained, ...access.changed].filter(
    ({ principal }) => !ask.public && !meant.has(principal) && !isTheSame(principal, ask),
  )
  if (more.length === 0) return access
  const reasons = more.map(
    ({ principal, witness, to }) =>
      `${principal} would get ${witness.method} ${witness.url} through too, to ${to.upstream ?? 'somewhere'}`,
  )
  return refuse(
    `expose ${target.name}`,
    [...new Set(reasons)].slice(0, 8),
    'name them with `--to` if they are meant',
  )
}

/** The same person with more groups, or the same account by another spelling of its issuer. */
function isTheSame(principal: string, ask: ExposeAsk): boolean {
  const plain = principal.replace(/\+forged$/, '')
  return ask.to.some((grantee) => {
    const text = granteeText(grantee)
    if (plain === text || plain.startsWith(`${text},groups=`)) return true
    if (grantee.kind === 'sa') return plain.startsWith(`${text},`) && plain.includes(`aud=${ask.audience}`)
    return (
      grantee.kind === 'group' && new RegExp(`,groups=(.*\\+)?${literal(grantee.name)}(\\+|$)`).test(plain)
    )
  })
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
