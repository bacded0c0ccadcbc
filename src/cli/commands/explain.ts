import { questionCommand } from '../explain/question-command.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'

/** `kfdoor explain GET https://kubeflow.example.com/pipeline --as anonymous -f mesh.yaml` */
export const explainCommand = (io: Io) =>
  questionCommand('explain')
    .summary('what a door answers to a request, and which line of YAML decides it')
    .description(
      'Follows one request from the gateway to the workload, hop by hop, as the Istio of that YAML would decide it, and names the object, rule and line behind each step. Nothing is sent anywhere.',
    )
    .usage('[options] [METHOD] URL\n       kfdoor explain [options] -- curl …')
    .option('--trace', 'every step, not only those that tell something')
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
  kfdoor explain -f profile:26.03 -- curl -k -H 'Authorization: Basic dTpw' https://localhost/pipeline/apis/v2beta1/runs
  kfdoor explain http://ml-pipeline.kubeflow:8888/apis/v2beta1/runs --as mesh:kubeflow-user-example-com/default-editor -f mesh/
  kfdoor explain --cases cases/gateway.jsonl --config-dir configs

Exit codes: 0 allow, 1 any other verdict, 2 bad input, 6 unknown.`,
    )
    .action(async (words, options) => {
      if (options.cases !== undefined) {
        const { explainCases } = await import('../cases/explain-cases.ts')
        return explainCases(io, { ...options, cases: options.cases })
      }
      const { explainOne } = await import('../explain/explain-one.ts')
      const answered = await explainOne(io, 'explain', words, options)
      if (options.output === 'json') {
        const { asJson } = await import('../explain/as-json.ts')
        io.out(asJson(answered))
      } else {
        const { asTable } = await import('../explain/render.ts')
        const { trace = false } = options
        io.out(asTable(answered, { trace, colour: wantsColour(io, 'out'), width: io.columns }))
      }
      io.exit(exitOf(answered.result.verdict))
    })

/** 0 = it gets there, 6 = nobody can tell, 1 = everything else. */
export function exitOf(verdict: string): number {
  return verdict === 'allow' ? exitCode.ok : verdict === 'unknown' ? exitCode.undecided : exitCode.no
}
