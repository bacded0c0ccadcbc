import type { Io } from './io.ts'

/** On stderr, and only where somebody watches. */
export function progress(io: Io, text: string): void {
  if (io.tty.err) io.err(`${text} …`)
}
