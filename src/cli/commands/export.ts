import { Command, Option } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'

/** `kfdoor export envoy -f my-mesh/ > envoy.yaml` */
export const exportCommand = (io: Io) =>
  new Command('export')
    .summary('the door in another form: the configuration a stock Envoy runs')
    .description('Writes the door down in another form.')
    .addCommand(exportEnvoyCommand(io))
    .addHelpText('after', '\nExample:\n  kfdoor export envoy -f my-mesh/ -o json > envoy.json')

const exportEnvoyCommand = (io: Io) =>
  new Command('envoy')
    .summary('the configuration a stock Envoy runs')
    .description(
      "Prints what istiod would configure this proxy with, as one file for a stock Envoy 1.40: listeners, policies, routes, clusters. Private keys of the mesh's Secrets stand in it.",
    )
    .requiredOption(
      '-f, --filename <path...>',
      'mesh YAML: file, folder, `-` for stdin, profile:NAME; repeatable',
    )
    .option('--listen <port=addr:port...>', 'a target port of the mesh and where Envoy opens it; repeatable')
    .option('--upstream <host=url...>', 'a real server behind a mesh name, HOST or HOST:PORT; repeatable')
    .option('--default-upstream <url>', 'the server behind every other name')
    .option('--provider <name=url...>', 'where an extension provider is; repeatable')
    .option('--secret <ns/name=dir...>', 'a Secret as a folder with tls.crt, tls.key and ca.crt; repeatable')
    .option('--jwks <file>', 'JSON: what each jwksUri serves; without it keys are fetched')
    .option('--mesh-identity <dir>', 'tls.crt, tls.key and ca.crt of this proxy in the mesh')
    .option(
      '--workload <ns/name>',
      'another workload of the YAML; one that no Gateway selects as its sidecar',
    )
    .option('--sidecar', 'write --workload as a sidecar in any case')
    .option('--service-account <name>', 'of a --workload that is named by labels', 'default')
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(
      new Option('-o, --output <format>', 'yaml, json')
        .choices(['yaml', 'json'] as const)
        .default('yaml' as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor export envoy -f my-mesh/ --default-upstream http://127.0.0.1:9000
  kfdoor export envoy -f profile:26.03 --secret istio-system/kubeflow-door-tls=certs/ --provider oauth2-proxy=http://127.0.0.1:4180 -o json`,
    )
    .action(async (options) => {
      const { readServeOptions } = await import('../read-serve-options.ts')
      const { exportEnvoy } = await import('../../compose/export-envoy.ts')
      const typed = { ...options, hardening: 'istio-parity' as const, written: true as const }
      const config = await exportEnvoy(readServeOptions(typed), {
        readStdin: io.readStdin,
        say: (line) => io.err(line),
      })
      const { stringify } = await import('yaml')
      io.out(
        options.output === 'json'
          ? JSON.stringify(config, null, 2)
          : stringify(config, { aliasDuplicateObjects: false, compat: 'yaml-1.1' }),
      )
    })
