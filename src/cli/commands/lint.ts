import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'

/** `kfdoor lint -f my-mesh/`, `kfdoor analyze -f profile:26.03` */
export const lintCommand = (io: Io) =>
  new Command('lint')
    .summary('findings in the YAML of a door: what is open, dead, or not what it looks like')
    .description(
      'Reads the YAML of a door and says what is wrong with it, each finding with a code, a line, and what to do. Nothing is sent anywhere.',
    )
    .option('-f, --filename <path...>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable')
    .option('--snapshot <file>', 'a snapshot of a cluster’s door')
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json', 'sarif', 'junit', 'github'] as const)
        .default('text' as const),
    )
    .addOption(
      new Option('--failure-threshold <severity>', 'exit 1 from this severity on')
        .choices(['error', 'warning', 'info', 'never'] as const)
        .default('warning' as const),
    )
    .option('--suppress <code=reason...>', 'leave a code out, with the reason: KFD0214="upstream writes it"')
    .option(
      '--deep',
      'also rules no request can meet, and rules and routes another one leaves nothing to; takes longer',
    )
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addHelpText(
      'after',
      `
In a file, \`# kfdoor:ignore KFD0215 the reason\` on a line, or up to three lines above it, suppresses
one finding there.

Examples:
  kfdoor lint -f my-mesh/
  kfdoor lint -f profile:26.03 --failure-threshold error
  kfdoor lint -f my-mesh/ --deep
  kfdoor lint -f my-mesh/ -o sarif > kfdoor.sarif
  kubectl get gateway,virtualservice,authorizationpolicy -A -o yaml | kfdoor lint -f -`,
    )
    .action(async (options) => {
      const { doorPaths } = await import('../read-door.ts')
      const paths = doorPaths(options, io.env)
      if (paths.length === 0) {
        throw new Fault('ERR_USAGE', {
          message: 'lint needs a door: `-f PATH`, or a cluster: `--context NAME`',
          next: 'for example `kfdoor lint -f profile:26.03`',
        })
      }
      const without = (options.suppress ?? []).map(readSuppression)
      const { allRules } = await import('../../lint/index.ts')
      for (const { code } of without) {
        if (allRules.some((rule) => rule.code === code)) continue
        throw new Fault('ERR_USAGE', {
          message: `\`${code}\` is no finding of lint, so nothing is suppressed by it`,
          next: 'codes stand beside the findings, and in docs/findings.md',
        })
      }
      const { lintPaths } = await import('../lint/lint-paths.ts')
      const failed = await lintPaths(io, paths, {
        output: options.output,
        threshold: options.failureThreshold,
        without,
        deep: options.deep === true,
        colour: wantsColour(io, 'out'),
        ...(options.istioVersion !== undefined && { istioVersion: options.istioVersion }),
        ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
      })
      io.exit(failed ? exitCode.no : exitCode.ok)
    })

function readSuppression(text: string): { readonly code: string; readonly reason: string } {
  const found = /^(KFD\d{4})=(.*\S.*)$/i.exec(text)
  if (found === null) {
    throw new Fault('ERR_USAGE', {
      message: `\`${text}\` suppresses nothing: a code and a reason are needed`,
      next: 'write --suppress KFD0214="the reason"',
    })
  }
  return { code: (found[1] as string).toUpperCase(), reason: found[2] as string }
}
