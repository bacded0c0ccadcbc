import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { afterDashes } from '../after-dashes.ts'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor why 'Jwt issuer is not configured'`, `kubectl logs … | kfdoor why`, `kfdoor why -- python train.py` */
export const whyCommand = (io: Io) =>
  withDoorOptions(new Command('why'))
    .summary('an error text, or a command that fails at a door: what caused it, what to do')
    .usage("[options] 'TEXT'\n       kfdoor why [options] -- COMMAND [WORDS…]")
    .argument('[text...]', 'what you saw: an error, a log line, a page, what curl -i printed; else stdin')
    .option('-o, --output <format>', 'text, json', 'text')
    .option('--lang <language>', 'en, ko (default: from LANG)')
    .option('--url <url>', 'with a command: a door by its address')
    .option('--record <file>', 'with a command: keep what was seen, redacted, mode 0600')
    .addHelpText(
      'after',
      `
With a text nothing is sent anywhere. A command is run as \`kfdoor exec\` runs it, and its exit code kept;
of what goes through only method, path without query, status, a few headers and refused answers are
remembered, until it ends. No credential in the text is repeated: of a token only issuer,
audience and expiry are read, on this computer.

Examples:
  kfdoor why 'Jwt issuer is not configured'
  curl -si https://HOST/pipeline/apis/v2beta1/healthz | kfdoor why
  kfdoor why --lang ko < error.log
  kfdoor why -- python train.py`,
    )
    .action(async (words, given, command) => {
      // Options that a helper adds are not in commander's type.
      const options: typeof given & DoorOptions = given
      const language = languageOf(options.lang, io.env)
      if (options.output !== 'text' && options.output !== 'json') {
        throw new Fault('ERR_USAGE', {
          message: `\`${options.output}\` is no output format`,
          next: 'use text or json',
        })
      }
      const run = afterDashes(command)
      if (run !== undefined && run.length > 0) {
        const { whyRun } = await import('../why-run.ts')
        return whyRun(io, run, { ...options, output: options.output, language })
      }
      const pasted = words.join(' ')
      if (pasted.trim() === '' && io.tty.in) {
        throw new Fault('ERR_USAGE', {
          message: 'there is no text to look at',
          next: "say `kfdoor why 'TEXT'`, or pipe a log into it",
        })
      }
      const text = pasted.trim() === '' || pasted === '-' ? await io.readStdin() : pasted
      const { recognise } = await import('../../doctor/index.ts')
      const { renderWhy, whyAsJson } = await import('./render-why.ts')
      const found = recognise(text)
      const now = Date.now()
      io.out(
        options.output === 'json'
          ? JSON.stringify(whyAsJson(found, language, now))
          : renderWhy(found, language, now),
      )
      io.exit(found.matches.length > 0 ? exitCode.ok : exitCode.no)
    })

function languageOf(asked: string | undefined, env: Io['env']): 'en' | 'ko' {
  if (asked === 'en' || asked === 'ko') return asked
  if (asked !== undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`${asked}\` is no language kfdoor speaks`,
      next: 'use en or ko',
    })
  }
  // POSIX: LC_ALL overrides LC_MESSAGES overrides LANG.
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return /^ko(_|\.|$)/i.test(locale) ? 'ko' : 'en'
}
