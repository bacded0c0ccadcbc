/** What the server writes: protobuf JSON with the names of the .proto, fields at their zero value left out. */

/** Seconds since the epoch as RFC 3339, whole seconds, UTC. */
export const timestamp = (seconds: number) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`

const isZero = (value: unknown) =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === '0' ||
  value === false ||
  (Array.isArray(value) && value.length === 0)

/** The same object without the fields that have their zero value. Not recursive: a Struct keeps its zeros. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isZero(value)))
}
