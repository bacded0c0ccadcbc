import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { SettingsInput } from '../../compose/serve-authz/load-settings.ts'
import type { Overridable } from '../../compose/serve-authz/overrides.ts'
import type { Io } from '../io.ts'

/** Settings that may stand in the environment and on the command line too. */
const withSettings = <T extends Command>(command: T) =>
  command
    .option('--config <file>', 'settings as YAML; `KFDOOR_AUTHZ_…` and flags go before it')
    .option('--listen <address:port>', 'checks over HTTP; port 0 = a free one (default: 127.0.0.1:9090)')
    .option('--grpc-listen <address:port>', 'checks over gRPC')
    .option('--metrics-listen <address:port>', 'metrics and probes')
    .option('--probe-listen <address:port>', 'a port that only says whether it is ready')
    .option('--path-prefix <path>', 'checks lie below it: `/check`')
    .option('--trusted-proxies <ranges>', 'whose X-Forwarded-… count, comma between; nobody by default')
    .addOption(
      new Option('--scheme <scheme>', 'what browsers speak to the door').choices(['https', 'http'] as const),
    )
    .option('--issuer <url>', 'the OpenID provider people sign in at')
    .option('--client-id <id>', 'this service at that provider')
    .option('--client-secret-file <file>', 'its secret; never an argument, which others could read')
    .option('--redirect-url <url>', 'as registered there (default: /oauth2/callback)')
    .option('--cookie-name <name>', 'the session cookie (default: kfdoor_session)')
    .addOption(
      new Option('--api-errors <style>', 'how programs are refused').choices(['json', 'release'] as const),
    )
    .option(
      '--sessions <store>',
      '`memory`, `sqlite:FILE`, `cookie:FILE`, `redis://HOST:PORT` or `rediss://…`',
    )
    .option('--redis-password-file <file>', 'the password of that Redis')
    .option('--redis-ca-file <file>', 'the authority of that Redis, PEM')
    .option('--audit-log <file>', 'one line a decision; `-` = standard error, `none`')
    .option('--certificate-authority <file>', 'trusted for calls to issuers, beside the known CAs')
    .option('--allow-published-secrets', "take Kubeflow's published secrets beyond loopback")
    .addOption(
      new Option('--compat <service>', 'take its seat: its file, environment and flags').choices([
        'oauth2-proxy',
        'authservice',
      ] as const),
    )
    .option(
      '--shadow <url>',
      'ask the auth service that is replaced, give its answer, log where ours differs',
    )
    .option('--fallback <url>', 'let in whom the auth service that is replaced lets in')
    .option('--seal-key-file <file>', 'with --compat: 32 bytes in base64 that seal sessions and sign-ins')
    // In the seat of oauth2-proxy its flags are taken as they stand in a Deployment.
    .allowUnknownOption()
    .allowExcessArguments()

/** `kfdoor serve authz --config authz.yaml` */
export const serveAuthzCommand = (io: Io) => {
  const command = withSettings(new Command('authz').enablePositionalOptions())
    .summary('the service a mesh asks about each request')
    .description(
      'The ext_authz service of a real mesh, in the seat of oauth2-proxy or oidc-authservice: Envoy asks it over HTTP or gRPC, nginx and Traefik over their own ways, browsers sign in through it, machines come with tokens.',
    )
    .addOption(
      new Option('-o, --output <format>', 'json prints one line when ready')
        .choices(['text', 'json'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor serve authz --config authz.yaml
  kfdoor serve authz --config authz.yaml --listen 0.0.0.0:9090 --grpc-listen 0.0.0.0:9091 --metrics-listen 0.0.0.0:9092
  kfdoor serve authz --compat oauth2-proxy --config oauth2_proxy.cfg
  kfdoor serve authz --compat authservice
  kfdoor serve authz config view --config authz.yaml`,
    )
    .action(async ({ output, ...options }, { args }) => {
      const { runServeAuthz } = await import('../../compose/serve-authz/run.ts')
      await runServeAuthz(inputOf(options, args), output, io)
    })
  const view = withSettings(new Command('view'))
    .summary('the settings as they would be used, without secrets')
    .addOption(
      new Option('-o, --output <format>', 'how to print them')
        .choices(['yaml', 'json'] as const)
        .default('yaml' as const),
    )
    .action(async ({ output, ...options }, { args }) => {
      const [{ loadSettings }, { viewSettings }, { renderProblem }] = await Promise.all([
        import('../../compose/serve-authz/load-settings.ts'),
        import('../../compose/serve-authz/view.ts'),
        import('../../base/index.ts'),
      ])
      const settings = loadSettings({ ...inputOf(options, args), env: io.env }, (problem) =>
        io.err(`kfdoor: warning: ${renderProblem(problem)}`),
      )
      io.out(viewSettings(settings, output))
    })
  const example = '\nExamples:\n  kfdoor serve authz config view --config authz.yaml'
  view.addHelpText('after', example)
  const config = new Command('config').summary('what it would run with').addHelpText('after', example)
  command.addCommand(config.addCommand(view))
  return command
}

interface Options extends Partial<Record<Overridable, string>> {
  readonly config?: string
  readonly allowPublishedSecrets?: true
  readonly compat?: 'oauth2-proxy' | 'authservice'
  readonly sealKeyFile?: string
}

/** Flags that are ours and oauth2-proxy's alike are its own where its seat is taken. */
const SHARED = ['clientId', 'clientSecretFile', 'redirectUrl', 'cookieName'] as const

/** @throws Fault ERR_USAGE for a flag nobody knows, where no seat is taken that may know it */
function inputOf(
  { config, allowPublishedSecrets, compat, sealKeyFile, ...flags }: Options,
  args: readonly string[],
): Omit<SettingsInput, 'env'> {
  if (compat !== 'oauth2-proxy' && args[0] !== undefined)
    throw new Fault('ERR_USAGE', {
      message: args[0].startsWith('-')
        ? `unknown option \`${args[0]}\``
        : `unexpected argument \`${args[0]}\``,
      next: 'run `kfdoor serve authz --help`',
    })
  if (sealKeyFile !== undefined && compat === undefined)
    throw new Fault('ERR_USAGE', { message: '`--seal-key-file` belongs to `--compat`' })
  const theirs = compat === 'oauth2-proxy' ? SHARED.filter((name) => flags[name] !== undefined) : []
  const ours = Object.fromEntries(
    Object.entries(flags).filter(([name]) => !theirs.some((one) => one === name)),
  )
  const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return {
    ...(config !== undefined && { file: config }),
    flags: ours,
    allowPublishedSecrets: allowPublishedSecrets === true,
    ...(compat !== undefined && {
      compat,
      compatArgs: [...theirs.map((name) => `--${flagOf(name)}=${flags[name]}`), ...args],
    }),
    ...(sealKeyFile !== undefined && { sealKeyFile }),
  }
}
