import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'

/** `printf %s 'secret' | kfdoor hash-password` */
export const hashPasswordCommand = (io: Io) =>
  new Command('hash-password')
    .summary("a password from stdin as Dex's bcrypt hash")
    .description(
      'Reads a password from stdin and prints the bcrypt hash that Dex wants in `staticPasswords[].hash`.\nOne final newline is not part of the password.',
    )
    .option('--cost <number>', 'bcrypt cost, 10 to 16 (Dex refuses less than 10)', '12')
    .addHelpText('after', "\nExample:\n  printf %s 'correct horse' | kfdoor hash-password")
    .action(async (options) => {
      const cost = Number(options.cost)
      if (!Number.isInteger(cost) || cost < 10 || cost > 16) {
        throw new Fault('ERR_USAGE', {
          message: `\`--cost ${options.cost}\` is not a whole number from 10 to 16`,
        })
      }
      if (io.tty.in) io.err('Password (it will be visible; end with Enter and Ctrl-D):')
      const password = (await io.readStdin()).replace(/\r?\n$/, '')
      if (password === '') throw new Fault('ERR_USAGE', { message: 'there is no password on stdin' })
      if (Buffer.byteLength(password) > 72) {
        throw new Fault('ERR_USAGE', {
          message: 'bcrypt reads only the first 72 bytes of a password; this one is longer',
        })
      }
      const { hash } = await import('@node-rs/bcrypt')
      io.out(await hash(password, { cost }))
    })
