import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'

/** `kfdoor who-can GET https://kubeflow.example.com/pipeline/ -f mesh/` */
export const whoCanCommand = (io: Io) =>
  new Command('who-can')
    .summary('who gets there: what one request comes to for everybody found in the YAML')
    .argument('[words...]', '[METHOD] URL; GET without it')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--as <principal>', 'only this caller instead of those found; repeatable', collect)
    .option('-H, --header <line>', 'a header to send, `Name: value`; repeatable', collect)
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `
Exits 0 if somebody gets there, 1 if nobody does, 6 if that cannot be decided.

Examples:
  kfdoor who-can GET https://localhost/notebook/kubeflow-user-example-com/my-notebook/ -f profile:26.03
  kfdoor who-can http://ml-pipeline.kubeflow:8888/apis/v2beta1/runs -f mesh/ -o json`,
    )
    .action(async (words, options) => {
      const { printWhoCan } = await import('../who/who-can.ts')
      io.exit(await printWhoCan(io, words, options))
    })
