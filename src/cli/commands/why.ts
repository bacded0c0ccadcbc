import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor why 'Jwt issuer is not configured'`, `kubectl logs … | kfdoor why` */
export const whyCommand = (io: Io) =>
  new Command('why')
    .summary('an error text from Kubeflow or KServe: what caused it, what to do')
    .argument('[text...]', 'what you saw: an error, a log line, a page, what curl -i printed; else stdin')
    .option('-o, --output <format>', 'text, json', 'text')
    .option('--lang <language>', 'en, ko (default: from LANG)')
    .addHelpText(
      'after',
      `
Nothing is sent anywhere, and no credential in the text is repeated: of a token only issuer,
audience and expiry are read, on this computer.

Examples:
  kfdoor why 'Jwt issuer is not configured'
  curl -si https://HOST/pipeline/apis/v2beta1/healthz | kfdoor why
  kfdoor why --lang ko < error.log`,
    )
    .action(async (words, options) => {
      const language = languageOf(options.lang, io.env)
      if (options.output !== 'text' && options.output !== 'json') {
        throw new Fault('ERR_USAGE', {
          message: `\`${options.output}\` is no output format`,
          next: 'use text or json',
        })
      }
      const given = words.join(' ')
      if (given.trim() === '' && io.tty.in) {
        throw new Fault('ERR_USAGE', {
          message: 'there is no text to look at',
          next: "say `kfdoor why 'TEXT'`, or pipe a log into it",
        })
      }
      const text = given.trim() === '' || given === '-' ? await io.readStdin() : given
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
