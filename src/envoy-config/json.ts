/** Envoy's configuration is protobuf written as JSON; names are camel case, as protobuf writes them. */
export type Json = { readonly [name: string]: JsonValue | undefined }
export type JsonValue = string | number | boolean | null | Json | readonly JsonValue[]

const types = 'type.googleapis.com/envoy.'

/** A message inside `Any`: `typed('extensions.filters.http.cors.v3.Cors', {})`. */
export function typed(type: string, message: Json = {}): Json {
  return { '@type': `${types}${type}`, ...message }
}

/** An extension by name. */
export function extension(name: string, type: string, message: Json = {}): Json {
  return { name, typedConfig: typed(type, message) }
}

/** Without the fields that are undefined, however deep. */
export function compact(value: Json): Json {
  const clean = (each: JsonValue): JsonValue => {
    if (Array.isArray(each)) return each.map(clean)
    return typeof each === 'object' && each !== null ? compact(each as Json) : each
  }
  const kept = Object.entries(value).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined)
  return Object.fromEntries(kept.map(([name, each]) => [name, clean(each)]))
}

/** `0.200s`, `1s`: protobuf writes no, three, six or nine digits. */
export function duration(milliseconds: number): string {
  const rest = milliseconds % 1000
  const seconds = Math.trunc(milliseconds / 1000)
  return rest === 0 ? `${seconds}s` : `${seconds}.${String(Math.round(rest)).padStart(3, '0')}s`
}

/** Undefined instead of an empty list. */
export function some<T extends JsonValue>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
