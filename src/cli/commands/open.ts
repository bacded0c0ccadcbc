import { Command } from '@commander-js/extra-typings'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor open`, `kfdoor open /pipeline/` */
export const openCommand = (io: Io) =>
  withDoorOptions(
    new Command('open')
      .summary('the dashboard in a browser')
      .description(
        'Opens a page of a door in your browser. Where the browser can sign in by itself it is sent there; where it cannot (a token, a CA only kfdoor trusts), or with --proxy, it goes through the local proxy, which ends with Ctrl-C. Without a browser the address is printed.',
      )
      .argument('[path]', 'a page of the door', '/')
      .option('--url <url>', 'a door by its address')
      .option('--proxy', 'through the local proxy, signed in as you are here')
      .option('--print', 'print the address at the door and open nothing'),
  )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor open
  kfdoor open /pipeline/#/runs --door work
  kfdoor open --proxy`,
    )
    .action(
      async (
        path,
        options: DoorOptions & {
          url?: string
          proxy?: boolean
          print?: boolean
        },
      ) => {
        const { openDashboard } = await import('../open-dashboard.ts')
        await openDashboard(io, path, options)
        io.exit(exitCode.ok)
      },
    )
