/** What a plan predicts, from the door as it is at this moment and not when the plan was made. */
import { Fault, isFault } from '../../base/index.ts'
import type { KubeObject } from '../../kube/index.ts'
import { type Mesh, type MeshInput, parseMesh } from '../../mesh/index.ts'
import {
  applyChanges,
  fileNameOf,
  keyOf,
  type Plan,
  readRawDoor,
  textOf,
  withAnybody,
} from '../../planner/index.ts'
import { type Principal, parsePrincipal } from '../../policy/index.ts'
import {
  type AccessDiff,
  callerName,
  type Difference,
  diffAccess,
  findPrincipals,
  type ViewOptions,
} from '../../regions/index.ts'
import { differing, essence } from './compare.ts'
import { checkServer } from './open-place.ts'
import { readTexts } from './read-texts.ts'

export interface PredictedDoor {
  readonly before: Mesh
  readonly after: Mesh
  /** What could not be read, and may decide too. */
  readonly incomplete: readonly string[]
}

interface Which {
  readonly kubeconfig?: string
  readonly context?: string
  /** `--kube-as` */
  readonly as?: string
}
type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the plan's source anew and makes its changes on paper.
 *
 * @throws Fault ERR_PLAN_STALE, ERR_PLAN_ELSEWHERE, and those of reading
 */
export async function predictedDoor(plan: Plan, env: Environment, which: Which): Promise<PredictedDoor> {
  const { inputs, incomplete } = await readSource(plan, env, which)
  try {
    const after = applyChanges(inputs, plan.spec.changes, fileNameOf(plan.metadata.name))
    return { before: parseMesh(inputs).mesh, after: parseMesh(after).mesh, incomplete }
  } catch (error) {
    if (!isFault(error) || error.code !== 'ERR_OBJECT_CHANGED') throw error
    const objects = [`${error.facts.object}: ${whatMoved(plan, inputs, error.facts)}`]
    throw new Fault('ERR_PLAN_STALE', { plan: plan.metadata.name, objects, begun: false }, { cause: error })
  }
}

/** Where the object differs, in place of that it does. */
function whatMoved(
  { spec: { changes } }: Plan,
  inputs: readonly MeshInput[],
  { object, reason }: { readonly object: string; readonly reason: string },
): string {
  const change = changes.find((each) => textOf(each.object) === object)
  const now = readRawDoor(inputs).objects.find(({ name }) => textOf(name) === object)
  if (change === undefined || change.op === 'create' || now === undefined) return reason
  return differing(essence(change.before), essence(now.object)).join(', ') || reason
}

/** The plan's source as it is now. @throws Fault of reading */
export async function doorNow(plan: Plan, env: Environment, which: Which): Promise<Mesh> {
  return parseMesh((await readSource(plan, env, which)).inputs).mesh
}

/** Workloads a plan edits, which have to be read as whole as they were when it was made. */
export function editedBy({ spec }: Plan): (object: KubeObject) => boolean {
  const edited = new Set(spec.changes.flatMap(({ op, object }) => (op === 'update' ? [keyOf(object)] : [])))
  return ({ apiVersion, kind, metadata }) => {
    const { namespace, name } = metadata as { readonly namespace?: string; readonly name: string }
    const named = { apiVersion: String(apiVersion), kind: String(kind), name }
    return edited.has(keyOf(namespace === undefined ? named : { ...named, namespace }))
  }
}

async function readSource(plan: Plan, env: Environment, { kubeconfig, context, as }: Which) {
  const { source } = plan.spec
  const made = source.kind === 'cluster' ? source.context : ''
  const paths = source.kind === 'files' ? source.paths : [`cluster:${context ?? made}`]
  const read = await readTexts(paths, async () => '', {
    env,
    whole: editedBy(plan),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(as !== undefined && { as }),
  })
  if (read.source.kind === 'cluster') checkServer(plan, read.source.server)
  return read
}

/**
 * Whether the plan still lets the same people through to the same places: other objects than those it
 * changes decide about that too, and may have changed since.
 *
 * @throws Fault ERR_PLAN_STALE
 */
export function checkAccess(
  plan: Plan,
  { before, after }: PredictedDoor,
  { now, view }: { readonly now: number; readonly view: (mesh: Mesh) => ViewOptions },
): void {
  const access = diffAccess(before, after, {
    now,
    old: view(before),
    new: view(after),
    principals: withAnybody(namedBy(plan, [before, after])),
  })
  const [was, is] = [keysOf(plan.spec.access), keysOf(access)]
  const moved = [
    ...[...is].filter((key) => !was.has(key)).map((key) => `${key}, which the plan does not say`),
    ...[...was].filter((key) => !is.has(key)).map((key) => `${key}, as the plan says, and no longer`),
  ]
  if (moved.length > 0) {
    throw new Fault('ERR_PLAN_STALE', { plan: plan.metadata.name, objects: moved.slice(0, 10), begun: false })
  }
}

/** Whom the plan speaks of and who does not stand in the door's own objects. */
function namedBy({ spec: { access } }: Plan, doors: readonly Mesh[]): readonly Principal[] {
  const { gained, lost, changed } = access
  const names = new Set([...gained, ...lost, ...changed].map(({ principal }) => principal))
  for (const found of doors.flatMap(findPrincipals)) names.delete(callerName(found))
  return [...names].flatMap((name) => parsePrincipal(name) ?? [])
}

function keysOf(access: AccessDiff): ReadonlySet<string> {
  const lists = [
    ['gains', access.gained],
    ['loses', access.lost],
    ['goes elsewhere', access.changed],
  ] as const
  const fate = ({ verdict, upstream }: Difference['from']) =>
    verdict === 'allow' ? (upstream ?? verdict) : verdict
  return new Set(
    lists.flatMap(([word, list]) =>
      list.map(({ principal, from, to }) => `${principal} ${word}: ${fate(from)} → ${fate(to)}`),
    ),
  )
}
