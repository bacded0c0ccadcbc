/** Rows as columns, the last not padded. */
export function table(head: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const all = [head.map((each) => each.toUpperCase()), ...rows.map((row) => row.map((cell) => cell ?? ''))]
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

/** `2026-11-25 21:04` of an RFC 3339 time. */
export function shortTime(text: string | undefined): string {
  return text === undefined ? '' : text.slice(0, 16).replace('T', ' ')
}
