import { questionCommand } from '../explain/question-command.ts'
import type { Io } from '../io.ts'
import { exitOf } from './explain.ts'

/** `kfdoor can-i GET https://kubeflow.example.com/pipeline/ --as sa:team/default-editor -f mesh/ -q` */
export const canICommand = (io: Io) =>
  questionCommand('can-i')
    .summary('whether a request gets through: yes or no')
    .description(
      'Asks what `explain` asks and says only `yes`, `no` or `unknown`, with the reason. With `-q` nothing is printed and the exit code is the answer.',
    )
    .usage('[options] [METHOD] URL')
    .option('-q, --quiet', 'print nothing')
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
