import type { HeaderList } from '../../policy/index.ts'

/** More than any browser sends; the gateway refuses larger ones, and nothing here reads them. */
const BUDGET = 64 * 1024

/**
 * The value of the only cookie of that name, over all Cookie headers (RFC 9113 §8.2.3 splits them).
 * None when it comes twice: one of the two was tossed in by a sibling domain, and nobody can say
 * which. Scans by hand, for it runs on every request.
 */
export function soleCookie(headers: HeaderList, name: string): string | undefined {
  let found: string | undefined
  let budget = BUDGET
  for (const [header, text] of headers) {
    if (header.length !== 6 || header.toLowerCase() !== 'cookie') continue
    budget -= text.length
    if (budget < 0) return undefined
    let at = 0
    while (at < text.length) {
      let end = text.indexOf(';', at)
      if (end < 0) end = text.length
      while (at < end && (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9)) at++
      if (text.charCodeAt(at + name.length) === 61 && text.startsWith(name, at)) {
        if (found !== undefined) return undefined
        found = text.slice(at + name.length + 1, end).trimEnd()
      }
      at = end + 1
    }
  }
  return found
}

/** How often a cookie of that name comes. */
export function hasCookie(headers: HeaderList, name: string): boolean {
  return headers.some(
    ([header, text]) =>
      header.toLowerCase() === 'cookie' &&
      text.length <= BUDGET &&
      text.split(';').some((one) => one.trimStart().startsWith(`${name}=`)),
  )
}

export interface CookieAttributes {
  readonly path: string
  readonly domain?: string
  readonly secure: boolean
  readonly sameSite: 'Lax' | 'Strict' | 'None'
}

/**
 * A Set-Cookie value (RFC 6265 §4.1), always HttpOnly. Both spellings of the age, as the releases
 * differ in which they send. `SameSite=None` without Secure is dropped by browsers, so it is Lax.
 */
export function setCookie(
  name: string,
  value: string,
  attributes: CookieAttributes,
  now: number,
  lifetimeMs: number,
): string {
  const { path, domain, secure } = attributes
  const sameSite = attributes.sameSite === 'None' && !secure ? 'Lax' : attributes.sameSite
  const expires = new Date(now + lifetimeMs).toUTCString()
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(domain ? [`Domain=${domain}`] : []),
    `Expires=${expires}`,
    `Max-Age=${Math.floor(lifetimeMs / 1000)}`,
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    `SameSite=${sameSite}`,
  ].join('; ')
}

/** Makes the browser forget the cookie; path and domain have to be those it was set with. */
export function clearCookie(name: string, attributes: CookieAttributes): string {
  const { path, domain, secure, sameSite } = attributes
  return [
    `${name}=`,
    `Path=${path}`,
    ...(domain ? [`Domain=${domain}`] : []),
    'Expires=Thu, 01 Jan 1970 00:00:01 GMT',
    'Max-Age=0',
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    `SameSite=${sameSite === 'None' && !secure ? 'Lax' : sameSite}`,
  ].join('; ')
}
