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

const comment = /#\s*kfdoor:ignore\s+(KFD\d{4})[ \t:]*(.*)$/

/** Lines below the comment that it still speaks of. */
const reach = 3

export function suppressionsIn(inputs: readonly MeshInput[]): readonly Suppression[] {
  return inputs.flatMap(({ file, text }) => {
    if (!text.includes('kfdoor:ignore')) return []
    return text.split('\n').flatMap((line, index) => {
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
  const unreasoned = suppressions.filter(({ reason }) => reason === '')
  const able = suppressions.filter(({ reason }) => reason !== '')
  const used = new Set<Suppression>()
  const kept: Finding[] = []
  const suppressed: { finding: Finding; by: Suppression }[] = []
  for (const finding of findings) {
    const by = able.find((one) => one.code === finding.code && speaksOf(one, finding))
    if (by === undefined) kept.push(finding)
    else {
      used.add(by)
      suppressed.push({ finding, by })
    }
  }
  return { kept, suppressed, unreasoned, idle: able.filter((one) => !used.has(one)) }
}

function speaksOf({ at }: Suppression, { evidence }: Finding): boolean {
  const first = evidence[0]?.at
  return first?.file === at.file && first.line >= at.line && first.line <= at.line + reach
}
