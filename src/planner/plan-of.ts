/** From what an intent wants to a plan: the order, who gains and loses, what lint says, what is risky. */
import { Fault, type Problem, renderProblem } from '../base/index.ts'
import { type CertificateLookup, type Finding, lint } from '../lint/index.ts'
import { type Mesh, type MeshInput, parseMesh } from '../mesh/index.ts'
import { Doors, type Seen, type ViewOptions } from '../regions/index.ts'
import { withAnybody } from './anybody.ts'
import { applyChanges } from './apply-changes.ts'
import { managedByOthers } from './changes.ts'
import { compare, orderChanges } from './order.ts'
import type { Change, FindingLine, Intended, Plan, PlanSource } from './plan.ts'
import { planName } from './plan-name.ts'
import { keyOf, type RawDoor } from './raw-door.ts'

export interface PlanOptions {
  /** First words of its name: `expose`, `iris`. */
  readonly intent: string
  readonly subject: string
  /** The command line that asked for it, without secrets. */
  readonly command: readonly string[]
  readonly source: PlanSource
  /** Seconds since the epoch. */
  readonly now: number
  /** How commands over all requests look at a mesh. */
  readonly view: (mesh: Mesh) => ViewOptions
  readonly certificate?: (mesh: Mesh) => CertificateLookup
  /** What is known of this door's requests already. */
  readonly doors?: Doors
  /** Nothing is changed from here: the objects go to whoever keeps them, as text. */
  readonly writtenDown?: boolean
}

/**
 * @example
 * const plan = planOf(readRawDoor(inputs), intended, { intent: 'expose', subject: 'iris', … })
 *
 * @throws Fault ERR_MANAGED_ELSEWHERE, ERR_OBJECT_CHANGED; ERR_MESH_INVALID where the door after it could not be read
 */
export function planOf(door: RawDoor, intended: Intended, options: PlanOptions): Plan {
  const others = managedByOthers(intended.changes)
  if (others.length > 0 && !options.writtenDown) throw new Fault('ERR_MANAGED_ELSEWHERE', { objects: others })
  const name = planName(options.intent, options.subject, intended.changes, options.source)
  const read = new Map<string, Read>()
  const doorWith = (changes: readonly Change[]) => {
    const key = changes
      .map(({ object }) => keyOf(object))
      .sort()
      .join('\n')
    const seen = read.get(key) ?? seenWith(door.inputs, changes, fileNameOf(name), options)
    read.set(key, seen)
    return seen
  }
  const question = {
    now: options.now,
    doors: options.doors ?? new Doors(),
    ...(intended.principals && { principals: withAnybody(intended.principals) }),
  }
  const before = doorWith([])
  const { changes, excess } = orderChanges(intended.changes, { ...question, doorWith })
  const after = doorWith(changes)
  refuseBroken(before.problems, after.problems)
  const access = intended.access ?? compare(before, after, question)
  const moment =
    excess === undefined
      ? []
      : [
          `after change ${excess.afterChange} and until the last one, ${excess.principal} gets ${excess.witness.method} ${excess.witness.url} through${excess.upstream === undefined ? ', or nobody can tell' : ''}, which neither the door before nor the door after lets through`,
        ]
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Plan',
    metadata: { name, createdAt: new Date(options.now * 1000).toISOString() },
    spec: {
      command: options.command,
      source: options.source,
      changes,
      access,
      findings: compareFindings(findingsOf(before, options), findingsOf(after, options)),
      risks: [
        ...intended.risks,
        ...others.map(
          ({ object, manager }) => `${object} is kept by ${manager}; the change has to be made there`,
        ),
        ...moment,
      ],
      callers: intended.callers,
    },
  }
}

/** `kfdoor-expose-iris-3f9a2c.yaml`, where new objects of a plan are written. */
export function fileNameOf(plan: string): string {
  return `kfdoor-${plan}.yaml`
}

interface Read extends Seen {
  readonly problems: readonly Problem[]
  readonly inputs: readonly MeshInput[]
}

function seenWith(
  inputs: readonly MeshInput[],
  changes: readonly Change[],
  newFile: string,
  options: Pick<PlanOptions, 'view'>,
): Read {
  const texts = applyChanges(inputs, changes, newFile)
  const { mesh: read, problems } = parseMesh(texts)
  const mesh = youngest(read, newFile)
  return { mesh, view: options.view(mesh), problems, inputs: texts }
}

/** The door an intent would see after changes; for proofs before a plan is made of them. */
export function meshAfter(door: RawDoor, changes: readonly Change[]): Mesh {
  const file = fileNameOf('new')
  return youngest(parseMesh(applyChanges(door.inputs, changes, file)).mesh, file)
}

/** What a plan makes is younger than everything that is there: of two routes alike, the older one wins. */
function youngest(mesh: Mesh, file: string): Mesh {
  const createdAt = Number.MAX_SAFE_INTEGER
  const aged = (each: unknown) => {
    const object = (each ?? {}) as { readonly at?: { readonly file: string }; readonly createdAt?: number }
    return object.at?.file === file && object.createdAt === undefined ? { ...object, createdAt } : each
  }
  const entries = Object.entries(mesh).map(([key, all]) => [key, Array.isArray(all) ? all.map(aged) : all])
  return Object.fromEntries(entries) as Mesh
}

/** What Istio would not take is a bug of the intent, and must not be written. */
function refuseBroken(before: readonly Problem[], after: readonly Problem[]): void {
  const known = new Set(before.map(({ message }) => message))
  const fresh = after.filter(({ severity, message }) => severity === 'error' && !known.has(message))
  if (fresh.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: fresh.map(renderProblem) })
}

function findingsOf({ mesh, problems, inputs }: Read, options: PlanOptions): readonly Finding[] {
  const certificate = options.certificate?.(mesh)
  return lint({ mesh, problems, inputs, now: options.now, ...(certificate && { certificate }) }).findings
}

/** Findings of one and not of the other, by what they say; the line they stand on may have moved. */
function compareFindings(
  before: readonly Finding[],
  after: readonly Finding[],
): { readonly new: readonly FindingLine[]; readonly gone: readonly FindingLine[] } {
  const keyOf = ({ code, message }: Finding) => `${code} ${message}`
  const beyond = (list: readonly Finding[], other: readonly Finding[]) => {
    const known = new Set(other.map(keyOf))
    return list.filter((each) => !known.has(keyOf(each))).map(lineOf)
  }
  return { new: beyond(after, before), gone: beyond(before, after) }
}

function lineOf({ code, severity, message, evidence }: Finding): FindingLine {
  const at = evidence[0]?.at
  return { code, severity, object: at === undefined ? '' : `${at.file}:${at.line}`, message }
}
