/**
 * Findings somebody has looked at and wants no more: a comment on the line, or on one of the three
 * above it, `# kfdoor:ignore KFD0215 public on purpose, see #12`. The reason is not optional.
 */
import type { At } from '../base/index.ts'
import type { MeshInput } from '../mesh/index.ts'
import type { Finding } from './rule.ts'

export interface Suppression {
  readonly at: At
  readonly code: string
  readonly reason: string
}

/** The code is asked for later: one that is none has to be told. */
const comment = /#\s*kfdoor:ignore\b[ \t]*(\S*?)(?::?[ \t]+(.*))?$/

/** Lines below the comment that it still speaks of. */
const reach = 3

export function suppressionsIn(inputs: readonly MeshInput[]): readonly Suppression[] {
  return inputs.flatMap(({ file, text }) => {
    if (!text.includes('kfdoor:ignore')) return []
    return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
      const found = comment.exec(line)
      if (found === null) return []
      const [, code = '', reason = ''] = found
      return [{ at: { file, line: index + 1 }, code, reason: reason.trim() }]
    })
  })
}

export interface Sifted {
  readonly kept: readonly Finding[]
  readonly suppressed: readonly { readonly finding: Finding; readonly by: Suppression }[]
  /** Comments that speak of nothing, and comments without a reason. */
  readonly idle: readonly Suppression[]
  readonly unreasoned: readonly Suppression[]
}

export function sift(findings: readonly Finding[], suppressions: readonly Suppression[]): Sifted {
  const isAble = ({ code, reason }: Suppression) => reason !== '' && /^KFD\d{4}$/.test(code)
  const unreasoned = suppressions.filter((one) => !isAble(one))
  const able = suppressions.filter(isAble)
  const used = new Set<Suppression>()
  const kept: Finding[] = []
  const suppressed: { finding: Finding; by: Suppression }[] = []
  // Each speaks of the first line it finds something on: what a list holds further down is another finding.
  const lineOf = new Map(
    able.map((one) => [
      one,
      Math.min(
        ...findings
          .filter((finding) => speaksOf(one, finding))
          .map(({ evidence }) => evidence[0]?.at.line ?? 0),
      ),
    ]),
  )
  for (const finding of findings) {
    const by = able.find((one) => speaksOf(one, finding) && finding.evidence[0]?.at.line === lineOf.get(one))
    if (by === undefined) kept.push(finding)
    else {
      used.add(by)
      suppressed.push({ finding, by })
    }
  }
  return { kept, suppressed, unreasoned, idle: able.filter((one) => !used.has(one)) }
}

function speaksOf({ at, code }: Suppression, finding: Finding): boolean {
  const first = finding.evidence[0]?.at
  return (
    code === finding.code && first?.file === at.file && first.line >= at.line && first.line <= at.line + reach
  )
}
