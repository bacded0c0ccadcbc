/** Whether an exposure opens more than was asked for, decided over all requests. */
import { isSubset, type Mesh, workloadsOf } from '../../mesh/index.ts'
import { actAs, type Principal, parsePrincipal } from '../../policy/index.ts'
import { type AccessDiff, callerName, diffAccess } from '../../regions/index.ts'
import { withAnybody } from '../anybody.ts'
import type { Change } from '../plan.ts'
import { meshAfter } from '../plan-of.ts'
import { refuse } from '../refuse.ts'
import { type ExposeAsk, principalOf } from './ask.ts'
import type { ExposeWorld } from './draft.ts'
import type { Exposure } from './objects.ts'

type Difference = AccessDiff['gained'][number]

/**
 * Compares all requests before and after: whoever gains and was not meant is a reason to refuse, and so is
 * whatever is gained beside the thing itself.
 */
export function refuseMore(
  world: ExposeWorld,
  exposure: Exposure,
  {
    changes,
    principals,
    reached,
  }: {
    readonly changes: readonly Change[]
    readonly principals: readonly Principal[]
    /** Hosts of the Services behind the calls that were meant. */
    readonly reached: ReadonlySet<string>
  },
): AccessDiff {
  const after = meshAfter(world.door, changes)
  const { ask, target } = exposure
  const { now, mesh, view } = world
  const access = diffAccess(mesh, after, {
    now,
    old: view(mesh),
    new: view(after),
    principals: withAnybody(principals),
  })
  const meant = new Set(principals.map(callerName))
  const rows = [...access.gained, ...access.changed]
  const tokens = tokensMeant(after, exposure, now)
  const isTheSame = (name: string) => {
    const principal = parsePrincipal(name)
    return principal !== undefined && (isNamed(principal, ask) || tokens.has(tokenOf(after, principal, now)))
  }
  const others = rows.filter(({ principal }) => !ask.public && !meant.has(principal) && !isTheSame(principal))
  const own = new Set([...reached, ...servicesOf(after, target)])
  const beside = rows.filter((each) => !others.includes(each) && !own.has(serviceOf(each)))
  if (others.length + beside.length === 0) return access
  const reasons = [...others, ...beside].map(
    ({ principal, witness, to }) =>
      `${principal} would get ${witness.method} ${witness.url}${hostOf(witness)} through too, to ${to.upstream ?? 'somewhere'}`,
  )
  return refuse(
    `expose ${target.name}`,
    [...new Set(reasons)].slice(0, 8),
    others.length > 0 ? hint(exposure, others) : undefined,
  )
}

function hint({ ask, trust }: Exposure, others: readonly Difference[]): string {
  const byHeader = trust.people === undefined && ask.to.some(({ kind }) => kind !== 'sa')
  return byHeader && others.every(({ principal }) => /^(mesh:|outside)/.test(principal))
    ? 'this door hands people on by a header, which pods can make up: name service accounts instead, or move to oauth2-proxy'
    : 'name them with `--to` if they are meant'
}

/** Services whose pods are all the thing's own. */
function servicesOf(mesh: Mesh, { namespace, selector }: Exposure['target']): readonly string[] {
  return mesh.services.flatMap((service) => {
    const pods = service.namespace === namespace ? workloadsOf(service, mesh.workloads) : []
    const own = pods.length > 0 && pods.every(({ podLabels }) => isSubset(selector, podLabels))
    return own ? [`${service.name}.${namespace}.svc.cluster.local`] : []
  })
}

/** Inside the mesh the last proxy is the pod's own, and the URL names the Service. */
function serviceOf({ to, witness }: Difference): string {
  const upstream = to.upstream ?? ''
  if (!upstream.startsWith('inbound|')) return upstream.slice(upstream.lastIndexOf('|') + 1)
  return /^https?:\/\/([^/:]*)/.exec(witness.url)?.[1] ?? ''
}

function hostOf({ headers }: Difference['witness']): string {
  const [, host] = headers.find(([name]) => name === 'host') ?? []
  return host === undefined ? '' : ` (Host: ${host})`
}

/** The same person with other groups, or another member of a group. */
function isNamed(principal: Principal, { to }: ExposeAsk): boolean {
  if (principal.kind !== 'user') return false
  return to.some(
    (grantee) =>
      (grantee.kind === 'user' && grantee.email === principal.email) ||
      (grantee.kind === 'group' && principal.groups.includes(grantee.name)),
  )
}

/** An account has many names, for audience and issuer may be left to the door: what it brings says who it is. */
function tokensMeant(mesh: Mesh, { ask, trust }: Exposure, now: number): ReadonlySet<string | undefined> {
  const accounts = ask.to.filter(({ kind }) => kind === 'sa')
  return new Set(
    accounts.flatMap((grantee) =>
      trust.accounts.map((issuer) => tokenOf(mesh, principalOf(grantee, ask, issuer), now)),
    ),
  )
}

function tokenOf(mesh: Mesh, principal: Principal, now: number): string | undefined {
  return actAs(mesh, principal, now).headers.find(([name]) => name === 'authorization')?.[1]
}
