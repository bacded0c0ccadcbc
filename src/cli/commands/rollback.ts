import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** `kfdoor rollback expose-iris-3f9a2c` */
export const rollbackCommand = (io: Io) =>
  withDoorOptions(new Command('rollback'))
    .summary('undo what is applied of a plan, last write first')
    .description(
      'Puts every object back as it stood before the plan: spec, labels, annotations, and who manages its fields. What somebody changed since is shown and left alone; --force puts the former state over it. On another machine than the plan was applied from, give its file: what it did is read from the cluster.',
    )
    .argument('<plan>', 'a plan file, or the name of a plan that was applied (`kfdoor plan list`)')
    .option('-y, --yes', 'do not ask')
    .option('--force', 'give up what others changed since')
    .option('--allow-kind <kind>', 'a kind no command of kfdoor writes, as Secret; repeatable', collect)
    .option(
      '--verify <url>',
      "ask the live door the plan's own witnesses afterwards: nobody gains by undoing it",
    )
    .option('--timeout <seconds>', 'how long to wait until the door has it', '60')
    .option('--context <name>', 'another kubeconfig context than the plan was made from')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--kube-as <user>', 'impersonate this user at the API server')
    .addOption(
      new Option('-o, --output <format>', 'text, json')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor rollback expose-iris-3f9a2c
  kfdoor rollback plan.yaml --yes
  kfdoor rollback plan.yaml --yes --verify https://kubeflow.example.com`,
    )
    .action(async (plan, options) => {
      const { runRollback } = await import('../change/run-rollback.ts')
      io.exit(await runRollback(io, plan, options))
    })
