import type { Explanation, Step } from '../../policy/index.ts'

interface Style {
  readonly trace: boolean
}

/** The contract of `explain -o json`: the fields of `--cases`, and steps with their place. */
export function asJson(result: Explanation): string {
  const { decision, verdict, reason, steps, checks } = result
  const outcome =
    decision.kind === 'forward'
      ? {
          upstream: decision.upstream,
          upstreamMethod: decision.method,
          upstreamPath: decision.path,
          upstreamHost: decision.host,
          upstreamHeaders: decision.headers.filter(([name]) => name !== 'authorization'),
        }
      : decision.kind === 'reply'
        ? { status: decision.status, body: decision.body, responseHeaders: decision.headers }
        : decision.kind === 'drop'
          ? { error: decision.error }
          : {}
  return JSON.stringify({
    id: `${result.request.method} ${result.request.scheme}://${result.request.host}${result.request.path}`,
    ...outcome,
    checks: checks.map(({ service, method, path, host }) => ({ service, method, path, host })),
    verdict,
    reason,
    steps,
  })
}

/** Steps that changed nothing and stand for the usual. */
const quiet = new Set<Step['outcome']>(['missed', 'skipped'])

export function asTable(result: Explanation, style: Style): string {
  const { request, decision, steps } = result
  const deciding = decidingStep(result)
  const rows = steps
    .filter((step) => style.trace || step === deciding || !quiet.has(step.outcome))
    .map((step) => [
      step === deciding ? '>' : ' ',
      String(step.hop),
      step.phase,
      nameOf(step),
      step.at === undefined ? '' : `${step.at.file}:${step.at.line}`,
      step.outcome,
      step.text ?? step.reason,
    ])
  const head = ['', 'hop', 'phase', 'object', 'where', 'outcome', 'why']
  const line = `${request.method} ${request.scheme}://${request.host}${request.path}`
  return [
    `${line}   from ${result.entry}`,
    '',
    ...columns([head, ...rows]),
    '',
    summary(result, decision),
  ].join('\n')
}

/** The last step that carries the reason of the whole. */
function decidingStep({ steps, reason }: Explanation): Step | undefined {
  return steps.findLast((step) => step.reason === reason) ?? steps.at(-1)
}

function nameOf({ object, rule }: Step): string {
  if (object === undefined) return rule ?? ''
  const name = `${object.kind} ${object.namespace}/${object.name}`
  return rule === undefined ? name : `${name} ${rule}`
}

function summary(result: Explanation, decision: Explanation['decision']): string {
  const { verdict, reason } = result
  switch (decision.kind) {
    case 'forward':
      return `${verdict}: reaches ${decision.upstream} as ${decision.method} ${decision.path}, Host ${decision.host} (${reason})`
    case 'reply': {
      const location = decision.headers.find(([name]) => name === 'location')?.[1]
      const to = location === undefined ? '' : ` to ${location}`
      return `${verdict}: answered ${decision.status}${to}${decision.body === '' ? '' : ` "${decision.body}"`} (${reason})`
    }
    case 'drop':
      return `${verdict}: ${decision.error} (${reason})`
    default:
      return `${verdict} (${reason})`
  }
}

/** The last column is not padded, so that long sentences do not trail blanks. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
