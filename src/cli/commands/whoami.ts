import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor whoami` */
export const whoamiCommand = (io: Io) =>
  withDoorOptions(
    new Command('whoami')
      .summary('who the door thinks you are, your namespaces and roles')
      .argument('[url]', 'a door by its address')
      .addOption(
        new Option('-o, --output <format>', 'how to print it')
          .choices(['text', 'json'] as const)
          .default('text' as const),
      ),
  )
    .addHelpText('after', '\nExamples:\n  kfdoor whoami\n  kfdoor whoami --door work -o json')
    .action(
      async (
        url,
        options: {
          output: 'text' | 'json'
          door?: string
          certificateAuthority?: string
          insecureSkipTlsVerify?: boolean
        },
      ) => {
        const { askWho } = await import('../../compose/doors/ask-who.ts')
        const found = await askWho(io.env, { ...reachOf(io, options), url })
        const { renderWhoami, whoamiAsJson } = await import('./render-whoami.ts')
        io.out(
          options.output === 'json' ? JSON.stringify(whoamiAsJson(found)) : renderWhoami(found, Date.now()),
        )
        if (found.who.user === undefined && found.kind !== 'none') {
          throw new Fault('ERR_CREDENTIALS_WRONG', {
            door: found.url.href,
            words: 'it lets you in and names nobody',
            what: found.kind === 'bearer' ? 'token' : 'cookie',
          })
        }
        io.exit(exitCode.ok)
      },
    )
