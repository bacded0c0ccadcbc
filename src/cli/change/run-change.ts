/**
 * What every command does that changes a door: read it, ask the intent, make a plan, show it, and stop;
 * or write it somewhere, or carry it out. An intent is a pure function (`Intend`); see ARCHITECTURE.md.
 */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { Fault, renderProblem } from '../../base/index.ts'
import { readTexts } from '../../compose/change/read-texts.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import {
  type Intended,
  type KubeObject,
  objectText,
  type Plan,
  planOf,
  planText,
  type RawDoor,
  readRawDoor,
  textOf,
} from '../../planner/index.ts'
import type { ViewOptions } from '../../regions/index.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import { doorPaths } from '../read-door.ts'
import { carryOut, verifyWords } from './carry-out.ts'
import type { ChangeOptions } from './options.ts'
import { renderPlan } from './render-plan.ts'
import { checkVerifyWords } from './verify-words.ts'

/** What an intent is told of the door; all of it is data. */
export interface ChangeWorld {
  readonly door: RawDoor
  readonly mesh: Mesh
  /** Seconds since the epoch. */
  readonly now: number
  /** How proofs over all requests look at a mesh. */
  readonly view: (mesh: Mesh) => ViewOptions
}

export interface Change {
  /** First words of the plan's name. */
  readonly intent: string
  readonly subject: string
  /** As typed, without `kfdoor`; never a secret. */
  readonly words: readonly string[]
  readonly intend: (world: ChangeWorld) => Intended | Promise<Intended>
  /** Workloads of a cluster it edits. */
  readonly whole?: (object: KubeObject) => boolean
  /** What has to be in a cluster before, and may stand in no plan; run once all else was checked and agreed to. */
  readonly first?: () => Promise<void>
}

/**
 * Exit 0 = shown, written or applied; what is refused is a Fault with exit 2 and nothing written.
 *
 * @example
 * withChangeOptions(new Command('split-gateway')).action((options, command) =>
 *   runChange(io, command, options, { intent: 'split-gateway', subject: 'local', words: [], intend: splitGateway }))
 */
export async function runChange(
  io: Io,
  command: CommandUnknownOpts,
  options: ChangeOptions,
  change: Change,
): Promise<void> {
  const output = readOutput(command, options)
  if (options.dryRun !== undefined && !['client', 'server'].includes(options.dryRun)) {
    throw new Fault('ERR_USAGE', {
      message: `\`--dry-run ${options.dryRun}\` is neither client nor server`,
      next: 'choose one of them',
    })
  }
  const { verify, autoRollback, wait } = options
  if (!options.apply && (verify !== undefined || autoRollback || wait !== undefined)) {
    throw new Fault('ERR_USAGE', {
      message: '`--verify`, `--auto-rollback` and `--wait` are for what is applied',
      next: 'add `--apply`, or `kfdoor apply PLAN --verify URL`',
    })
  }
  checkVerifyWords(io, verifyWords(options), '--wait')
  const paths = doorPaths(options, io.env)
  if (paths.length === 0) {
    throw new Fault('ERR_USAGE', {
      message: `${change.intent} needs a door: \`-f PATH\`, or a cluster: \`--context NAME\``,
      next: `for example \`kfdoor ${change.intent} … -f profile:26.03\``,
    })
  }
  const { inputs, source, incomplete } = await readTexts(paths, () => io.readStdin(), {
    env: io.env,
    ...(change.whole !== undefined && { whole: change.whole }),
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
  })
  for (const words of incomplete) io.err(`not read: ${words}`)
  const { mesh, problems } = parseMesh(inputs)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Fault('ERR_MESH_INVALID', { problems: errors.map(renderProblem) })
  const world: ChangeWorld = {
    door: readRawDoor(inputs),
    mesh,
    now: Date.now() / 1000,
    view: (each) => viewOptions(each, options),
  }
  progress(io, 'looking for what has to change')
  const intended = await change.intend(world)
  if (intended.changes.length === 0) {
    if (options.apply && options.dryRun === undefined && source.kind === 'cluster') await change.first?.()
    for (const risk of intended.risks) io.err(risk)
    io.err('nothing has to change: the door does this already')
    // A file that a plan or YAML was asked for stays empty.
    const say = output.format === 'page' ? io.out : io.err
    for (const { title, text } of intended.callers) say(`${title}\n${text}`)
    return io.exit(exitCode.ok)
  }
  progress(io, 'comparing what becomes of all requests')
  const plan = planOf(world.door, intended, {
    intent: change.intent,
    subject: change.subject,
    command: ['kfdoor', ...change.words],
    source,
    now: world.now,
    view: world.view,
    writtenDown: !options.apply && (output.format === 'yaml' || output.format === 'kustomize'),
  })
  if (incomplete.length > 0) {
    const risk = `what could not be read may decide too: ${incomplete.join('; ')}`
    const told = { ...plan, spec: { ...plan.spec, risks: [...plan.spec.risks, risk] } }
    return finish(io, told, output, options, change.first)
  }
  return finish(io, plan, output, options, change.first)
}

async function finish(
  io: Io,
  plan: Plan,
  output: Output,
  options: ChangeOptions,
  first: Change['first'],
): Promise<void> {
  print(io, plan, output)
  if (output.format === 'kustomize') {
    const { writeComponent } = await import('../../compose/change/write-component.ts')
    for (const file of writeComponent(plan, output.folder)) io.err(`wrote ${file}`)
  }
  if (options.dryRun === 'client' || (!options.apply && options.dryRun === undefined)) {
    if (output.format === 'page') io.err(nextWords(plan))
    return io.exit(exitCode.ok)
  }
  await carryOut(io, plan, options, first)
  return io.exit(exitCode.ok)
}

function nextWords({ spec, metadata }: Plan): string {
  const kept = `keep it with \`-o plan > ${metadata.name}.yaml\``
  switch (spec.source.kind) {
    case 'files':
      return `nothing was written; add \`--apply\` to edit the files, or ${kept}`
    case 'cluster':
      return `nothing was written; add \`--apply\`, or ${kept} and \`kfdoor apply ${metadata.name}.yaml\``
    default:
      return `nothing was written; ${kept}, or write the objects with \`-o yaml\` or \`-o kustomize DIR\``
  }
}

type Output =
  | { readonly format: 'page' | 'plan' | 'json' | 'yaml' }
  | { readonly format: 'kustomize'; readonly folder: string }

/** `-o kustomize DIR` leaves the folder among the arguments; `-o kustomize=DIR` says it in one word. */
function readOutput(command: CommandUnknownOpts, { output }: ChangeOptions): Output {
  const extra = command.args.slice(command.registeredArguments.length)
  const [format = 'page', named] = (output ?? 'page').split(/=(.*)/s)
  const folder = named ?? extra.shift()
  const wrong = (message: string, next: string): never => {
    throw new Fault('ERR_USAGE', { message, next })
  }
  if (format === 'kustomize') {
    if (extra.length > 0) wrong(`\`${extra[0]}\` is one argument too many`, 'see `--help`')
    if (folder === undefined || folder === '') {
      return wrong('`-o kustomize` needs a folder', 'write `-o kustomize DIR`')
    }
    return { format, folder }
  }
  if (folder !== undefined) wrong(`\`${folder}\` is one argument too many`, 'see `--help`')
  if (format === 'page' || format === 'plan' || format === 'json' || format === 'yaml') return { format }
  return wrong(`\`-o ${format}\` is not known`, 'use plan, json, yaml or kustomize DIR')
}

function print(io: Io, plan: Plan, { format }: Output): void {
  if (format === 'page') io.out(renderPlan(plan, wantsColour(io, 'out')))
  else if (format === 'plan') io.out(planText(plan, 'yaml'))
  else if (format === 'json') io.out(planText(plan, 'json'))
  else if (format === 'yaml') {
    const objects = plan.spec.changes.flatMap((each) =>
      each.op === 'delete' ? [] : [objectText(each.after)],
    )
    io.out(objects.join('---\n'))
    for (const { op, object } of plan.spec.changes) {
      if (op === 'delete') io.err(`to be deleted: ${textOf(object)}`)
    }
  }
}
