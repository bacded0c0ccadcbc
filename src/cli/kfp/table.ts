import { columns } from '../explain/table.ts'

/** Rows below a head, as columns. */
export function table(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const named = head.map((each) => each.toUpperCase())
  return columns([named, ...rows.map((row) => row.map((cell) => cell ?? ''))], '   ').join('\n')
}

/** `2026-11-25 21:04` of an RFC 3339 time. */
export function shortTime(text: string | undefined): string {
  return text === undefined ? '' : text.slice(0, 16).replace('T', ' ')
}
