import { Command } from '@commander-js/extra-typings'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { collect } from '../collect.ts'
import type { Io } from '../io.ts'

/** `kfdoor expose iris --to sa:team-a/ci` */
export const exposeCommand = (io: Io) =>
  withChangeOptions(
    new Command('expose')
      .summary('let named callers reach a model, a notebook, a Service or Pipelines, and nobody else')
      .description(
        'Makes a plan and stops: the route, the policies at the gateway and before the pod, and who gains by it, decided over all requests. What would open more than was asked for is refused.',
      )
      .argument('<what>', 'MODEL, NAMESPACE/MODEL, notebook/NAME, service/NAME, pipelines')
      .option(
        '--to <who>',
        'sa:NAMESPACE/NAME, user:EMAIL, group:NAME; of pipelines notebooks:NAMESPACE too; repeatable',
        collect,
      )
      .option('-n, --namespace <name>', 'where it is, if two have that name')
      .option('--audience <name>', "tokens of accounts have to carry it (default: the gateway's usual one)")
      .option('--methods <list>', 'GET,POST instead of those of its protocol')
      .option('--path <path>', 'where on the door (default: /models/NAMESPACE/NAME)')
      .option('--host <host>', 'a host of its own instead of a path')
      .option('--protocol <name>', 'v1, v2 or openai, where the InferenceService does not say')
      .option('--port <number>', 'of a Service that has several')
      .option('--public', 'to anyone who has the URL')
      .option('--yes-anyone-with-the-url', 'with --public: that is meant')
      .option(
        '--until <date>',
        'mark it to end with that day (UTC), or at a time with its zone; `kfdoor lint` says so once it is past (KFD0227)',
      )
      .option('--gateway <name>', 'NAMESPACE/NAME of the Gateway, if several could be the door')
      .option(
        '--issuer <url>',
        "who signs accounts' tokens (default: found, in both spellings); repeatable",
        collect,
      )
      .option('--jwks-uri <url>', 'where its keys are, as the mesh reaches them (default: found)')
      .option('--timeout <duration>', 'of the route (default: 300s)'),
  )
    .addHelpText(
      'after',
      `
Nothing is written without \`--apply\`. \`kfdoor unexpose\` takes it back.

Examples:
  kfdoor expose sklearn-iris --to sa:team-a/ci -f profile:26.03
  kfdoor expose sklearn-iris --to user:user@example.com --to group:ml -f mesh/ --apply
  kfdoor expose sklearn-iris --to sa:team-a/ci --until 2030-12-31 -o kustomize exposed/
  kfdoor expose notebook/my-notebook --to sa:team-a/ci -o plan > plan.yaml
  kfdoor expose pipelines --to notebooks:team-a
  kfdoor expose pipelines --to sa:ci/deployer -n team-a`,
    )
    .action(async (what, options, command) => {
      const { readExpose, readPipelinesGrantees, readUntil, refuseMeaningless } = await import(
        '../change/read-expose.ts'
      )
      const { runChange } = await import('../change/run-change.ts')
      const { expose, exposePipelines } = await import('../../planner/index.ts')
      const words = wordsOf('expose', what, options)
      if (what === 'pipelines') {
        refuseMeaningless(what, options)
        const { namespace } = options
        const asked = {
          to: readPipelinesGrantees(options.to),
          ...readUntil(options.until),
          ...(namespace && { namespace }),
        }
        await runChange(io, command, command.opts() as ChangeOptions, {
          intent: 'expose',
          subject: what,
          words,
          intend: (world) => exposePipelines(world, asked),
        })
        return
      }
      const ask = readExpose(what, options)
      await runChange(io, command, command.opts() as ChangeOptions, {
        intent: 'expose',
        subject: ask.name,
        words,
        intend: (world) => expose(world, ask),
      })
    })

/** The command as it can be typed again; where the door is read from is left out. */
export function wordsOf(
  name: string,
  what: string,
  options: Readonly<Record<string, unknown>>,
): readonly string[] {
  const own = [
    'filename',
    'snapshot',
    'context',
    'kubeconfig',
    'istioVersion',
    'output',
    'apply',
    'yes',
    'dryRun',
  ]
  const words = Object.entries(options).flatMap(([key, value]) => {
    if (own.includes(key) || value === undefined || value === false) return []
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (value === true) return [flag]
    return (Array.isArray(value) ? value : [value]).flatMap((each) => [flag, String(each)])
  })
  return [name, what, ...words]
}
