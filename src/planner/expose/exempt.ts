/** Paths taken out of somebody's policy: exactly these, and each only where the rule takes it. */
import type { EditableObject } from '../changes.ts'

/** Adds the patterns to `notPaths` of every operation; a rule about everything gets an operation. */
export function addNotPaths(policy: EditableObject, patterns: readonly string[]): void {
  for (const rule of policy.spec?.rules ?? []) {
    rule.to ??= [{ operation: {} }]
    for (const entry of rule.to) {
      entry.operation ??= {}
      const known: string[] = entry.operation.notPaths ?? []
      entry.operation.notPaths = [...known, ...patterns.filter((pattern) => !known.includes(pattern))]
    }
  }
}

/** Takes them out again, and what was only there for them. */
export function removeNotPaths(policy: EditableObject, patterns: readonly string[]): void {
  for (const rule of policy.spec?.rules ?? []) {
    for (const entry of rule.to ?? []) {
      const left = (entry.operation?.notPaths ?? []).filter((each: string) => !patterns.includes(each))
      if (entry.operation === undefined || left.length === (entry.operation.notPaths ?? []).length) continue
      if (left.length > 0) entry.operation.notPaths = left
      else delete entry.operation.notPaths
    }
    const empty = (rule.to ?? []).every(
      (entry: EditableObject) => Object.keys(entry.operation ?? {}).length === 0,
    )
    if (rule.to !== undefined && empty) delete rule.to
  }
}
