import { Command, Option } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'

/** Settings that may stand in the environment and on the command line too. */
const withSettings = <T extends Command>(command: T) =>
  command
    .option('--config <file>', 'settings as YAML; `KFDOOR_AUTHZ_…` and flags go before it')
    .option('--listen <address:port>', 'checks over HTTP; port 0 = a free one (default: 127.0.0.1:9090)')
    .option('--grpc-listen <address:port>', 'checks over gRPC')
    .option('--metrics-listen <address:port>', 'metrics and probes')
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
    .option('--sessions <store>', '`memory`, or `sqlite:FILE`')
    .option('--audit-log <file>', 'one line a decision; `-` = standard error, `none`')
    .option('--certificate-authority <file>', 'trusted for calls to issuers, beside the known CAs')
    .option('--allow-published-secrets', "take Kubeflow's published client secret beyond loopback")

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
  kfdoor serve authz config view --config authz.yaml`,
    )
    .action(async ({ config, allowPublishedSecrets, output, ...flags }) => {
      const { runServeAuthz } = await import('../../compose/serve-authz/run.ts')
      await runServeAuthz(
        {
          ...(config !== undefined && { file: config }),
          flags,
          allowPublishedSecrets: allowPublishedSecrets === true,
        },
        output,
        io,
      )
    })
  const view = withSettings(new Command('view'))
    .summary('the settings as they would be used, without secrets')
    .addOption(
      new Option('-o, --output <format>', 'how to print them')
        .choices(['yaml', 'json'] as const)
        .default('yaml' as const),
    )
    .action(async ({ config, allowPublishedSecrets, output, ...flags }) => {
      const [{ loadSettings }, { viewSettings }, { renderProblem }] = await Promise.all([
        import('../../compose/serve-authz/load-settings.ts'),
        import('../../compose/serve-authz/view.ts'),
        import('../../base/index.ts'),
      ])
      const settings = loadSettings(
        {
          ...(config !== undefined && { file: config }),
          env: io.env,
          flags,
          allowPublishedSecrets: allowPublishedSecrets === true,
        },
        (problem) => io.err(`kfdoor: warning: ${renderProblem(problem)}`),
      )
      io.out(viewSettings(settings, output))
    })
  const example = '\nExamples:\n  kfdoor serve authz config view --config authz.yaml'
  view.addHelpText('after', example)
  const config = new Command('config').summary('what it would run with').addHelpText('after', example)
  command.addCommand(config.addCommand(view))
  return command
}
