import { Fault } from '../../base/index.ts'
import type { Io } from '../io.ts'

/** Asks on a terminal; without one only `--yes` will do. @throws Fault ERR_USAGE */
export async function confirm(
  io: Io,
  question: string,
  yes: boolean,
  look = 'only look with `--dry-run client`',
): Promise<void> {
  if (yes) return
  if (!io.tty.in || !io.tty.err) {
    throw new Fault('ERR_USAGE', {
      message: 'nobody is here to be asked',
      next: `say \`--yes\` to go ahead, or ${look}`,
    })
  }
  const { ask } = await import('../prompt.ts')
  const answer = await ask(`${question} [y/N] `)
  if (/^y(es)?$/i.test(answer.trim())) return
  throw new Fault('ERR_USAGE', { message: 'not confirmed, nothing was done', next: 'answer `y` to go ahead' })
}
