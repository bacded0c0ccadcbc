import type { Claims } from '../relying-party/issuer-client.ts'
import type { User } from '../sessions/sessions.ts'

export interface ClaimNames {
  readonly userId: string
  readonly groups: string
}

/** The user a token speaks of; undefined when it does not have the claim the user id is taken from. */
export function userOf(claims: Claims, names: ClaimNames): User | undefined {
  const userId = textOf(claims[names.userId])
  if (userId === undefined) return undefined
  const preferredUsername = textOf(claims.preferred_username)
  return {
    subject: claims.sub,
    email: textOf(claims.email) ?? claims.sub,
    groups: textsOf(claims[names.groups]),
    ...(preferredUsername !== undefined && { preferredUsername }),
    userId,
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/** Claims end up in headers: what could break out of one is no value. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !CONTROL.test(value) ? value : undefined
}

/** A group with a comma would be two groups to whoever reads the header, so it is none. */
export function textsOf(value: unknown): readonly string[] {
  const list = typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
  return list.filter((one): one is string => textOf(one) !== undefined && !one.includes(','))
}

/**
 * A header value as bytes: UTF-8, one char per byte, as Go writes it and as fetch's Headers and
 * Node's sockets take it.
 */
export function headerText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range
  return /^[\u0000-\u007f]*$/.test(value) ? value : Buffer.from(value, 'utf8').toString('latin1')
}
