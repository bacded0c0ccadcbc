import { Fault, renderProblem } from '../../base/index.ts'
import { readInputs } from '../../compose/read-inputs.ts'
import { readRevision, revisionOf } from '../../compose/read-revision.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { type AccessDiff, diffAccess } from '../../regions/index.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import { asMarkdown, asTable } from './render.ts'
import { withWaysAround } from './ways-around.ts'

export interface DiffCommandOptions {
  readonly istioVersion?: string
  readonly failOn?: string
  readonly hardening?: string
  readonly output: string
}

const lists = ['gained', 'lost', 'changed', 'public', 'unreachable', 'deadRules', 'unknown'] as const
type List = (typeof lists)[number]

/** @throws Fault for whatever the question or the YAML has wrong, with its place */
export async function printDiff(
  io: Io,
  from: string,
  to: string,
  options: DiffCommandOptions,
): Promise<number> {
  const failing = options.failOn === undefined ? undefined : readLists(options.failOn)
  const [was, is] = [await readMesh(io, from), await readMesh(io, to)]
  progress(io, 'comparing what becomes of all requests')
  const ask =
    options.hardening === 'default'
      ? (await import('../../compose/hardened/diff.ts')).hardenedDiff
      : diffAccess
  const now = Date.now() / 1000
  const before = { mesh: was, view: viewOptions(was, options) }
  const after = { mesh: is, view: viewOptions(is, options) }
  const diff = withWaysAround(ask(was, is, { now, old: before.view, new: after.view }), before, after, now)
  const shown = { json: asJson, markdown: asMarkdown }[options.output]
  io.out(shown?.(diff) ?? asTable(diff, wantsColour(io, 'out')))
  const said = (list: List) => diff[list].length > 0
  const counted = failing ?? lists.filter((list) => list !== 'unknown')
  if (counted.some(said)) return exitCode.no
  return failing === undefined && said('unknown') ? exitCode.undecided : exitCode.ok
}

function asJson(diff: AccessDiff): string {
  return JSON.stringify({ apiVersion: 'kfdoor/v1alpha1', kind: 'AccessDiff', ...diff })
}

async function readMesh(io: Io, from: string): Promise<Mesh> {
  const revision = revisionOf(from)
  const inputs =
    revision === undefined ? await readInputs([from], () => io.readStdin()) : readRevision(revision)
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  return mesh
}

function readLists(text: string): readonly List[] {
  return text.split(',').map((word) => {
    const found = lists.find((list) => list === word.trim())
    if (found !== undefined) return found
    throw new Fault('ERR_USAGE', {
      message: `\`${word}\` is nothing a diff lists`,
      next: `use ${lists.join(', ')}`,
    })
  })
}
