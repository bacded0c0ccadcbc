/** Questions over a whole mesh, as the command line answers them, in a shape a page can be sent. */
import { type AroundRow, aroundRows } from '../../cli/map/around.ts'
import { viewOptions } from '../../cli/map/view-options.ts'
import { type CertificateLookup, type Finding, type LintResult, lint } from '../../lint/index.ts'
import { type AccessDiff, accessMap, diffAccess, type MapRow } from '../../regions/index.ts'
import type { OpenMesh } from './open-mesh.ts'

/** What is in the Secrets' certificates: `NS/NAME` → facts, or why they cannot be read. */
export type CertificateTable = Readonly<Record<string, ReturnType<CertificateLookup>>>

export type PlainRow = Omit<MapRow, 'outcome'>

export interface AccessMapped {
  readonly rows: readonly PlainRow[]
  readonly around: readonly AroundRow[]
}

export function mapOf({ mesh, door }: OpenMesh, now: number): AccessMapped {
  const rows = accessMap(mesh, { ...viewOptions(mesh), now }).map(
    ({ door: of, principal, route, verdict, reason, witness }) => ({
      door: of,
      principal,
      route,
      verdict,
      reason,
      witness,
    }),
  )
  return { rows, around: aroundRows(door) }
}

export function lintOf(
  { mesh, problems, inputs }: OpenMesh,
  now: number,
  certificates: CertificateTable,
): LintResult {
  const certificate: CertificateLookup = (namespace, name) => {
    if (mesh.secrets.length === 0) return null
    if (!mesh.secrets.some((one) => one.namespace === namespace && one.name === name)) return undefined
    const known = certificates[`${namespace}/${name}`]
    return known === undefined ? null : known
  }
  return lint({ mesh, problems, inputs, now, certificate })
}

export interface Change {
  readonly access: AccessDiff
  readonly findings: { readonly new: readonly Finding[]; readonly gone: readonly Finding[] }
}

export function changeOf(
  before: OpenMesh,
  after: OpenMesh,
  now: number,
  certificates: CertificateTable,
  progress: (looked: number) => void,
): Change {
  const access = diffAccess(before.mesh, after.mesh, {
    now,
    old: viewOptions(before.mesh),
    new: viewOptions(after.mesh),
    progress,
  })
  const [was, is] = [before, after].map((one) => lintOf(one, now, certificates).findings) as [
    readonly Finding[],
    readonly Finding[],
  ]
  return { access, findings: { new: without(is, was), gone: without(was, is) } }
}

/** Findings move with their lines; what they say is what makes them the same. */
function without(those: readonly Finding[], these: readonly Finding[]): readonly Finding[] {
  const named = ({ code, message, evidence }: Finding) =>
    JSON.stringify([code, message, evidence[0]?.at.file])
  const left = new Map<string, number>()
  for (const one of these) left.set(named(one), (left.get(named(one)) ?? 0) + 1)
  return those.filter((one) => {
    const count = left.get(named(one)) ?? 0
    left.set(named(one), count - 1)
    return count <= 0
  })
}
