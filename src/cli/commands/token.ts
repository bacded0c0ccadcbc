import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { type DoorOptions, reachOf, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'
import type { Format } from './render-credential.ts'
import { tokenInspectCommand } from './token-inspect.ts'

/** `kfdoor token --service-account kubeflow-user-example-com/default-editor` */
export const tokenCommand = (io: Io) =>
  withDoorOptions(new Command('token'))
    .addCommand(tokenInspectCommand(io))
    // `token inspect -o json`: the option is of the command it stands behind.
    .enablePositionalOptions()
    .summary('the credential of a door signed in to; or one minted for the local door')
    .description(
      'Prints the credential of a door you signed in to, renewed when it is about to end. With --service-account or --user it mints one for a door that `kfdoor up` runs on this machine, over a socket only you may open; no HTTP route does this.',
    )
    .addOption(new Option('--service-account <ns/name>', 'a Kubernetes service account').conflicts('user'))
    .option('--audience <audience...>', 'whom the token is for; repeatable')
    .option('--duration <time>', 'how long it is good: 10m, 1h, 24h', '1h')
    .option('--user <email>', 'a session of this person')
    .option('--group <group...>', 'groups of that session; repeatable')
    .option('--url <url>', 'which of several running doors')
    .option('--state <dir>', 'the state folder of a door that does not run: signs with its key')
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices([
        'token',
        'header',
        'cookie',
        'cookie-jar',
        'json',
        'exec-credential',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  curl -H "$(kfdoor token -o header)" https://kubeflow.example.com/pipeline/apis/v2beta1/healthz
  kfdoor token -o cookie-jar > jar && curl -b jar https://kubeflow.example.com/
  kfdoor token --service-account kubeflow-user-example-com/default-editor --audience pipelines.kubeflow.org
  curl -H "$(kfdoor token --service-account NS/NAME -o header)" https://localhost:8443/
  curl -H "Cookie: $(kfdoor token --user user@example.com -o cookie)" https://localhost:8443/`,
    )
    .action(async (given) => {
      // Options that a helper adds are not in commander's type.
      const options: typeof given & DoorOptions = given
      if (!options.serviceAccount && !options.user) return keptToken(io, options)
      const { mintCredential } = await import('../../compose/mint.ts')
      const credential = await mintCredential(io.env, {
        serviceAccount: options.serviceAccount,
        audiences: options.audience ?? [],
        durationSeconds: parseDuration(options.duration),
        user: options.user,
        groups: options.group ?? [],
        url: options.url,
        state: options.state,
      })
      const { renderCredential } = await import('./render-credential.ts')
      io.out(renderCredential(credential, options.output))
      io.exit(exitCode.ok)
    })

/** What is kept for a door, renewed if need be. */
async function keptToken(
  io: Io,
  options: DoorOptions & { readonly url?: string; readonly output?: Format },
): Promise<void> {
  const { handOut } = await import('../../compose/doors/hand-out.ts')
  const credential = await handOut(io.env, { ...reachOf(io, options), url: options.url })
  const { renderCredential } = await import('./render-credential.ts')
  io.out(renderCredential(credential, options.output))
  io.exit(exitCode.ok)
}

/** Seconds of `90s`, `10m`, `1h`, `2h30m`. */
export function parseDuration(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
  const parts = [...text.matchAll(/(\d+)([smhd])/g)]
  const seconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit as string] ?? 0),
    0,
  )
  if (parts.map(([all]) => all).join('') !== text || seconds < 1) {
    throw new Fault('ERR_USAGE', {
      message: `\`${text}\` is not a duration`,
      next: 'write 90s, 10m, 1h or 2h30m',
    })
  }
  return seconds
}
