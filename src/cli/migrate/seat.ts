import { Command } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { Seat } from '../../planner/index.ts'
import { type ChangeOptions, withChangeOptions } from '../change/options.ts'
import { typed } from '../change/typed.ts'
import type { Io } from '../io.ts'

/** `kfdoor migrate oauth2-proxy -f profile:26.03` */
export const seat = (io: Io, which: Seat) =>
  withChangeOptions(
    new Command(which)
      .summary(
        `kfdoor in the seat of ${which === 'authservice' ? 'oidc-authservice' : which}: image and command, nothing else`,
      )
      .option('--image <image>', 'the image of kfdoor; default: of this version')
      .option('--workload <ns/name>', 'what runs it; default: found by its image')
      .option('--fallback <url>', 'an old one that still runs: asked about cookies kfdoor does not know')
      .option('--shadow <url>', 'an old one that answers for now; differences are logged'),
  )
    .addHelpText(
      'after',
      `\nExamples:\n  kfdoor migrate ${which} -f profile:${which === 'authservice' ? 'v1.8' : '26.03'}\n  kfdoor migrate ${which} --context prod`,
    )
    .action(async (options, command) => {
      const change = command.opts() as ChangeOptions & typeof options
      const isCluster = !change.filename && !change.snapshot
      const isKept = change.apply || change.output === 'plan' || change.dryRun === 'server'
      const { isInPart, migrateAuthService, seatIn, seatOf, textOf } = await import('../../planner/index.ts')
      const { seatSettings } = await import('../../compose/change/seat-settings.ts')
      const { runChange } = await import('../change/run-change.ts')
      const { packageVersion } = await import('../commands/version.ts')
      const { image, workload, fallback, shadow } = change
      await runChange(io, command, change, {
        intent: `migrate-${which}`,
        subject: 'seat',
        words: ['migrate', which, ...typed({ image, workload, fallback, shadow })],
        whole: (object) => seatIn(which, object) !== undefined,
        intend: (world) => {
          const intended = migrateAuthService(world, which, {
            image: image ?? `kfdoor:${packageVersion()}`,
            ...(workload !== undefined && { workload }),
            ...(fallback !== undefined && { fallback }),
            ...(shadow !== undefined && { shadow }),
          })
          const seated = seatOf(world, which, workload)
          const { refused: reasons, idle } =
            seated === undefined
              ? { refused: [], idle: [] }
              : seatSettings(world.mesh, which, seated, { fallback, shadow })
          if (reasons.length > 0) {
            throw new Fault('ERR_INTENT_REFUSED', {
              intent: `migrate ${which}`,
              reasons: reasons.map((reason) => `kfdoor would not start there: ${reason}`),
              next: 'take that away first; docs/compat.md says what stands for it',
            })
          }
          const hidden = intended.changes.find((each) => each.op === 'update' && isInPart(each.before))
          if (isKept && isCluster && hidden !== undefined) {
            throw new Fault('ERR_INTENT_REFUSED', {
              intent: `migrate ${which}`,
              reasons: [
                `something in ${textOf(hidden.object)} may be secret (a variable, a flag, an annotation), so it is read in part and no plan of it can be carried out`,
              ],
              next: 'move it into a Secret; or leave out `--apply`, `-o plan` and `--dry-run server`: the page shows the line to type, `kubectl patch`',
            })
          }
          return { ...intended, risks: [...intended.risks, ...idle] }
        },
      })
    })
