import { Command, Option } from '@commander-js/extra-typings'
import { type DoorOptions, withDoorOptions } from '../door-options.ts'
import { exitCode, type Io } from '../io.ts'

/** `kfdoor infer team/iris -d @input.json` */
export const inferCommand = (io: Io) =>
  withDoorOptions(
    new Command('infer')
      .summary('ask a model: KServe V1, V2 (REST or gRPC), or OpenAI completions')
      .description(
        'Finds how the door routes to the model (by path or by host), sends the input in the protocol it is written in, and prints the answer. Answers of OpenAI models with `"stream": true` are printed as they come.',
      )
      .argument('<model>', 'NAMESPACE/NAME, or NAME in the namespace you own')
      .requiredOption('-d, --data <json>', 'the input: JSON, `@FILE`, or `@-` for stdin')
      .option('--url <url>', 'a door by its address')
      .addOption(
        new Option('--protocol <name>', 'default: by the input')
          .choices(['auto', 'v1', 'v2', 'openai'] as const)
          .default('auto' as const),
      )
      .option('--grpc', 'V2 over gRPC; also chosen by `--url grpcs://HOST` or `grpc://HOST`')
      .option('--context <name>', 'the ingress gateway of this kubeconfig context, found by its Service')
      .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
      .option('--host <name>', 'the model’s own host, where it is known')
      .option('--path <path>', 'the model’s path at the door, where it is known'),
  )
    .addHelpText(
      'after',
      `
Examples:
  kfdoor infer kubeflow-user-example-com/sklearn-iris -d '{"instances": [[6.8, 2.8, 4.8, 1.4]]}'
  kfdoor infer sklearn-iris -d @input.json
  kfdoor infer sklearn-irisv2 --grpc -d @input.json
  kfdoor infer team/iris --context prod -d @input.json
  kfdoor infer llama -d '{"model": "llama", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'`,
    )
    .action(
      async (
        model,
        options: DoorOptions & {
          data: string
          url?: string
          grpc?: boolean
          context?: string
          kubeconfig?: string
          protocol: 'auto' | 'v1' | 'v2' | 'openai'
          host?: string
          path?: string
        },
      ) => {
        const { withDoor } = await import('../kfp/door.ts')
        const { inferAt } = await import('../kfp/infer.ts')
        const scheme = /^grpc(s?):/i.exec(options.url ?? '')
        const { ingressFor } = await import('../kfp/ingress.ts')
        const ingress = await ingressFor(io, options)
        const url = ingress?.url.href ?? options.url?.replace(/^grpc/i, 'http')
        const wanted = { ...options, url, grpc: options.grpc ?? scheme !== null }
        try {
          await withDoor(io, wanted, (door) => inferAt(io, door, model, wanted))
        } finally {
          ingress?.close()
        }
        io.exit(exitCode.ok)
      },
    )
