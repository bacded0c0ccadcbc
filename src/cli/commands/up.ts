import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'

/** `kfdoor up --profile v1.8` */
export const upCommand = (io: Io) =>
  new Command('up')
    .summary("a whole front door here, from a release's YAML or from yours")
    .description(
      'Runs a whole Kubeflow front door on this machine: TLS gateway, Dex-compatible issuer, the auth service of the release, sessions, service-account tokens, policies, a Pipelines API and KServe models behind it.',
    )
    .addOption(
      new Option('--profile <release>', '26.03, v1.9, v1.8, v1.6, or any tag from 1.6 on').conflicts(
        'filename',
      ),
    )
    .option(
      '-f, --filename <path...>',
      'your own mesh YAML instead: file, folder, or `-` for stdin; repeatable',
    )
    .option('--port <port>', 'HTTPS; 0 takes a free one', port('--port'), 8443)
    .option('--http-port <port>', 'HTTP; 0 takes a free one', port('--http-port'), 8080)
    .option('--address <address>', 'where to listen', '127.0.0.1')
    .option('--hostname <name...>', 'further names of the door, for its certificate; repeatable')
    .option('--no-demo', 'without the demo namespace, its models and machine tokens')
    .option('--no-tls', 'plain HTTP only, as the releases install themselves')
    .option('--state <dir>', 'where keys, sessions and runs are kept; `:memory:` keeps nothing')
    .option('--users <file>', 'who can sign in: YAML with email, password or hash, groups')
    .option('--dex-config <file>', "Dex's own configuration file")
    .option('--single-user', 'Pipelines without users, as MULTIUSER=false')
    .option('--upstream <host=url...>', 'a real server behind a mesh name; repeatable')
    .option('--echo', 'answer for everything else with what was received')
    .addOption(
      new Option('--run-outcome <outcome>', 'how recorded runs end, labelled as simulated')
        .choices(['pending', 'succeeded', 'failed'] as const)
        .default('pending' as const),
    )
    .addOption(
      new Option(
        '--api-errors <style>',
        'how API callers are refused: as the release does, or JSON that says what to do',
      )
        .choices(['release', 'json'] as const)
        .default('release' as const),
    )
    .addOption(
      new Option('--hardening <level>', 'istio-parity turns off what is stricter than Istio')
        .choices(['default', 'istio-parity'] as const)
        .default('default' as const),
    )
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(
      new Option('--key-type <type>', "the CA's and the server's keys")
        .choices(['ecdsa', 'rsa'] as const)
        .default('ecdsa' as const),
    )
    .addOption(
      new Option('-o, --output <format>', 'json prints one line when ready').choices([
        'text',
        'json',
      ] as const),
    )
    .option('--console', 'the console over this door too, on a port of its own')
    .option('-v, --verbose', 'log every decision with its reason')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor up
  kfdoor up --profile v1.8 --port 0 --http-port 0 --state :memory:
  kfdoor up -f my-mesh/ --echo
  kfdoor up --upstream sklearn-iris-predictor.kubeflow-user-example-com=http://127.0.0.1:9000`,
    )
    .action(async (options) => {
      const { runUp } = await import('../../compose/run-up.ts')
      await runUp(
        {
          profile: options.profile,
          files: options.filename,
          port: options.port,
          httpPort: options.httpPort,
          address: options.address,
          hostnames: options.hostname ?? [],
          demo: options.demo,
          tls: options.tls,
          state: options.state,
          users: options.users,
          dexConfig: options.dexConfig,
          singleUser: options.singleUser === true,
          upstreams: (options.upstream ?? []).map(parseUpstream),
          echo: options.echo === true,
          runOutcome: options.runOutcome,
          apiErrors: options.apiErrors,
          hardening: options.hardening,
          istioVersion: options.istioVersion,
          keyType: options.keyType,
          output: options.output ?? 'text',
          verbose: options.verbose === true,
          console: options.console === true,
        },
        io,
      )
    })

function port(flag: string): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^\d{1,5}$/.test(text) || number > 65_535) {
      throw new Fault('ERR_USAGE', { message: `\`${flag} ${text}\` is not a port`, next: 'use 0 to 65535' })
    }
    return number
  }
}

function parseUpstream(text: string): { host: string; url: string } {
  const at = text.indexOf('=')
  const [host, url] = [text.slice(0, at), text.slice(at + 1)]
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (at < 1 || !parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new Fault('ERR_USAGE', {
      message: `\`--upstream ${text}\` is not HOST=URL`,
      next: 'for example `--upstream ml-pipeline.kubeflow=http://127.0.0.1:8888`',
    })
  }
  if (parsed.username || parsed.password) {
    throw new Fault('ERR_USAGE', { message: '`--upstream` takes no user name or password in the URL' })
  }
  return { host, url }
}
