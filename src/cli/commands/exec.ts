import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { afterDashes } from '../after-dashes.ts'
import { type DoorOptions, reachOf, withDoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** `kfdoor exec -- python train.py` */
export const execCommand = (io: Io) =>
  withDoorOptions(
    new Command('exec')
      .summary('a command with everything set to get through a door')
      .usage('[options] -- COMMAND [WORDS…]')
      .description(
        'Runs a command with a local proxy of its own: KF_PIPELINES_ENDPOINT, KFDOOR_URL, HTTPS_PROXY and the CA variables of Python, curl, Node, Go and Java are set. No cookie, token or password is in its environment. The exit code is the command’s own (127: not found, 126: cannot be run, 125: kfdoor’s own failure).',
      )
      .argument('[words...]', 'the command, behind `--`')
      .option('--url <url>', 'a door by its address'),
  )
    .addHelpText(
      'after',
      `
A script that says \`kfp.Client(host='https://DOOR/pipeline')\` works as it is, through HTTPS_PROXY. One
that ignores proxies needs one line changed: \`kfp.Client()\`, which reads KF_PIPELINES_ENDPOINT.

Examples:
  kfdoor exec -- python train.py
  kfdoor exec --door work -- sh -c 'curl "$KFDOOR_URL/pipeline/apis/v2beta1/healthz"'`,
    )
    .action(async (_words, options: DoorOptions & { url?: string }, command) => {
      const words = afterDashes(command)
      const [name, ...rest] = words ?? []
      if (name === undefined) {
        throw new Fault('ERR_USAGE', {
          message: 'there is no command to run',
          next: 'write it behind `--`: `kfdoor exec -- python train.py`',
        })
      }
      const { execAtDoor } = await import('../../compose/doors/exec.ts')
      const { failWith125 } = await import('../own-failure.ts')
      await failWith125(io, async () => {
        const { code } = await execAtDoor(io.env, {
          ...reachOf(io, options),
          url: options.url,
          command: name,
          words: rest,
        })
        io.exit(code)
      })
    })
