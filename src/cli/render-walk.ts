import { styleText } from 'node:util'
import type { Walked } from '../compose/doctor/walk-door.ts'
import type { WalkedHop } from '../doctor/index.ts'
import type { Finding } from '../lint/index.ts'

const marks = { ok: ['ok', 'green'], broken: ['BROKEN', 'red'], skipped: ['-', 'dim'] } as const

/** One hop: what was seen, and below it what is wrong, why, and what helps. */
export function hopLine({ hop, state, seen, findings }: WalkedHop, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const [mark, style] = marks[state]
  return [
    `${hop.padEnd(12)} ${paint(style, mark.padEnd(7))} ${seen.join('; ')}`,
    ...findings.flatMap(({ code, severity, title, message, evidence, fix }) => [
      `  ${paint(severity === 'error' ? 'red' : severity === 'warning' ? 'yellow' : 'cyan', severity)} ${code} ${title}`,
      `    ${message}`,
      ...evidence
        .filter((each) => !message.includes(each) && !seen.includes(each))
        .map((each) => paint('dim', `    saw ${each}`)),
      ...(fix ? [`    fix: ${fix}`] : []),
    ]),
  ].join('\n')
}

/** The contract of `doctor -o json`. */
export function walkAsJson({ url, hops, recognised }: Walked, lint: readonly Finding[]): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Findings',
    url,
    ...(recognised && { door: recognised }),
    hops: hops.map(({ hop, state, seen }) => ({ hop, state, seen })),
    findings: [...hops.flatMap(({ hop, findings }) => findings.map((each) => ({ hop, ...each }))), ...lint],
  })
}
