import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'
import { exitOf } from './explain.ts'

/** `kfdoor can-i GET https://kubeflow.example.com/pipeline/ --as sa:team/default-editor -f mesh/ -q` */
export const canICommand = (io: Io) =>
  new Command('can-i')
    .summary('whether a request gets through: yes or no')
    .description(
      'Asks what `explain` asks and says only `yes`, `no` or `unknown`, with the reason. With `-q` nothing is printed and the exit code is the answer.',
    )
    .usage('[options] [METHOD] URL')
    .argument('[words...]', 'URL, METHOD URL, or a whole curl command after `--`')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', 'a snapshot of a cluster, instead of `-f` or beside it')
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option(
      '--as <principal>',
      'anonymous, user:EMAIL[,groups=a+b], sa:NS/NAME[,aud=A][,iss=I], mesh:NS/SA, outside; +forged on any',
      'anonymous',
    )
    .option('-H, --header <line>', 'a header to send, `Name: value`; repeatable', collect)
    .option('-d, --data <body>', 'a body to send')
    .option('--cert <spiffe>', 'the URI name of a client certificate, taken as trusted')
    .option('--answer <file>', "the providers' answers instead of what the principal implies: JSON, a list")
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .option('-q, --quiet', 'print nothing')
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `
Examples:
  kfdoor can-i https://localhost/pipeline/ --as user:user@example.com -f profile:26.03
  kfdoor can-i POST https://localhost/kfam/v1/bindings --as user:user@example.com -f profile:26.03 -q || echo closed

Exit codes: 0 yes, 1 no, 2 bad input, 6 unknown.`,
    )
    .action(async (words, options) => {
      const { explainOne } = await import('../explain/explain-one.ts')
      const answered = await explainOne(io, 'can-i', words, options)
      const { verdict, reason } = answered.result
      if (options.quiet !== true) {
        if (options.output === 'json') {
          const { asJson } = await import('../explain/as-json.ts')
          io.out(asJson(answered))
        } else {
          const { decidingStep } = await import('../explain/words.ts')
          const step = decidingStep(answered.result)
          const at = step?.at === undefined ? '' : `, ${step.at.file}:${step.at.line}`
          const said = verdict === 'allow' ? 'yes' : verdict === 'unknown' ? 'unknown' : `no - ${verdict}`
          io.out(verdict === 'allow' ? said : `${said} (${reason}${at})`)
        }
      }
      io.exit(exitOf(verdict))
    })
