import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor status` */
export const statusCommand = (io: Io) =>
  new Command('status')
    .summary('what is kept for a door and until when; asks nobody')
    .option('--door <name>', 'a door signed in to before (KFDOOR_DOOR; `kfdoor doors`)')
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      '\nExit code 4 when nothing is kept or it has expired.\n\nExamples:\n  kfdoor status\n  kfdoor status --door work -o json',
    )
    .action(async ({ door: name, output }) => {
      const { readKeptStatus } = await import('../../compose/doors/status.ts')
      const found = await readKeptStatus(io.env, name, Date.now())
      if (!found) {
        throw new Fault('ERR_CREDENTIALS_MISSING', {
          door: 'a door',
          next: 'sign in with `kfdoor login URL`',
        })
      }
      const { renderStatus, statusAsJson } = await import('./render-status.ts')
      io.out(output === 'json' ? JSON.stringify(statusAsJson(found)) : renderStatus(found, Date.now()))
      io.exit(found.usable ? exitCode.ok : exitCode.credentials)
    })
