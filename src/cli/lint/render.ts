import { styleText } from 'node:util'
import type { Finding, LintResult, Rule, Severity } from '../../lint/index.ts'
import { asJUnit } from '../junit.ts'
import { printable } from '../printable.ts'

const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const

/** For people: one block a finding, the place first, so that a terminal makes it a link. */
export function asText(result: LintResult, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const blocks = result.findings.map((finding) => {
    const { code, severity, message, evidence, fix } = finding
    const [first, ...others] = evidence
    const place = first ? printable(`${first.at.file}:${first.at.line}`) : ''
    return [
      `${paint('bold', place)}  ${paint(colours[severity], severity)}  ${code}`,
      `  ${printable(message)}`,
      ...others.map(({ at, text }) =>
        paint('dim', printable(`  see ${at.file}:${at.line}  ${oneLine(text)}`)),
      ),
      ...(fix
        ? [printable(`  fix: write \`${fix.with}\` for \`${fix.replace}\` on line ${fix.at.line}`)]
        : []),
    ].join('\n')
  })
  return [...blocks, summary(result)].join('\n\n')
}

function oneLine(text: string): string {
  const line = text.split('\n')[0] ?? ''
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}

function summary({ findings, suppressed }: LintResult): string {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  const counts = (['error', 'warning', 'info'] as const)
    .map((severity) => [count(severity), severity] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}${number > 1 && word !== 'info' ? 's' : ''}`)
  const quiet = suppressed.length > 0 ? `; ${suppressed.length} suppressed` : ''
  if (findings.length === 0) return `nothing found${quiet}`
  const example = findings[0]?.code ?? ''
  return `${counts.join(', ')}${quiet}. \`kfdoor explain-code ${example}\` says more about a code.`
}

/** The contract of `lint -o json`. */
export function asJson({ findings, suppressed }: LintResult): string {
  return JSON.stringify({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Findings',
    findings,
    suppressed: suppressed.map(({ finding, reason }) => ({ ...finding, reason })),
  })
}

/** One case a rule, and one more for what the readers found. */
export function asLintJUnit(
  { findings }: LintResult,
  rules: readonly Pick<Rule, 'code' | 'title'>[],
  now: number,
): string {
  return asJUnit(
    'kfdoor lint',
    rules.flatMap(({ code, title }) => {
      const own = findings.filter((finding) => finding.code === code)
      if (own.length === 0) return [{ suite: code, name: title }]
      return own.map((finding) => ({
        suite: code,
        name: `${title} (${place(finding)})`,
        failure: {
          type: finding.severity,
          message: finding.message,
          text: `${place(finding)}: ${finding.message}`,
        },
      }))
    }),
    now,
  )
}

/** Workflow commands of GitHub Actions: annotations on the lines of a pull request. */
export function asGitHub({ findings }: LintResult): string {
  const data = (text: string) => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A')
  const property = (text: string) => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C')
  const words = { error: 'error', warning: 'warning', info: 'notice' } as const
  return findings
    .map(({ severity, code, message, evidence: [first] }) => {
      const at = first ? `file=${property(first.at.file)},line=${first.at.line},` : ''
      return `::${words[severity]} ${at}title=${code}::${data(message).replace(/\p{Cc}/gu, '?')}`
    })
    .join('\n')
}

function place({ evidence: [first] }: Finding): string {
  return first ? `${first.at.file}:${first.at.line}` : 'mesh'
}
