/** What the fields of rules and the tests of routes add to the axes of a class of requests. */
import type { StringMatch } from '../mesh/index.ts'
import type { Field } from '../policy/index.ts'
import type { Axes } from './axes.ts'
import type { Pattern } from './pattern-set.ts'
import { headerOf } from './stage.ts'

export const anyValue: Pattern = { kind: 'value', text: '*', star: 0 }

export function matchPattern({ kind, text }: StringMatch): Pattern {
  return { kind: 'match', match: { kind, text } }
}

const byAddress =
  /^(ipBlocks|notIpBlocks|remoteIpBlocks|notRemoteIpBlocks|when (source|remote)\.ip( notValues)?)$/

export function addField(field: Field, axes: Axes, depth: number): void {
  const { name, test } = field
  const text = () => JSON.stringify([name, field.values.map(({ value }) => value)])
  if (name === 'methods' || name === 'notMethods') axes.methods.set(text(), test)
  else if (byAddress.test(name)) {
    const tests = depth === 0 ? axes.addresses : axes.addressesOnward
    tests.push(test)
    for (const value of field.values) axes.blocks.add(value.value)
    if (depth > 0) axes.curious.add('x-forwarded-for')
  } else if (name.startsWith('when connection.sni')) {
    for (const value of field.values) axes.names.add(value.value)
  } else if (name.startsWith('when request.auth') || /equestPrincipals$/.test(name)) {
    if (depth > 0) axes.curious.add('authorization')
  } else {
    const header = headerOf(field)
    if (header === undefined) return
    if (header === ':method') axes.methods.set(text(), test)
    if (header === ':scheme') addScheme(axes, depth)
    if (header === ':path') addQueryTexts(field, axes)
    if (header.startsWith(':') || header === 'host') return
    for (const value of field.values)
      addPattern(axes.headers, header, { kind: 'value', text: value.value, star: 0 })
    if (depth > 0) axes.curious.add(header)
  }
}

/** Of the request's own scheme only what proxies before said can be told apart here. */
export function addScheme(axes: Axes, depth: number): void {
  if (!axes.believesScheme) return
  for (const text of ['https', 'http']) {
    addPattern(axes.headers, protoHeader, { kind: 'match', match: { kind: 'exact', text } })
  }
  if (depth === 0) axes.routedBy.add(protoHeader)
  else axes.curious.add(protoHeader)
}

const protoHeader = 'x-forwarded-proto'

/** The path's part of such patterns parts paths; that there is a query at all counts too. */
function addQueryTexts({ values }: Field, axes: Axes): void {
  axes.queryTexts.push(anyValue)
  for (const { value } of values) {
    const mark = value.indexOf('?')
    if (mark !== -1) axes.queryTexts.push({ kind: 'value', text: value.slice(mark + 1), star: 0 })
    else if (value.startsWith('*')) axes.queryTexts.push({ kind: 'value', text: value, star: 0 })
  }
}

export function addPattern(map: Map<string, Pattern[]>, name: string, pattern: Pattern): void {
  const list = map.get(name)
  if (list === undefined) map.set(name, [pattern])
  else if (!list.some((other) => JSON.stringify(other) === JSON.stringify(pattern))) list.push(pattern)
}
