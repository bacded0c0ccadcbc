/** A code span that nothing in it can end, on one line, in a cell of a table too: a name of the YAML stays a name. */
export function codeSpan(text: string, most = 300): string {
  // What turns a line's direction or is not seen would show another name than is there.
  const line = [...text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')]
    .slice(0, most)
    .join('')
    .replace(/\|/g, '\\|')
  const ticks = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(ticks + 1)
  const pad = /^`|`$/.test(line) ? ' ' : ''
  return line === '' ? '' : `${fence}${pad}${line}${pad}${fence}`
}
