import { resolve } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import { Fault } from '../../base/index.ts'
import type { StoreKind } from '../../pki/index.ts'
import { exitCode, type Io } from '../io.ts'
import { caFile, dir, output, rootFile } from './options.ts'

export const install = (io: Io) =>
  changeStores(
    io,
    'install',
    'put the root into the trust stores of this machine',
    `\nExamples:\n  kfdoor ca install --dir my-ca --dry-run\n  kfdoor ca install --dir my-ca --store nss --yes\n  kfdoor ca install --ca ca.crt --root /mnt/image --store system --yes\n\nIt prints what it would do and asks; nothing is done before.`,
  )

export const uninstall = (io: Io) =>
  changeStores(
    io,
    'uninstall',
    'take the root out of the trust stores again',
    `\nExamples:\n  kfdoor ca uninstall --dir my-ca --dry-run\n  kfdoor ca uninstall --dir my-ca --yes`,
  )

function changeStores(io: Io, name: 'install' | 'uninstall', summary: string, examples: string) {
  return new Command(name)
    .summary(summary)
    .addOption(dir())
    .addOption(caFile())
    .addOption(
      new Option(
        '--store <kind...>',
        'system, nss (Chromium on Linux, Firefox), java (JAVA_HOME); default: all there are',
      )
        .choices(['system', 'nss', 'java'] as const)
        .default(['system', 'nss', 'java'] as const),
    )
    .option(
      '--root <folder>',
      'the system that lies in a folder, an image for example, instead of this one',
      '/',
    )
    .option('--unlimited', 'also a root that could vouch for every site')
    .option('--dry-run', 'only print what would be done')
    .option('--yes', 'do it without asking')
    .addOption(output())
    .addHelpText('after', examples)
    .action(async (options) => {
      const { formerRoots, isAsMeant, isDone, needsSudo, runSteps, stepText, thisMachine } = await import(
        '../../compose/ca/trust.ts'
      )
      const { readNeeded, rootToTrust, trustStores } = await import('../../pki/index.ts')
      const file = resolve(await rootFile(io, options))
      // Taking out is always allowed, whatever the root may sign.
      const root = rootToTrust(readNeeded(file), file, options.unlimited || name === 'uninstall')
      const folder = resolve(options.root)
      const kinds =
        folder === '/' ? options.store : options.store.filter((kind: StoreKind) => kind === 'system')
      const machine = thisMachine(io.env, folder)
      const { stores, unusable } = trustStores(machine, root, file, kinds)
      const plan = stores.map((store) => ({ root, store, steps: store[name] }))
      for (const path of name === 'uninstall' ? formerRoots(file) : []) {
        const former = rootToTrust(readNeeded(path), path, true)
        for (const store of trustStores(machine, former, path, kinds).stores) {
          // Where nobody can tell, it may not be there.
          const steps = store.uninstall.map((step) =>
            step.do === 'run' ? { ...step, mayFail: true as const } : step,
          )
          if (!(await isDone(store, former.pem, name, io.env))) plan.push({ root: former, store, steps })
        }
      }
      if (options.output === 'json') {
        const told = plan.map(({ store, steps }) => ({
          kind: store.kind,
          what: store.what,
          who: store.who,
          steps: steps.map((step) => stepText(step, needsSudo())),
        }))
        io.out(
          JSON.stringify({
            root: root.name,
            done: Boolean(options.yes) && !options.dryRun,
            stores: told,
            unusable,
          }),
        )
      } else {
        for (const { store, steps } of plan) {
          io.out(`${store.what} (${store.who})`)
          for (const step of steps) io.out(`  ${stepText(step, needsSudo())}`)
        }
        for (const { what, why } of unusable) io.err(`${what}: left out, ${why}`)
      }
      if (plan.length === 0) {
        throw new Fault('ERR_USAGE', {
          message: 'there is no trust store here that can be changed',
          next: 'see `kfdoor ca env` for variables instead',
        })
      }
      if (options.dryRun) return
      if (!options.yes && !(await agreed(io))) {
        io.err('nothing was changed; `--yes` does it without asking')
        return io.exit(exitCode.usage)
      }
      let failed = false
      for (const { root, store, steps } of plan) {
        try {
          if (await isDone(store, root.pem, name, io.env)) {
            io.err(
              `${store.what}: ${name === 'install' ? `trusts ${root.name} already` : `does not hold ${root.name}`}`,
            )
            continue
          }
          await runSteps(steps, io.env)
          if (isAsMeant(store, root.pem, name) === false) {
            failed = true
            io.err(
              `${store.what}: the programs did what was asked, and ${store.bundle} ${name === 'install' ? 'does not hold the root' : 'still holds the root'}`,
            )
            continue
          }
          io.err(
            `${store.what}: ${name === 'install' ? `trusts ${root.name}` : `no longer holds ${root.name}`}`,
          )
        } catch (error) {
          // The other stores are as good as before.
          failed = true
          io.err(`${store.what}: ${(error as Error).message}`)
        }
      }
      if (failed) io.exit(exitCode.no)
      else if (name === 'install') io.err('programs that run already may have to be started again')
    })
}

async function agreed(io: Io): Promise<boolean> {
  if (!io.tty.in || !io.tty.err) return false
  const { ask } = await import('../prompt.ts')
  return /^y(es)?$/i.test((await ask('Do it? [y/N] ')).trim())
}
