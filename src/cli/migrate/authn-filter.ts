import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { AuthnOffer, AuthnOffers } from '../../planner/index.ts'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { typed } from '../change/typed.ts'
import type { Io } from '../io.ts'

const ways = ['split-gateway', 'hosts', 'paths'] as const
const usualProvider = 'dex-auth-provider'

/** `kfdoor migrate authn-filter -f my-mesh/`, then `--by split-gateway` */
export const authnFilter = (io: Io) =>
  withChangeOptions(
    new Command('authn-filter')
      .summary('away from the EnvoyFilter that asks calls inside the cluster for a sign-in too')
      .description(
        'Without `--by` it lays three ways side by side, each with who would gain: a local gateway of its own, sign-in by hosts, sign-in by paths. With `--by` it makes the plan of one. istiod does not have to restart for any of them.',
      )
      .addOption(new Option('--by <way>', 'the way to plan').choices(ways))
      .option('--host <name...>', 'by hosts: where people sign in')
      .option('--path <pattern...>', 'by paths: what is not asked about, for example /v1/*')
      .option('--provider <name>', 'how the mesh calls the auth service', usualProvider)
      .option('--gateway <ns/name>', 'the door; default: kubeflow/kubeflow-gateway')
      .option('--local <ns/name>', 'the Gateway for calls inside; default: KServe’s'),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  kfdoor migrate authn-filter -f my-mesh/\n  kfdoor migrate authn-filter --by split-gateway -f my-mesh/ --apply\n  kfdoor migrate authn-filter --by hosts --host kubeflow.example.com --context prod',
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const { authnOffers, migrateAuthnFilter, shellWord } = await import('../../planner/index.ts')
      const { by, host, path, provider, gateway, local } = change
      const ask = {
        provider,
        ...(host && { hosts: host }),
        ...(path && { paths: path }),
        ...(gateway !== undefined && { gateway }),
        ...(local !== undefined && { local }),
      }
      if (by === undefined) {
        refuseWithoutWay(command, change)
        const { readWorld } = await import('../change/read-world.ts')
        const offered = authnOffers(await readWorld(io, change, 'migrate authn-filter'), ask)
        return io.out(
          change.output === 'json'
            ? JSON.stringify({ ways: offered.offers.map(asData) })
            : sideBySide(offered, shellWord),
        )
      }
      const { runChange } = await import('../change/run-change.ts')
      await runChange(io, command, change, {
        intent: 'migrate-authn-filter',
        subject: by,
        words: [
          'migrate',
          'authn-filter',
          '--by',
          by,
          ...typed({
            host,
            path,
            provider: provider === usualProvider ? undefined : provider,
            gateway,
            local,
          }),
        ],
        intend: (world) => migrateAuthnFilter(world, by, ask),
      })
    })

/** Side by side nothing is planned yet. @throws Fault ERR_USAGE */
function refuseWithoutWay(command: CommandUnknownOpts, options: ChangeOptions): void {
  const { apply, dryRun, verify, output, yes, autoRollback, wait } = options
  const kept = output === 'json' ? undefined : output
  const asked = Object.entries({
    '--apply': apply,
    '--yes': yes,
    '--dry-run': dryRun,
    '--verify': verify,
    '--auto-rollback': autoRollback,
    '--wait': wait,
    [`-o ${kept}`]: kept,
  }).find(([, value]) => value !== undefined)?.[0]
  const [extra] = command.args
  if (asked === undefined && extra === undefined) return
  throw new Fault('ERR_USAGE', {
    message:
      asked === undefined ? `\`${extra}\` is one argument too many` : `\`${asked}\` needs to know which way`,
    next: asked === undefined ? 'see `--help`' : `choose one with \`--by\`: ${ways.join(', ')}`,
  })
}

const asData = (offer: AuthnOffer) =>
  'refused' in offer
    ? offer
    : {
        way: offer.way,
        changes: offer.intended.changes.map(({ op, object }) => ({ op, object })),
        risks: offer.intended.risks,
        access: offer.access,
        istiodRestarts: false,
      }

/** One way below the other, the same lines of each, so that they can be compared. */
function sideBySide(
  { offers, ask: { hosts, paths } }: AuthnOffers,
  shellWord: (text: string) => string,
): string {
  const named = (flag: string, list: readonly string[] = []) =>
    list.length === 0 ? '' : ` ${flag} ${list.map(shellWord).join(' ')}`
  const words = { 'split-gateway': '', hosts: named('--host', hosts), paths: named('--path', paths) }
  const lines = offers.flatMap((offer, index) => {
    const head = `${index + 1}. --by ${offer.way}${words[offer.way]}`
    if ('refused' in offer) return [head, `   not here: ${inOneLine(offer.refused)}`, '']
    const { access, intended } = offer
    const gained = new Set(access.gained.map(({ principal }) => principal))
    const open = access.public.map(
      ({ witness, to }) => `${witness.method} ${witness.url} → ${serviceOf(to.upstream)}`,
    )
    const rows: readonly (readonly [string, string])[] = [
      [
        'changes',
        intended.changes.map(({ op, object }) => `${op} ${object.kind} ${object.name}`).join(', ') ||
          'none: it is so already',
      ],
      ['gain', gained.size === 0 ? 'nobody' : `${gained.size} callers, ${access.gained.length} ways`],
      [
        'open to all',
        open.length === 0
          ? 'nothing'
          : open.slice(0, 3).join('; ') + (open.length > 3 ? `; ${open.length - 3} more` : ''),
      ],
      [
        'lose',
        access.lost.length === 0
          ? 'nobody'
          : `${new Set(access.lost.map(({ principal }) => principal)).size} callers, for example ${access.lost[0]?.witness.method} ${access.lost[0]?.witness.url}`,
      ],
      ...(access.unknown.length > 0 ? [['unknown', `${access.unknown.length} ways`] as const] : []),
      ['istiod', 'does not have to restart'],
      ...intended.risks.filter((risk) => !risk.startsWith('istiod')).map((risk) => ['mind', risk] as const),
    ]
    return [head, ...rows.map(([name, text]) => `   ${name.padEnd(12)} ${text}`), '']
  })
  const split = offers.find(({ way }) => way === 'split-gateway')
  const advice =
    split === undefined || 'refused' in split
      ? 'Plan one of them: add `--by WAY` with what stands behind it.'
      : split.intended.changes.length === 0
        ? 'Nothing has to change: the gateway for calls inside has pods of its own, and asks nobody to sign in. Another way is planned by `--by WAY`.'
        : 'Plan one of them: add `--by split-gateway`, which asks for a sign-in at Kubeflow only.'
  return `${lines.join('\n')}\n${advice}`
}

const serviceOf = (upstream: string | null) => upstream?.split('|').at(-1) ?? '-'

/** A refusal: what is refused, why, and what to do then, a line each. */
function inOneLine(refusal: string): string {
  const [what = '', ...why] = refusal.split('\n').map((line) => line.trim())
  return `${what} ${why.join('; ')}`
}
