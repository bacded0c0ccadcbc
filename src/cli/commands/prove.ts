import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'

/** `kfdoor prove claims.yaml -f mesh/` */
export const proveCommand = (io: Io) =>
  new Command('prove')
    .summary('decide claims about a door over all requests, with a request that breaks each one that fails')
    .description(
      'A claim says that no request of a kind ever gets somewhere (`never`), or that every one does (`always`). Decided over all requests: each claim holds, is violated with the smallest request that shows it, or is unknown with the reason.',
    )
    .argument('<claims...>', 'files of `kind: Claims`, `-`, or claims kfdoor brings: claims:NAME')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
    .addHelpText(
      'after',
      `
A claims file:
  apiVersion: kfdoor/v1alpha1
  kind: Claims
  claims:
  - name: nobody anonymous reaches a model
    never: {principal: anonymous, reaches: {service: "model:*"}}
  - name: only its two accounts reach iris
    never:
      principal: "*"
      notPrincipal: [user:user@example.com, sa:kubeflow-user-example-com/default-editor]
      reaches: {service: model:sklearn-iris}

Conditions: principal, method, host, path (and notPrincipal, notMethod, notHost, notPath), header; patterns as in an
AuthorizationPolicy. reaches: service (a Service's name, NS/NAME, or model:NAME), verdict, header (what the workload is handed).

Examples:
  kfdoor prove claims:door -f profile:26.03
  kfdoor prove my-claims.yaml -f mesh/ -o json`,
    )
    .action(async (claims, options) => {
      const { printProofs } = await import('../prove/print-proofs.ts')
      io.exit(await printProofs(io, claims, options))
    })
