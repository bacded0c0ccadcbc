import { Command, Option } from '@commander-js/extra-typings'
import type { Io } from '../io.ts'

/** `kfdoor serve gateway -f my-mesh/ --default-upstream http://127.0.0.1:9000` */
export const serveGatewayCommand = (io: Io) =>
  new Command('gateway')
    .summary("only the data plane: an ingress gateway's listeners, policies and routes")
    .description(
      "Serves what Istio's ingress gateway would serve with this YAML: Gateways, VirtualServices, AuthorizationPolicies, RequestAuthentications, extension providers. Nothing stands behind it but what you name.",
    )
    .requiredOption(
      '-f, --filename <path...>',
      'mesh YAML: file, folder, `-` for stdin, profile:NAME; repeatable',
    )
    .option(
      '--listen <port=addr:port...>',
      "a port of the mesh (the Service's targetPort) and where it is opened; port 0 takes a free one; repeatable. Default: every port at its own number on 127.0.0.1",
    )
    .option(
      '--upstream <host=url...>',
      'a real server behind a mesh name, HOST or HOST:PORT, or behind one cluster, `outbound|80|v1|HOST`; http:, https: or grpc:; repeatable',
    )
    .option('--default-upstream <url>', 'the server behind every other name')
    .option('--provider <name=url...>', 'where an extension provider is, over HTTP or gRPC; repeatable')
    .option('--secret <ns/name=dir...>', 'a Secret as a folder with tls.crt, tls.key and ca.crt; repeatable')
    .option('--jwks <file>', 'JSON: what each jwksUri serves; without it keys are fetched')
    .option(
      '--mesh-identity <dir>',
      'tls.crt, tls.key and ca.crt of this proxy in the mesh, for ISTIO_MUTUAL and sidecars',
    )
    .option(
      '--workload <ns/name>',
      'another workload of the YAML, or NS/LABEL=VALUE,…; one that no Gateway selects is served as its sidecar',
    )
    .option('--sidecar', 'serve --workload as a sidecar in any case')
    .option('--service-account <name>', 'of a --workload that is named by labels', 'default')
    .option('--proxy-protocol', 'connections begin with HAProxy’s PROXY protocol, version 1 or 2')
    .addOption(
      new Option('--hardening <level>', 'istio-parity turns off what is stricter than Istio')
        .choices(['default', 'istio-parity'] as const)
        .default('default' as const),
    )
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .option('--workers <count>', 'processes that serve together, one for each core at most')
    .option('--access-log <file>', 'a line for each request, `-` for stdout')
    .addOption(
      new Option('-o, --output <format>', 'json prints one line when ready').choices([
        'text',
        'json',
      ] as const),
    )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor serve gateway -f my-mesh/ --default-upstream http://127.0.0.1:9000
  kfdoor serve gateway -f my-mesh/ --listen 8080=127.0.0.1:0 --listen 8443=127.0.0.1:8443 -o json
  kfdoor serve gateway -f profile:26.03 --provider oauth2-proxy=http://127.0.0.1:4180 --upstream ml-pipeline.kubeflow=http://127.0.0.1:8888
  kfdoor serve gateway -f my-mesh/ --workload team-a/web --listen 8080=127.0.0.1:0 --mesh-identity certs/`,
    )
    .action(async (options) => {
      const { readServeOptions, readWorkers } = await import('../read-serve-options.ts')
      const { runServeGateway } = await import('../../compose/serve-gateway/index.ts')
      const { accessLog, output = 'text' } = options
      const workers = readWorkers(options.workers, options.filename)
      await runServeGateway(
        readServeOptions(options),
        { output, workers, ...(accessLog && { accessLog }) },
        io,
      )
    })
