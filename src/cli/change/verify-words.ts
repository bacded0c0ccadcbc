import { Fault } from '../../base/index.ts'
import { checkReach } from '../../compose/verify/index.ts'
import type { DoorOptions } from '../door-options.ts'
import type { Io } from '../io.ts'

/** How the live door is asked after a change. */
export interface VerifyWords extends DoorOptions {
  /** Address of the live door. */
  readonly verify?: string
  readonly autoRollback?: boolean
  /** Seconds. */
  readonly timeout?: string
}

/**
 * Read before the first write: what is mistyped here would be found once all is written, and a usage error says
 * that nothing was done. Whether the door can be reached is not asked: it may be the change that makes it so.
 *
 * @throws Fault ERR_USAGE, ERR_FILE_UNREADABLE and what else the options name that is not there
 */
export function checkVerifyWords(io: Io, options: VerifyWords, timeoutOption = '--timeout'): void {
  const { verify, autoRollback, timeout, door, certificateAuthority, insecureSkipTlsVerify } = options
  if (autoRollback === true && verify === undefined) {
    throw new Fault('ERR_USAGE', {
      message: '`--auto-rollback` goes by what the live door answers',
      next: 'name it with `--verify URL`',
    })
  }
  readSeconds(timeout, timeoutOption)
  if (verify === undefined) return
  checkReach(io.env, { url: verify, door, certificateAuthority, insecure: insecureSkipTlsVerify })
}

export function readSeconds(text = '60', option = '--timeout'): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= 86_400) return seconds
  throw new Fault('ERR_USAGE', {
    message: `\`${option} ${text}\` is no number of seconds`,
    next: 'use 0 to 86400',
  })
}
