import type { Attributes } from './attributes.ts'
import type { HeaderList } from './decision.ts'
import { formatHeader } from './header-format.ts'
import { isSingleHeader } from './request-head.ts'
import type { HeaderChanges } from './route.ts'

/**
 * Envoy's HeaderParser: removes, then sets, then adds. Every value is formatted from the headers as
 * they were after the removing; one that comes out empty changes nothing.
 */
export function changeHeaders(
  headers: HeaderList,
  changes: HeaderChanges,
  attributes: (headers: HeaderList) => Attributes,
): HeaderList {
  const { remove, set, add } = changes
  if (remove.length === 0 && set.length === 0 && add.length === 0) return headers
  const kept = remove.length === 0 ? headers : headers.filter(([name]) => !remove.includes(name))
  const source = attributes(kept)
  const result: [string, string][] = kept.map(([name, value]) => [name, value])
  const format = (pairs: HeaderChanges['set']) =>
    pairs
      .map(([name, value]) => [name, formatHeader(value, source)] as const)
      .filter(([, value]) => value !== '')
  const [sets, adds] = [format(set), format(add)]
  for (const [name, value] of sets) {
    const at = result.findIndex((header) => header[0] === name)
    if (at === -1) result.push([name, value])
    else {
      result[at] = [name, value]
      for (let i = result.length - 1; i > at; i--) if (result[i]?.[0] === name) result.splice(i, 1)
    }
  }
  for (const [name, value] of adds) {
    const same = isSingleHeader(name) ? result.find((header) => header[0] === name) : undefined
    if (same === undefined) result.push([name, value])
    else same[1] = `${same[1]},${value}`
  }
  return result
}

/** One after the other as a single list: a later removal takes what an earlier one set. */
export function joinChanges(first: HeaderChanges, second: HeaderChanges): HeaderChanges {
  if (first === second) return first
  const left = (pairs: HeaderChanges['set']) => pairs.filter(([name]) => !second.remove.includes(name))
  return {
    remove: [...first.remove, ...second.remove],
    set: [...left(first.set), ...second.set],
    add: [...left(first.add), ...second.add],
  }
}

/** As one parser's operations: all removals, all sets (the later wins), all adds. */
export function mixChanges(first: HeaderChanges, second: HeaderChanges): HeaderChanges {
  if (isNothing(second)) return first
  if (isNothing(first)) return second
  return {
    remove: [...first.remove, ...second.remove],
    set: [...first.set, ...second.set],
    add: [...first.add, ...second.add],
  }
}

function isNothing({ remove, set, add }: HeaderChanges): boolean {
  return remove.length + set.length + add.length === 0
}
