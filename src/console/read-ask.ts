import type { Ask } from './engine/ask.ts'
import type { Refusal } from './guard.ts'

/** A question as somebody sent it. @throws Refusal 400 */
export function readAsk(value: unknown): Ask {
  const wrong = (words: string): never => {
    throw { status: 400, words } satisfies Refusal
  }
  if (typeof value !== 'object' || value === null) return wrong('`request` has to be an object')
  const given = value as Readonly<Record<string, unknown>>
  const text = (name: string, usual: string): string => {
    const found = Object.hasOwn(given, name) ? given[name] : undefined
    if (found === undefined) return usual
    if (typeof found !== 'string' || found.length > 16_384)
      return wrong(`\`${name}\` has to be a text of a bearable length`)
    return found
  }
  const path = text('path', '/')
  const url = text('url', `https://${text('host', 'localhost')}${path.startsWith('/') ? path : `/${path}`}`)
  const headers = Object.hasOwn(given, 'headers') ? given.headers : []
  if (!Array.isArray(headers) || headers.length > 100 || !headers.every((one) => typeof one === 'string')) {
    return wrong('`headers` are lines, `Name: value`')
  }
  const token = text('token', '')
  return {
    method: text('method', 'GET'),
    url,
    as: text('as', 'anonymous'),
    headers,
    ...(token !== '' && { token }),
  }
}
