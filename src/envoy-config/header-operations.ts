import type { HeaderOperations, Headers } from '../mesh/index.ts'
import { type Json, some } from './json.ts'

/** Pseudo headers and Host are no headers Envoy lets one change so. */
const internal = (name: string) => name.startsWith(':') || name.toLowerCase() === 'host'

/** `TranslateHeadersOperations`: sets before adds, each by name. */
function added(operations: HeaderOperations | undefined): readonly Json[] {
  const pairs = (from: Readonly<Record<string, string>> | undefined, more: Json) =>
    Object.entries(from ?? {})
      .filter(([name]) => !internal(name))
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, value]): Json => ({ ...more, header: { key, value } }))
  return [
    ...pairs(operations?.set, { appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
    ...pairs(operations?.add, {}),
  ]
}

/** Of several operations in turn, as one route or cluster lists them. */
export function headerChangesOf(lists: readonly (Headers | undefined)[]): Json {
  const removed = (which: 'request' | 'response') =>
    some(lists.flatMap((each) => (each?.[which]?.remove ?? []).filter((name) => !internal(name))))
  return {
    requestHeadersToAdd: some(lists.flatMap((each) => added(each?.request))),
    requestHeadersToRemove: removed('request'),
    responseHeadersToAdd: some(lists.flatMap((each) => added(each?.response))),
    responseHeadersToRemove: removed('response'),
  }
}
