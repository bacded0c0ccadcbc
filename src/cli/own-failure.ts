import { isFault } from '../base/index.ts'
import type { Io } from './io.ts'

/** `exec` and `why --` return the command's own code; a failure of ours must not look like one of those. */
export async function failWith125(io: Io, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isFault(error)) throw error
    io.err(`kfdoor: ${error.number}: ${error.message}`)
    io.exit(125)
  }
}
