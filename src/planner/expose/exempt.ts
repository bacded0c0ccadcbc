/**
 * What is taken out of somebody's policy, in each of its operations: exactly these paths, or exactly the Host
 * headers of a host of its own, where nothing but the exposed thing is routed.
 */
import type { EditableObject } from '../changes.ts'

/** Paths begin with a slash, and hosts do not. */
type Gap = string

const fields = ['notPaths', 'notHosts'] as const
const fieldOf = (gap: Gap) => (gap.startsWith('/') ? 'notPaths' : 'notHosts')

/** A rule about everything gets an operation. */
export function addGaps(policy: EditableObject, gaps: readonly Gap[]): void {
  for (const rule of policy.spec?.rules ?? []) {
    rule.to ??= [{ operation: {} }]
    for (const entry of rule.to) {
      entry.operation ??= {}
      for (const gap of gaps) {
        const known: string[] = entry.operation[fieldOf(gap)] ?? []
        if (!known.includes(gap)) entry.operation[fieldOf(gap)] = [...known, gap]
      }
    }
  }
}

/** Takes them out again, and what was only there for them. */
export function removeGaps(policy: EditableObject, gaps: readonly Gap[]): void {
  for (const rule of policy.spec?.rules ?? []) {
    for (const { operation } of rule.to ?? []) {
      for (const field of fields) {
        const known: string[] | undefined = operation?.[field]
        const left = (known ?? []).filter((each) => !gaps.includes(each))
        if (known === undefined || left.length === known.length) continue
        if (left.length > 0) operation[field] = left
        else delete operation[field]
      }
    }
    const empty = (rule.to ?? []).every(
      (entry: EditableObject) => Object.keys(entry.operation ?? {}).length === 0,
    )
    if (rule.to !== undefined && empty) delete rule.to
  }
}
