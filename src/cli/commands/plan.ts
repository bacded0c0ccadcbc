import { Command, Option } from '@commander-js/extra-typings'
import { exitCode, type Io, wantsColour } from '../io.ts'

/** `kfdoor plan list`, `kfdoor plan show expose-iris-3f9a2c`, `kfdoor plan status expose-iris-3f9a2c` */
export const planCommand = (io: Io) =>
  new Command('plan')
    .summary('what is planned and applied')
    .description('Plans that were applied from here, and how far each is; or those of a file.')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(statusCommand(io))
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor plan list\n  kfdoor plan show expose-iris-3f9a2c\n  kfdoor plan status expose-iris-3f9a2c',
    )

const output = () =>
  new Option('-o, --output <format>', 'text, json')
    .choices(['text', 'json'] as const)
    .default('text' as const)

const listCommand = (io: Io) =>
  new Command('list')
    .summary('every plan that is kept here')
    .description('Every plan that `kfdoor apply` or `--apply` took up here, newest first; asks no cluster.')
    .addOption(output())
    .addHelpText('after', '\nExamples:\n  kfdoor plan list\n  kfdoor plan list -o json')
    .action(async (options) => {
      const { listPlans } = await import('../../compose/change/plan-status.ts')
      const { listText } = await import('../change/render.ts')
      const { plans, unreadable } = await listPlans(io.env)
      for (const each of unreadable) io.err(`left out, ${each}`)
      if (options.output === 'json') io.out(JSON.stringify({ plans }))
      else if (plans.length > 0) io.out(listText(plans))
      else
        io.err(
          'no plan is kept here: `kfdoor apply PLAN` keeps what it takes up, also where it is refused then',
        )
    })

const showCommand = (io: Io) =>
  new Command('show')
    .summary('a plan: its changes, and who gains and loses')
    .description('Prints a plan as it would be reviewed. Values of Secrets are left out in every form.')
    .argument('<plan>', 'a plan file, or the name of a plan that is kept')
    .addOption(
      new Option('-o, --output <format>', 'text, json, yaml')
        .choices(['text', 'json', 'yaml'] as const)
        .default('text' as const),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor plan show plan.yaml\n  kfdoor plan show expose-iris-3f9a2c -o yaml',
    )
    .action(async (what, options) => {
      const { findPlan } = await import('../../compose/change/plan-store.ts')
      const { planAsText } = await import('../change/render.ts')
      io.out(planAsText(findPlan(io.env, what), options.output, wantsColour(io, 'out')))
    })

const statusCommand = (io: Io) =>
  new Command('status')
    .summary('how far a plan is, object by object')
    .description(
      'Says of every object of a plan whether it is written, whether it was undone, and whether somebody changed it since: from the journal, and from the cluster where it answers. Writes nothing. Exits 1 where the plan is between two ends, or its objects were changed.',
    )
    .argument('<plan>', 'a plan file, or the name of a plan that is kept')
    .option('--offline', 'the journal alone')
    .option('--context <name>', 'another kubeconfig context than the plan was made from')
    .option('--kubeconfig <file>', 'where contexts are (default: KUBECONFIG, ~/.kube/config)')
    .option('--kube-as <user>', 'impersonate this user at the API server')
    .addOption(output())
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor plan status expose-iris-3f9a2c\n  kfdoor plan status plan.yaml -o json',
    )
    .action(async (what, options) => {
      const { findPlan } = await import('../../compose/change/plan-store.ts')
      const { planStatus } = await import('../../compose/change/plan-status.ts')
      const { statusText } = await import('../change/render.ts')
      const { withPlace } = await import('../change/with-place.ts')
      const plan = findPlan(io.env, what)
      const status =
        options.offline || plan.spec.source.kind === 'files'
          ? await planStatus(plan, io.env)
          : await withPlace(io, plan, options, (place) => planStatus(plan, io.env, place))
      io.out(options.output === 'json' ? JSON.stringify(status) : statusText(status, what))
      const between = status.state === 'applying' || status.state === 'rolling-back'
      io.exit(between || status.steps.some(({ edited }) => edited !== undefined) ? exitCode.no : exitCode.ok)
    })
