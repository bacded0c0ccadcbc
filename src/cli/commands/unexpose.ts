import { Command } from '@commander-js/extra-typings'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import type { Io } from '../io.ts'
import { wordsOf } from './expose.ts'

/** `kfdoor unexpose iris` */
export const unexposeCommand = (io: Io) =>
  withChangeOptions(
    new Command('unexpose')
      .summary('take back what `kfdoor expose` opened, found by what it left on its objects')
      .argument('<what>', 'MODEL, NAMESPACE/MODEL, notebook/NAME, service/NAME, pipelines')
      .option('-n, --namespace <name>', 'where it is, if two of that name are exposed'),
  )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor unexpose sklearn-iris -f mesh/
  kfdoor unexpose notebook/my-notebook --context production --apply`,
    )
    .action(async (what, options, command) => {
      const { readSubject } = await import('../change/read-expose.ts')
      const { runChange } = await import('../change/run-change.ts')
      const { unexpose } = await import('../../planner/index.ts')
      const { namespace } = options
      const subject =
        what === 'pipelines'
          ? { kind: what, name: what, ...(namespace !== undefined && { namespace }) }
          : readSubject(what, namespace)
      await runChange(io, command, command.opts() as ChangeOptions, {
        intent: 'unexpose',
        subject: subject.name,
        words: wordsOf('unexpose', what, options),
        intend: ({ door }) => unexpose(door, subject),
      })
    })
