import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'

/** `kfdoor what-can user:user@example.com -f mesh/` */
export const whatCanCommand = (io: Io) =>
  new Command('what-can')
    .summary('what somebody reaches: every route that is open to one caller')
    .argument(
      '<principal>',
      'anonymous, user:EMAIL[,groups=a+b], sa:NS/NAME, mesh:NS/SA, outside; +forged on any',
    )
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--all', 'also what is closed, and why')
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `
Exits 0 if something is open, 1 if nothing is, 6 if that cannot be decided.

Examples:
  kfdoor what-can anonymous -f profile:26.03
  kfdoor what-can mesh:kubeflow-user-example-com/default-editor+forged -f mesh/`,
    )
    .action(async (principal, options) => {
      const { printWhatCan } = await import('../who/what-can.ts')
      io.exit(await printWhatCan(io, principal, options))
    })
