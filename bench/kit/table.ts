import type { Result } from './result.ts'

/** Results as a Markdown table that also reads well in a terminal. */
export function renderTable(results: readonly Result[]): string {
  const rows = [
    ['what', 'figure', 'min–max', 'against', 'ratio', 'goal', 'met'],
    ...results.map((each) => [
      each.rules === undefined ? each.name : `${each.name}, ${thousands(each.rules)} rules`,
      `${figure(each.value)} ${each.unit}`,
      each.min === undefined || each.max === undefined ? '' : `${figure(each.min)}–${figure(each.max)}`,
      each.peer ?? '',
      each.ratio === undefined ? '' : `${figure(each.ratio)} ×`,
      each.goal ?? '',
      each.met === undefined ? '' : each.met ? 'yes' : 'no',
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const [head = [], ...body] = rows
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  const notes = [...new Set(results.flatMap(({ note, name }) => (note ? [`- ${name}: ${note}`] : [])))]
  return [line(head), rule, ...body.map(line), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n')
}

/** Three significant digits are more than any of this is good for. */
function figure(value: number): string {
  if (Math.abs(value) >= 1000) return thousands(Math.round(value))
  return String(Number(value.toPrecision(3)))
}

function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ')
}
