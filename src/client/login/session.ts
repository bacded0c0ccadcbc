import type { Cookie, CookieJar } from '../http/cookie-jar.ts'
import type { Credential } from './outcome.ts'

/** Cookies that only carry a sign-in under way. */
const passing = /csrf|^oidc_state/i

/**
 * The session a jar holds for a door: every part of it; undefined when there is none. `counts` says which
 * cookies can be one: those that were there before the sign-in are not.
 */
export function sessionOf(
  jar: CookieJar,
  door: URL,
  counts: (cookie: Cookie) => boolean = () => true,
): Extract<Credential, { kind: 'session' }> | undefined {
  const root = new URL('/', door)
  const sent = new Set([...jar.matching(door), ...jar.matching(root)])
  const cookies = [...sent].filter(({ name, value }) => !passing.test(name) && value !== '')
  // A cookie of the application behind, set on the way, is no session: only what the door's own keeps.
  if (!cookies.some((cookie) => !isIncidental(cookie.name) && counts(cookie))) return undefined
  const kept = jar.all().filter((cookie) => !passing.test(cookie.name) && cookie.value !== '')
  return { kind: 'session', cookies: kept, expiresAt: earliestEnd(cookies) }
}

/** Not a session: protection tokens of web apps, language, load balancers. */
const isIncidental = (name: string) =>
  /^(xsrf-token|lang|language|theme|INGRESSCOOKIE|AWSALB\w*|GCLB)$/i.test(name)

function earliestEnd(cookies: readonly Cookie[]): number | undefined {
  const ends = cookies.filter(({ name }) => !isIncidental(name)).map(({ expiresAt }) => expiresAt)
  const known = ends.filter((end) => end !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}

/**
 * When a session cookie was made, for those who only have its value: oauth2-proxy writes
 * `payload|seconds|mac`, gorilla/securecookie (oidc-authservice) the base64 of `seconds|value|mac`.
 * Milliseconds; undefined when it cannot be read.
 */
export function issuedAt(value: string): number | undefined {
  const plain = /\|(\d{9,11})\|/.exec(value)?.[1]
  if (plain !== undefined) return Number(plain) * 1000
  const head = Buffer.from(value.slice(0, 24), 'base64url').toString('latin1')
  const coded = /^(\d{9,11})\|/.exec(head)?.[1]
  return coded === undefined ? undefined : Number(coded) * 1000
}
