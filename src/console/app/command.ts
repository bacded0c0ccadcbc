import { start } from './state.ts'

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

export const commandLine = (...words: readonly string[]): string => ['kfdoor', ...words].map(quoted).join(' ')

/** The options that name the door this page shows. */
export const doorWords = (): readonly string[] => start.value?.source.words ?? []

/** Headers that may be shown in an address or a command: what is secret by name is not. */
export const isSecretHeader = (line: string): boolean =>
  /^\s*((proxy-)?authorization|cookie|set-cookie|x-csrf-token|[^:]*(token|secret|password|session|key)[^:]*)\s*:/i.test(
    line,
  )
