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
      .option('--url <url>', 'a door by its address')
      .option('--kfp-context', 'for the run, write your namespace into kfp’s own ~/.config/kfp/context.json'),
  )
    .addHelpText(
      'after',
      `
A script that says \`kfp.Client(host='https://DOOR/pipeline')\` ignores proxies and CAs of the environment:
it needs one line changed, to \`kfp.Client()\`, which reads KF_PIPELINES_ENDPOINT. When a command fails and
nothing of it came through, that line is printed.

Examples:
  kfdoor exec -- python train.py
  kfdoor exec --kfp-context -- kfp run list
  kfdoor exec --door work -- sh -c 'curl "$KFDOOR_URL/pipeline/apis/v2beta1/healthz"'`,
    )
    .action(async (_words, options: DoorOptions & { url?: string; kfpContext?: boolean }, command) => {
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
        let carried = 0
        const { code, started, door } = await execAtDoor(io.env, {
          ...reachOf(io, options),
          url: options.url,
          command: name,
          words: rest,
          kfpContext: options.kfpContext,
          observe: () => {
            carried += 1
          },
        })
        // Where neither the variables nor the proxy reach a script, one line of it has to change.
        if (code !== 0 && started && carried === 0) {
          io.err(
            `kfdoor: nothing the command sent to ${door.host} came through kfdoor; if it names that address itself, change \`kfp.Client(host=…)\` to \`kfp.Client()\`, or any other client's address to os.environ['KFDOOR_URL']`,
          )
        }
        io.exit(code)
      })
    })
