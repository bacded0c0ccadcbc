import { Command, Option } from '@commander-js/extra-typings'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'

/** `kfdoor diff profile:v1.8 profile:26.03` */
export const diffCommand = (io: Io) =>
  new Command('diff')
    .summary('who gains and who loses between two doors, each with a request that shows it')
    .description(
      'Compares what becomes of all requests, from everybody found in either YAML. "No difference" is decided over all requests, not tried on some. Calls to a pod by its address, and names only DNS or a ServiceEntry knows, are not among them. Exits 1 where there is one, 6 where it cannot be decided.',
    )
    .argument(
      '<old>',
      'file, folder, snapshot, `-`, profile:v1.8, cluster:CONTEXT, or REVISION:PATH of this Git repository',
    )
    .argument('<new>', 'the same')
    .option(
      '--fail-on <lists>',
      'exit 1 only for these: gained,lost,changed,public,unreachable,deadRules,unknown',
    )
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read both as this Istio does (default: each one's istiod's image)")
    .addOption(
      new Option('-o, --output <format>', 'table, json, markdown')
        .choices(['table', 'json', 'markdown'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor diff profile:v1.8 profile:26.03
  kfdoor diff HEAD:mesh mesh --fail-on gained,public
  kfdoor diff before.yaml after.yaml -o json
  kfdoor diff HEAD~1:mesh mesh -o markdown >> "$GITHUB_STEP_SUMMARY"`,
    )
    .action(async (before, after, options) => {
      const { printDiff } = await import('../diff/print-diff.ts')
      io.exit(await printDiff(io, before, after, options))
    })
