import { isFields, isSame } from './same.ts'

/**
 * What turns one value into another as JSON Merge Patch (RFC 7386): only fields that differ, null for
 * those that go; a list is one value.
 */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (!isFields(before) || !isFields(after)) return after
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!Object.hasOwn(after, key)) patch[key] = null
    else if (!isSame(before[key], after[key])) patch[key] = mergePatch(before[key], after[key])
  }
  return patch
}
