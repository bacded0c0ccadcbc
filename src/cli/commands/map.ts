import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor map profile:26.03` */
export const mapCommand = (io: Io) =>
  new Command('map')
    .summary('who reaches what: every route of a door, and what becomes of everybody on it')
    .description(
      'Answers over all requests, not samples: every route and every kind of caller, with the smallest request that shows the outcome. Callers are found in the YAML: nobody known, the people of Profiles and bindings, service accounts with good and bad tokens, pods with and without a sidecar, each also with a forged identity header. Not on the map: calls to a pod by its address, and names only DNS or a ServiceEntry knows.',
    )
    .argument('[door]', 'the same as with -f')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--as <principal>', 'only this caller instead of those found; repeatable', collect)
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(
      new Option('-o, --output <format>', 'table, json, csv, markdown, html')
        .choices(['table', 'json', 'csv', 'markdown', 'html'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor map profile:26.03
  kfdoor map -f mesh/ --as anonymous --as anonymous+forged
  kfdoor map -f mesh/ -o html > map.html`,
    )
    .action(async (door, { filename = [], ...options }) => {
      const { printMap } = await import('../map/print-map.ts')
      const files = door === undefined ? filename : [door, ...filename]
      await printMap(io, { ...options, ...(files.length > 0 && { filename: files }) })
      io.exit(exitCode.ok)
    })
