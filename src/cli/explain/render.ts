import type { Explanation, Step } from '../../policy/index.ts'
import type { Answered } from './answer-question.ts'
import { columns, type Paint, painter, widthOf } from './table.ts'
import {
  aroundText,
  decidingStep,
  hopName,
  identityOf,
  nameOf,
  outcome,
  sentence,
  shorten,
  wayIn,
} from './words.ts'

interface Style {
  /** Every step, not only those that tell something. */
  readonly trace: boolean
  readonly colour: boolean
  /** Of the terminal; undefined = lines may be as long as they like. */
  readonly width: number | undefined
}

/** Steps that changed nothing and stand for the usual. */
function isQuiet({ outcome, reason }: Step): boolean {
  return outcome === 'missed' || reason === 'envoy-filter-harmless'
}

/** A table of hops and steps, the deciding one marked, and below it what came of the request. */
export function asTable(answered: Answered, style: Style): string {
  const { question, as, result } = answered
  const paint = painter(style.colour)
  const deciding = decidingStep(result)
  const shown = result.steps.filter((step) => style.trace || step === deciding || !isQuiet(step))
  const request = `${question.method} ${question.scheme}://${question.host}${question.path}`
  return [
    paint('bold', request),
    `as ${as}, ${wayIn(result)}`,
    '',
    ...tableOf(result, shown, deciding, paint, style),
    '',
    ...summary(answered, deciding, paint),
  ].join('\n')
}

function tableOf(
  result: Explanation,
  steps: readonly Step[],
  deciding: Step | undefined,
  paint: Paint,
  { width, trace }: Style,
): string[] {
  const rows = steps.map((step) => {
    const decides = step === deciding
    return [
      decides ? paint('bold', '>') : ' ',
      decides ? paint('bold', step.phase) : step.phase,
      paint(outcomeStyle(step, decides), step.outcome),
      nameOf(step),
      step.at === undefined ? '' : paint('dim', `${step.at.file}:${step.at.line}`),
      trace ? sentence(step) : shorten(sentence(step)),
    ]
  })
  const lines = columns(rows)
  const fits = width === undefined || lines.every((line) => widthOf(line) <= width)
  // On a narrow terminal the place goes on a line of its own.
  const heads = columns(rows.map((row) => [...row.slice(0, 3), row[5] as string]))
  const indent = ' '.repeat(widthOf(columns(rows.map((row) => [...row.slice(0, 3), '.']))[0] ?? '') - 1)
  const out: string[] = []
  let hop = -1
  for (const [index, step] of steps.entries()) {
    if (step.hop !== hop) {
      hop = step.hop
      if (out.length > 0) out.push('')
      out.push(paint('underline', `hop ${hop}: ${hopName(result, hop)}`))
    }
    if (fits) {
      out.push(lines[index] as string)
      continue
    }
    out.push(heads[index] as string)
    const place = [nameOf(step), step.at === undefined ? '' : `${step.at.file}:${step.at.line}`]
    for (const part of place) if (part !== '') out.push(indent + paint('dim', part))
  }
  return out
}

function outcomeStyle(step: Step, decides: boolean): Parameters<Paint>[0] {
  switch (step.outcome) {
    case 'rejected':
      return decides ? ['red', 'bold'] : 'red'
    case 'matched':
    case 'passed':
      return 'green'
    case 'near-miss':
    case 'unknown':
      return 'yellow'
    default:
      return 'dim'
  }
}

const verdictStyles: Readonly<Record<Explanation['verdict'], Parameters<Paint>[0]>> = {
  allow: ['green', 'bold'],
  deny: ['red', 'bold'],
  challenge: ['yellow', 'bold'],
  redirect: ['cyan', 'bold'],
  'not-found': ['red', 'bold'],
  unavailable: ['red', 'bold'],
  unknown: ['yellow', 'bold'],
}

function summary(answered: Answered, deciding: Step | undefined, paint: Paint): string[] {
  const { result, signedIn } = answered
  const rows: string[][] = []
  rows.push([paint(verdictStyles[result.verdict], result.verdict), outcome(answered)])
  const identity = identityOf(result)
  if (identity !== '') rows.push(['identity', identity])
  if (deciding !== undefined) {
    const name = nameOf(deciding)
    const at = deciding.at === undefined ? '' : `, ${deciding.at.file}:${deciding.at.line}`
    rows.push([
      'decided by',
      name === '' ? `${sentence(deciding)} (${result.reason})` : `${name}${at} (${result.reason})`,
    ])
  } else rows.push(['reason', result.reason])
  if (signedIn !== undefined) {
    rows.push([
      'signed in',
      `${signedIn.result.verdict} as ${signedIn.as}: ${outcome({ ...answered, ...signedIn })}`,
    ])
  }
  for (const entrance of answered.around) {
    rows.push([paint('yellow', 'around it'), aroundText(entrance)])
  }
  return columns(rows, '   ')
}
