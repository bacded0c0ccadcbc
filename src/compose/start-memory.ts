import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what starting took: trees of YAML, what the compiler needed, a young generation grown to its
 * largest. V8 does so only while it allocates, and a server nobody asks does not. Before it is ready the
 * pause is nobody's; where there is no such collection, there is a little more memory.
 */
export function giveBackStartMemory(): void {
  try {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    setFlagsFromString('--no-expose-gc')
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  } catch {
    // A V8 without it.
  }
}
