import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor token --service-account kubeflow-user-example-com/default-editor` */
export const tokenCommand = (io: Io) =>
  new Command('token')
    .summary('a credential for the local door: a service-account token, or a session cookie')
    .description(
      'Mints a credential for a door that `kfdoor up` runs on this machine. It asks that door over a socket only you may open; no HTTP route does this.',
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
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor token --service-account kubeflow-user-example-com/default-editor --audience pipelines.kubeflow.org
  curl -H "$(kfdoor token --service-account NS/NAME -o header)" https://localhost:8443/
  curl -H "Cookie: $(kfdoor token --user user@example.com -o cookie)" https://localhost:8443/`,
    )
    .action(async (options) => {
      const { mintCredential } = await import('../../compose/mint.ts')
      if (!options.serviceAccount && !options.user) {
        throw new Fault('ERR_USAGE', {
          message: 'whose credential?',
          next: 'say `--service-account NS/NAME` or `--user EMAIL`',
        })
      }
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
