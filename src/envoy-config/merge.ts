import { isObject, type Json, type JsonValue } from './json.ts'

/**
 * What an EnvoyFilter's MERGE does: protobuf's merge. Messages are merged field by field, lists grow,
 * and an `Any` takes the place of the one before.
 */
export function mergeJson(base: Json, patch: Json): Json {
  const merged: Record<string, JsonValue | undefined> = { ...base }
  for (const [written, value] of Object.entries(patch)) {
    const name = camelCase(written)
    const before = merged[name]
    if (isObject(before) && isObject(value)) merged[name] = isAny(value) ? value : mergeJson(before, value)
    else if (Array.isArray(before) && Array.isArray(value)) merged[name] = [...before, ...value]
    else merged[name] = isObject(value) && !isAny(value) ? mergeJson({}, value) : value
  }
  return merged
}

const isAny = (value: Json) => typeof value['@type'] === 'string'

/** Field names only: a map's keys have dots or dashes where they are names of something. */
function camelCase(name: string): string {
  return /^[a-z0-9]+(_[a-z0-9]+)+$/.test(name)
    ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : name
}
