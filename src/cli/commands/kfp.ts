import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Door, Run } from '../../compose/client.ts'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'
import { shortTime, table } from '../kfp/table.ts'

type Common = DoorOptions & {
  readonly url?: string
  readonly output: 'table' | 'json'
  readonly namespace?: string
}

/** `kfdoor kfp runs list`, `kfdoor kfp runs create --pipeline train --wait` */
export const kfpCommand = (io: Io) => {
  const kfp = new Command('kfp')
    .summary('Pipelines behind a door: experiments, pipelines, runs')
    .description('Kubeflow Pipelines (v2beta1) behind the door you signed in to.')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor kfp health
  kfdoor kfp pipelines upload train.yaml
  kfdoor kfp runs create --pipeline train --param epochs=3 --wait
  kfdoor kfp runs list -o json`,
    )
  kfp.addCommand(
    leaf(
      io,
      'health',
      'whether Pipelines answers, and for whom',
      'kfdoor kfp health',
      async (door, options) => {
        const health = await door.kfp.health()
        if (options.output === 'json') return io.out(JSON.stringify(health))
        io.out(
          `Pipelines ${health.tag_name ?? ''} answers${health.multi_user ? ', for several users' : ', for a single user'}`,
        )
      },
    ),
  )
  kfp.addCommand(
    group('experiments', 'experiments of a namespace', [
      leaf(io, 'list', 'experiments of a namespace', 'kfdoor kfp experiments list', async (door, options) => {
        const namespace = await namespaceOf(door, options)
        const found = await door.kfp.experiments.list({ namespace })
        print(io, options, found, ['id', 'name', 'created'], (one) => [
          one.experiment_id,
          one.display_name,
          shortTime(one.created_at),
        ])
      }),
      leaf(
        io,
        'create <name>',
        'a new experiment',
        'kfdoor kfp experiments create nightly',
        async (door, options, [name = '']) => {
          const namespace = await namespaceOf(door, options)
          const made = await door.kfp.experiments.create({ displayName: name, namespace })
          io.out(options.output === 'json' ? JSON.stringify(made) : made.experiment_id)
        },
      ),
    ]),
  )
  kfp.addCommand(
    group('pipelines', 'pipelines that were uploaded', [
      leaf(
        io,
        'list',
        'pipelines, shared and of a namespace',
        'kfdoor kfp pipelines list',
        async (door, options) => {
          const found = await door.kfp.pipelines.list(
            options.namespace === undefined ? {} : { namespace: options.namespace },
          )
          print(io, options, found, ['id', 'name', 'created'], (one) => [
            one.pipeline_id,
            one.display_name,
            shortTime(one.created_at),
          ])
        },
      ),
      leaf(
        io,
        'upload <file>',
        'a compiled pipeline',
        'kfdoor kfp pipelines upload train.yaml --name train',
        async (door, options: Common & { name?: string }, [path = '']) => {
          const { readFileSync } = await import('node:fs')
          const { basename } = await import('node:path')
          let file: Buffer
          try {
            file = readFileSync(path)
          } catch (cause) {
            throw new Fault(
              'ERR_INPUT_UNREADABLE',
              { path, reason: 'there is no such file, or it may not be read' },
              { cause },
            )
          }
          const fileName = basename(path)
          const name = options.name ?? fileName.replace(/\.(ya?ml|zip|tar\.gz)$/, '')
          const given = options.namespace === undefined ? {} : { namespace: options.namespace }
          const made = await door.kfp.pipelines.upload({ name, file, fileName, ...given })
          io.out(options.output === 'json' ? JSON.stringify(made) : made.pipeline_id)
        },
        (command) => command.option('--name <name>', 'how it is called (default: the file’s name)'),
      ),
    ]),
  )
  kfp.addCommand(group('runs', 'runs of pipelines', runCommands(io)))
  kfp.addCommand(
    group('recurring-runs', 'runs on a schedule', [
      leaf(
        io,
        'list',
        'recurring runs of a namespace',
        'kfdoor kfp recurring-runs list',
        async (door, options) => {
          const namespace = await namespaceOf(door, options)
          const found = await door.kfp.recurringRuns.list({ namespace })
          print(io, options, found, ['id', 'name', 'status'], (one) => [
            one.recurring_run_id,
            one.display_name,
            one.status,
          ])
        },
      ),
    ]),
  )
  return kfp
}

interface CreateOptions extends Common {
  readonly pipeline?: string
  readonly file?: string
  readonly experiment?: string
  readonly name?: string
  readonly param?: readonly string[]
  readonly serviceAccount?: string
  readonly wait?: boolean
}

function runCommands(io: Io): Command[] {
  return [
    leaf(io, 'list', 'runs of a namespace', 'kfdoor kfp runs list', async (door, options) => {
      const namespace = await namespaceOf(door, options)
      const found = await door.kfp.runs.list({ namespace })
      print(io, options, found, ['id', 'name', 'state', 'created'], (one) => [
        one.run_id,
        one.display_name,
        one.state,
        shortTime(one.created_at),
      ])
    }),
    leaf(io, 'get <id>', 'one run', 'kfdoor kfp runs get ID -o json', async (door, options, [id = '']) => {
      show(io, options, await door.kfp.runs.get(id))
    }),
    leaf(
      io,
      'create',
      'start a pipeline',
      'kfdoor kfp runs create --pipeline train --param epochs=3 --wait',
      async (door, options: CreateOptions) => {
        const { createRun } = await import('../kfp/create-run.ts')
        const run = await createRun(door, options)
        if (options.wait) return waitFor(io, door, options, run.run_id)
        io.out(options.output === 'json' ? JSON.stringify(run) : run.run_id)
      },
      (command) =>
        command
          .option('--pipeline <name>', 'a pipeline that was uploaded, by name or id; its newest version')
          .option('--file <file>', 'a compiled pipeline (YAML) instead')
          .option('--experiment <name>', 'by name or id (default: `Default`)')
          .option('--name <name>', 'how the run is called')
          .option('--param <name=value...>', 'a parameter; JSON where it parses; repeatable')
          .option('--service-account <name>', 'what the run runs as')
          .option('--wait', 'until it has ended; exit 1 unless it succeeded'),
    ),
    leaf(
      io,
      'wait <id>',
      'until a run has ended; exit 1 unless it succeeded',
      'kfdoor kfp runs wait ID',
      async (door, options, [id = '']) => waitFor(io, door, options, id),
    ),
    leaf(
      io,
      'terminate <id>',
      'end a run',
      'kfdoor kfp runs terminate ID',
      async (door, _options, [id = '']) => {
        await door.kfp.runs.terminate(id)
        io.err(`asked ${id} to end`)
      },
    ),
    leaf(
      io,
      'logs-link <id>',
      'where a browser shows the run',
      'kfdoor kfp runs logs-link ID',
      async (door, _options, [id = '']) => {
        await door.kfp.runs.get(id)
        io.out(new URL(`pipeline/#/runs/details/${encodeURIComponent(id)}`, door.url).href)
      },
    ),
  ]
}

async function waitFor(io: Io, door: Door, options: Common, id: string): Promise<void> {
  const stop = new AbortController()
  const interrupted = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupted)
  try {
    const run = await door.kfp.runs.wait(id, {
      signal: stop.signal,
      onState: (now) => io.err(`${now.display_name}: ${now.state ?? 'PENDING'}`),
    })
    show(io, options, run)
    io.exit(run.state === 'SUCCEEDED' || run.state === 'SKIPPED' ? exitCode.ok : exitCode.no)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    io.err(`stopped waiting; the run goes on: \`kfdoor kfp runs wait ${id}\``)
    io.exit(exitCode.interrupted)
  } finally {
    process.off('SIGINT', interrupted)
  }
}

function show(io: Io, { output }: Common, run: Run): void {
  if (output === 'json') {
    io.out(JSON.stringify(run))
    return
  }
  const message =
    run.error?.message ?? run.state_history?.findLast(({ error }) => error?.message)?.error?.message
  io.out(`${run.run_id}   ${run.display_name}   ${run.state ?? 'PENDING'}${message ? `   ${message}` : ''}`)
}

function print<T>(
  io: Io,
  { output }: Common,
  found: readonly T[],
  head: readonly string[],
  row: (one: T) => readonly (string | undefined)[],
): void {
  if (output === 'json') io.out(JSON.stringify(found))
  else if (found.length === 0) io.err('there are none')
  else io.out(table(head, found.map(row)))
}

async function namespaceOf(door: Door, { namespace }: Common): Promise<string> {
  const { ownNamespace } = await import('../kfp/door.ts')
  return ownNamespace(door, namespace)
}

function group(name: string, summary: string, children: readonly Command[]): Command {
  const command = new Command(name).summary(summary)
  for (const child of children) command.addCommand(child)
  const shown = children.map((child) => `  kfdoor kfp ${name} ${child.name()}`)
  return command.addHelpText('after', `\nExamples:\n${shown.join('\n')}`)
}

/** One command that talks to a door: the options all of them have, and its work. */
function leaf<O extends Common>(
  io: Io,
  usage: string,
  summary: string,
  example: string,
  work: (door: Door, options: O, words: readonly string[]) => Promise<void>,
  more: (command: Command) => unknown = () => undefined,
): Command {
  const command = new Command(usage.split(' ')[0]).summary(summary) as Command
  for (const argument of usage.split(' ').slice(1)) command.argument(argument)
  withDoorOptions(command)
  command.option('--url <url>', 'a door by its address')
  command.option('-n, --namespace <name>', 'default: the one you own')
  command.addOption(
    new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'),
  )
  more(command)
  command.addHelpText('after', `\nExample:\n  ${example}`)
  command.action(async (...given: unknown[]) => {
    const words = given.slice(0, -2) as string[]
    const options = given.at(-2) as O
    const { withDoor } = await import('../kfp/door.ts')
    await withDoor(io, options, (door) => work(door, options, words))
  })
  return command
}
