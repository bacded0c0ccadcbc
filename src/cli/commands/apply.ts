import { Command, Option } from '@commander-js/extra-typings'
import type { ApplyWords } from '../change/run-apply.ts'
import { collect } from '../collect.ts'
import { withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** `kfdoor apply expose-iris-3f9a2c` */
export const applyCommand = (io: Io) =>
  withDoorOptions(
    new Command('apply')
      .summary('carry a plan out: everything is checked before the first write')
      .description(
        'Carries a plan out. Before the first write it asks the API server whether you may, whether every object is still what the plan was made from, who else keeps the fields, and what it would make of each write; if one answer is no, nothing is written. Every write carries the version it expects, stands in a journal before it is sent and after it is answered, and is undone by `kfdoor rollback`.',
      )
      .argument('<plan>', 'a plan file, or the name of a plan that is kept (`kfdoor plan list`)')
      .option(
        '-f, --filename <path>',
        'a plan for files writes only below this folder (default: the one you are in); repeatable',
        collect,
      )
      .option('--continue', 'go on where an interruption left off')
      .option('-y, --yes', 'do not ask')
      .addOption(
        new Option(
          '--dry-run <where>',
          'write nothing: only compare (client), or let the API server judge every write (server)',
        ).choices(['client', 'server'] as const),
      )
      .option('--force-conflicts', 'take fields from programs that may put them back')
      .option('--allow-kind <kind>', 'a kind no command of kfdoor writes, as Secret; repeatable', collect)
      .option('--context <name>', 'another kubeconfig context than the plan was made from')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
      .option('--kube-as <user>', 'impersonate this user at the API server')
      .option('--no-recheck', 'do not compare all requests again before the first write')
      .option('--verify <url>', "ask the live door the plan's own witnesses afterwards, as nobody and as you")
      .option(
        '--auto-rollback',
        'with --verify: undo the plan where the door lets through what it did not predict',
      )
      .option('--timeout <seconds>', 'how long to wait until controllers and the door have it', '60')
      .addOption(
        new Option('-o, --output <format>', 'text, json')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor apply plan.yaml --dry-run server
  kfdoor apply plan.yaml --yes
  kfdoor apply plan.yaml -f ../my-mesh
  kfdoor apply plan.yaml --yes --verify https://kubeflow.example.com --auto-rollback
  kfdoor apply expose-iris-3f9a2c --continue`,
    )
    .action(async (plan, options: ApplyWords) => {
      const { runApply } = await import('../change/run-apply.ts')
      io.exit(await runApply(io, plan, options))
    })
