/**
 * `npm run attacks -- --dir DIR -o json`: any set of attacks in the format of its own README, put to
 * the real gateway, sign-in, issuer and ext_authz service on loopback.
 */
import { parseArgs } from 'node:util'
import { readFolder } from './format.ts'
import { runAttacks } from './run.ts'

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: new URL('.', import.meta.url).pathname },
    output: { type: 'string', short: 'o', default: 'text' },
    only: { type: 'string', multiple: true },
  },
})

const attacks = readFolder(values.dir).filter(
  ({ id, class: of, against }) =>
    values.only === undefined || values.only.some((one) => [id, of, against].includes(one)),
)
const { verdicts, controls } = await runAttacks(attacks, ({ attack, outcome, why }) => {
  if (outcome !== 'held')
    process.stderr.write(`${outcome} ${attack.id} ${attack.class}: ${attack.why}\n  ${why}\n`)
})
const ids = (outcome: string) =>
  verdicts.filter((one) => one.outcome === outcome).map(({ attack }) => attack.id)
const result = {
  attacks: verdicts.length,
  held: ids('held').length,
  through: ids('through'),
  unrun: ids('unrun'),
  controls: { n: controls.n, ok: controls.ok },
}
for (const failed of controls.failed) process.stderr.write(`control failed: ${failed}\n`)
if (values.output === 'json') process.stdout.write(`${JSON.stringify(result)}\n`)
else
  process.stdout.write(
    `${result.held} of ${result.attacks} attacks held, ${result.through.length} through, ${result.unrun.length} not run; ${controls.ok} of ${controls.n} controls ok\n`,
  )
process.exitCode = result.through.length > 0 || controls.ok < controls.n ? 1 : 0
