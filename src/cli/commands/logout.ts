import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor logout` */
export const logoutCommand = (io: Io) =>
  withDoorOptions(
    new Command('logout')
      .summary('end a session, there and here')
      .argument('[url]', 'a door by its address')
      .option('--all', 'at every door'),
  )
    .addHelpText('after', '\nExamples:\n  kfdoor logout\n  kfdoor logout --door work\n  kfdoor logout --all')
    .action(
      async (
        url,
        options: {
          all?: boolean
          door?: string
          certificateAuthority?: string
          insecureSkipTlsVerify?: boolean
        },
      ) => {
        const { logOut } = await import('../../compose/doors/log-out.ts')
        const { readKeptDoors } = await import('../../compose/doors/kept-doors.ts')
        const { whichDoor } = await import('../../compose/doors/open-door.ts')
        const one = options.all ? undefined : whichDoor(io.env, { door: options.door, url }).kept
        const doors = options.all ? readKeptDoors(io.env).doors : one ? [one] : []
        if (doors.length === 0 && !options.all) {
          throw new Fault('ERR_CREDENTIALS_MISSING', { door: url ?? 'a door', next: 'see `kfdoor doors`' })
        }
        for (const door of doors) {
          const ended = await logOut(io.env, door, reachOf(io, options))
          io.out(`${door.name}: ${words[ended]}`)
        }
        io.exit(exitCode.ok)
      },
    )

const words = {
  there: 'signed out, there and here',
  'lives on':
    'signed out here, and the door was asked to; but it keeps no sessions (they lie in the cookie), so a copy of the cookie lives until it expires',
  'here only':
    'signed out here; the door has no sign-out that takes this credential, so a copy of it lives until it expires',
  'door silent':
    'signed out here; the door could not be asked, so a copy of the session lives until it expires',
  nothing: 'nothing was kept',
} as const
