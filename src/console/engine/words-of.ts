import { type Fault, isFault } from '../../base/index.ts'

/** What went wrong in an engine, in words; nobody is shown a stack. */
export function wordsOf(error: unknown): string {
  if (isFault(error)) return `${(error as Fault).number}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
