import { parseCompactJws } from '../../identity/index.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** A logout token is nobody's credential, though it may name a subject. */
export function speaksOfLogout({ events }: Readonly<Record<string, unknown>>): boolean {
  return typeof events === 'object' && events !== null && EVENT in events
}

/**
 * OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6, beyond signature, issuer, audience and times:
 * it says that it is one, names somebody, and is no ID token that somebody passes off as one.
 */
export function isLogoutToken(token: string, claims: Readonly<Record<string, unknown>>): boolean {
  const typ = parseCompactJws(token)?.header.typ
  // Only its own type or none: other kinds of tokens name themselves.
  if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(String(typ))) return false
  const { events, nonce } = claims
  if (nonce !== undefined || typeof events !== 'object' || events === null) return false
  const event = (events as Readonly<Record<string, unknown>>)[EVENT]
  if (typeof event !== 'object' || event === null) return false
  const { subject, sid } = logoutNames(claims)
  return subject !== undefined || sid !== undefined
}

export function logoutNames({ sub, sid }: Readonly<Record<string, unknown>>): {
  readonly subject?: string
  readonly sid?: string
} {
  return {
    ...(typeof sub === 'string' && sub !== '' && { subject: sub }),
    ...(typeof sid === 'string' && sid !== '' && { sid }),
  }
}
