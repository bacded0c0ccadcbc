import { Command, Option } from '@commander-js/extra-typings'
import { collect } from '../collect.ts'
import { hardeningOption } from '../hardening.ts'
import type { Io } from '../io.ts'

/** `kfdoor test tests.yaml -f mesh/` */
export const testCommand = (io: Io) =>
  new Command('test')
    .summary('example requests and what should come of them, without a cluster')
    .argument('<tests...>', 'files of `kind: Tests`, or `-`')
    .option('-f, --filename <path>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable', collect)
    .option('--snapshot <file>', "a cluster's door as one file")
    .option('--context <name>', 'the cluster of this kubeconfig context (default: the current one)')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .addOption(hardeningOption())
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .addOption(
      new Option('-o, --output <format>', 'table, json, junit, tap')
        .choices(['table', 'json', 'junit', 'tap'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
A tests file:
  apiVersion: kfdoor/v1alpha1
  kind: Tests
  tests:
  - name: the dashboard asks for a sign-in
    request: {method: GET, url: https://kubeflow.example.com/}
    as: anonymous
    expect: {verdict: challenge}
  - name: the owner reaches Pipelines under his own name
    request: {url: https://kubeflow.example.com/pipeline/}
    as: user:user@example.com
    expect: {service: ml-pipeline-ui.kubeflow, headers: {kubeflow-userid: user@example.com}}

expect: verdict, status (of an answer of the door's own), service, headers (what the workload is handed, or what is answered).

Examples:
  kfdoor test tests.yaml -f profile:26.03
  kfdoor test tests.yaml -f mesh/ -o junit > results.xml`,
    )
    .action(async (files, options) => {
      const { runTests } = await import('../tests/run-tests.ts')
      io.exit(await runTests(io, files, options))
    })
