import { Command } from '@commander-js/extra-typings'
import { type Fault, isFault } from '../../base/index.ts'
import type { Renewed } from '../../pki/index.ts'
import { exitCode, type Io } from '../io.ts'
import { sayable } from '../printable.ts'
import { AUTHORITY_MOST, daysOf, dir, LEAF_MOST, output } from './options.ts'

export const renewCommand = (io: Io) =>
  new Command('renew')
    .summary('the same certificate for longer, before it ends')
    .addOption(dir())
    .argument(
      '[name...]',
      'certificates in the folder, `ca` for the authority itself; default: all it signed',
    )
    .option('--before <days>', 'renew when at most so many days are left', '30')
    .option('--days <days>', 'how long the new one lives')
    .option('--new-key', 'with a new key; the old pair is set aside')
    .option('--from <folder>', 'of an intermediate: the folder of the authority above')
    .option('--force', 'renew now, whatever is left')
    .addOption(output())
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor ca renew --dir my-ca\n  kfdoor ca renew --dir my-ca kubeflow.example.com --new-key --force\n  kfdoor ca renew --dir my-ca ca --before 365\n\nMeant for cron: what has time left is left alone.`,
    )
    .action(async (names, options) => {
      const { issuedIn, renew } = await import('../../pki/index.ts')
      const before = daysOf(options.before, AUTHORITY_MOST, '--before') ?? 30
      const results: Renewed[] = []
      const failed: Fault[] = []
      for (const name of names.length > 0 ? names : issuedIn(options.dir)) {
        const most = /^(.*\/)?ca(\.crt)?$/.test(name) ? AUTHORITY_MOST : LEAF_MOST
        const days = daysOf(options.days, most)
        const { newKey, force, from } = options
        try {
          results.push(await renew(options.dir, name, Date.now, { before, days, newKey, force, from }))
        } catch (error) {
          // The others end as well.
          if (names.length > 0 || !isFault(error)) throw error
          failed.push(error)
        }
      }
      if (options.output === 'json') io.out(JSON.stringify({ certificates: results }))
      else tellRenewed(io, options.dir, results)
      for (const { number, message } of failed) io.err(`${number}: ${sayable(message)}`)
      const ending = results.filter(({ withAuthority }) => withAuthority)
      if (ending.length > 0) {
        io.err(
          `${ending.map(({ certFile }) => certFile).join(', ')} ends with the authority that signed it: prolong that with \`kfdoor ca renew ca\` (\`--force\`, and \`--from FOLDER\` of an intermediate), hand its certificate out, and renew again`,
        )
      }
      if (failed.length > 0 || ending.some(({ renewed }) => !renewed)) io.exit(exitCode.no)
    })

function tellRenewed(io: Io, dir: string, results: readonly Renewed[]): void {
  for (const { certFile, renewed, validTo, aside } of results) {
    const until = validTo.toISOString().slice(0, 10)
    io.out(renewed ? `${certFile} renewed, until ${until}` : `${certFile} left alone, until ${until}`)
    for (const path of aside) io.err(`the old one lies in ${path}`)
  }
  if (results.length === 0) io.err(`${dir} holds no certificate that its authority signed`)
}
