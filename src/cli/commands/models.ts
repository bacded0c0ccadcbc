import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** `kfdoor models -f mesh/`, `kfdoor models --door work` */
export const modelsCommand = (io: Io) =>
  withDoorOptions(
    new Command('models')
      .summary('every model, its URLs, who reaches it')
      .description(
        'From YAML, a snapshot or a cluster: every InferenceService, each address a gateway or the mesh gives it, and who gets an answer to the request a client asks it with. From a door signed in to: the models of your namespaces, how the door routes to each, and whether it answers you.',
      )
      .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
      .option('--snapshot <file>', "a cluster's door as one file")
      .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
      .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
      .option('--url <url>', 'a live door by its address')
      .option('-n, --namespace <name>', 'only models of this namespace')
      .addOption(
        new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'),
      ),
  )
    .addHelpText(
      'after',
      `
Exits 0 if there are models, 1 if there are none.

Examples:
  kfdoor models -f profile:26.03
  kfdoor models --context prod -n team -o json
  kfdoor models --door work`,
    )
    .action(async (given) => {
      // Options that a helper adds are not in commander's type.
      const options: typeof given & DoorOptions = given
      const { printModels } = await import('../models/print-models.ts')
      io.exit(await printModels(io, options))
    })
