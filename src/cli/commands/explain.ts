import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor explain GET https://kubeflow.example.com/pipeline --as anonymous -f mesh.yaml` */
export const explainCommand = (io: Io) =>
  new Command('explain')
    .summary('what a door answers to a request, and which line of YAML decides it')
    .description(
      'Follows one request from the gateway to the workload, hop by hop, as the Istio of that YAML would decide it, and names the object, rule and line behind each step. Nothing is sent anywhere.',
    )
    .argument('[method]', 'GET without it')
    .argument('[url]')
    .option('-f, --filename <path...>', 'mesh YAML: file, folder, `-`, or profile:26.03; repeatable')
    .option(
      '--as <principal>',
      'anonymous, user:EMAIL[,groups=a+b], sa:NS/NAME[,aud=A][,iss=I], mesh:NS/SA, outside; +forged on any',
      'anonymous',
    )
    .option('-H, --header <line...>', 'a header to send, `Name: value`; repeatable')
    .option('-d, --data <body>', 'a body to send')
    .option('--cert <spiffe>', 'the URI name of a client certificate, taken as trusted')
    .option('--answer <file>', "the providers' answers instead of what the principal implies: JSON, a list")
    .option('--istio-version <version>', "read the YAML as this Istio does (default: its istiod's image)")
    .option('--trace', 'every step, not only those that tell something')
    .addOption(new Option('-o, --output <format>', 'table, json').choices(['table', 'json']).default('table'))
    .option('--cases <file>', 'recorded cases instead of one request, as in conformance/README.md')
    .option('--config-dir <dir>', 'where the configurations of the cases lie')
    .option('--jwks <file>', 'what each jwksUri serves (default: jwks-uris.json in the folder or beside it)')
    .option('--certs <dir>', 'client certificates of the cases (default: certs in the folder or beside it)')
    .addHelpText(
      'after',
      `
Examples:
  kfdoor explain https://localhost/pipeline/ -f profile:26.03
  kfdoor explain POST https://localhost/serving/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict \\
      --as sa:kubeflow-user-example-com/default-editor -f profile:26.03
  kfdoor explain http://ml-pipeline.kubeflow:8888/apis/v2beta1/runs --as mesh:kubeflow-user-example-com/default-editor -f mesh/
  kfdoor explain --cases cases/gateway.jsonl --config-dir configs`,
    )
    .action(async (method, url, options) => {
      if (options.cases !== undefined) {
        const { explainCases } = await import('../cases/explain-cases.ts')
        return explainCases(io, { ...options, cases: options.cases })
      }
      const target = url ?? method
      if (target === undefined || options.filename === undefined) {
        throw new Fault('ERR_USAGE', {
          message: target === undefined ? 'explain needs a URL' : 'explain needs a door: `-f PATH`',
          next: 'for example `kfdoor explain GET https://localhost/ -f profile:26.03`',
        })
      }
      const { explainOne } = await import('../explain/explain-one.ts')
      const verdict = await explainOne(io, {
        ...options,
        filename: options.filename,
        method: url === undefined ? 'GET' : (method ?? 'GET'),
        url: target,
      })
      io.exit(verdict === 'allow' ? exitCode.ok : verdict === 'unknown' ? exitCode.undecided : exitCode.no)
    })
