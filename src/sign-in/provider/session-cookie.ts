import type { HeaderList } from '../../policy/index.ts'
import { type CookieAttributes, clearCookie, hasCookie, setCookie, soleCookie } from './cookies.ts'

/** A session's value in a browser: one cookie, or `name_0`, `name_1`, … where it is longer than browsers keep in one. */
export interface SessionCookie {
  /** Undefined when there is none, or when a part comes twice or is missing. */
  read(headers: HeaderList): string | undefined
  /** The Set-Cookie headers of a new value, and those that clear what the browser still has of another. */
  write(
    headers: HeaderList,
    value: string,
    attributes: CookieAttributes,
    now: number,
    lifetimeMs: number,
  ): HeaderList
  /** Clears what the browser has of it. */
  clear(headers: HeaderList, attributes: CookieAttributes): HeaderList
}

/** Browsers keep 4096 bytes of name, value and attributes (RFC 6265 §6.1). */
const PART = 3800
const MOST_PARTS = 5

export function sessionCookie(name: string): SessionCookie {
  const parts = Array.from({ length: MOST_PARTS }, (_, index) => `${name}_${index}`)
  const clearOf = (headers: HeaderList, names: readonly string[], attributes: CookieAttributes): HeaderList =>
    names.filter((one) => hasCookie(headers, one)).map((one) => ['set-cookie', clearCookie(one, attributes)])
  return {
    read(headers) {
      const whole = soleCookie(headers, name)
      if (whole !== undefined) return whole
      // Two of the one name are nobody's, whatever parts lie beside them.
      if (hasCookie(headers, name)) return undefined
      let value: string | undefined
      for (const part of parts) {
        const piece = soleCookie(headers, part)
        if (piece === undefined) return hasCookie(headers, part) ? undefined : value
        value = (value ?? '') + piece
      }
      return value
    },
    write(headers, value, attributes, now, lifetimeMs) {
      const pieces = value.length <= PART ? [value] : (value.match(new RegExp(`.{1,${PART}}`, 'g')) ?? [])
      const names = pieces.length === 1 ? [name] : parts.slice(0, pieces.length)
      const stale = [name, ...parts].filter((one) => !names.includes(one))
      return [
        ...clearOf(headers, stale, attributes),
        ...names.map(
          (one, index) =>
            ['set-cookie', setCookie(one, pieces[index] ?? '', attributes, now, lifetimeMs)] as const,
        ),
      ]
    },
    clear: (headers, attributes) => clearOf(headers, [name, ...parts], attributes),
  }
}

/** A Cookie header of what Set-Cookie values set. */
export const cookieHeader = (setCookies: readonly string[]) =>
  setCookies.map((one) => one.split(';', 1)[0]).join('; ')
