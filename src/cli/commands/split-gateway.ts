import { Command } from '@commander-js/extra-typings'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { typed } from '../change/typed.ts'
import type { Io } from '../io.ts'

/** `kfdoor split-gateway -f my-mesh/` */
export const splitGatewayCommand = (io: Io) =>
  withChangeOptions(
    new Command('split-gateway')
      .summary('the local gateway on pods of its own, so that calls inside meet no sign-in')
      .description(
        'Where the Gateway for calls inside the cluster selects the door’s own pods, whatever asks for a sign-in there asks those calls too. This gives it pods of its own (Kubeflow’s cluster-local-gateway where that is installed), and changes no policy.',
      )
      .option('--gateway <ns/name>', 'the door; default: kubeflow/kubeflow-gateway')
      .option('--local <ns/name>', 'the Gateway for calls inside; default: KServe’s'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor split-gateway -f my-mesh/\n  kfdoor split-gateway --context prod --apply',
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const { splitGateway } = await import('../../planner/index.ts')
      const { runChange } = await import('../change/run-change.ts')
      const { gateway, local } = change
      const ask = { ...(gateway !== undefined && { gateway }), ...(local !== undefined && { local }) }
      await runChange(io, command, change, {
        intent: 'split-gateway',
        subject: local ?? 'local',
        words: ['split-gateway', ...typed({ gateway, local })],
        intend: (world) => splitGateway(world, ask),
      })
    })
