import type { KeptStatus } from '../../compose/doors/status.ts'
import { sayEnd, span } from '../times.ts'
import { cookieNames } from './render-login.ts'

const kinds: Readonly<Record<string, string>> = {
  session: 'a session',
  token: 'a token',
  'token-file': 'a token file',
  'service-account': "a service account's token",
  none: 'nothing: the door is open',
}

export function statusAsJson({ door, credential, expiresAt, renews, usable, audiences }: KeptStatus) {
  return {
    name: door.name,
    url: door.url,
    kind: door.kind,
    user: door.user ?? null,
    credential: credential?.kind ?? null,
    cookies: cookieNames(credential),
    audiences: audiences ?? [],
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    renews,
    usable,
  }
}

export function renderStatus(status: KeptStatus, now: number): string {
  const { door, credential, expiresAt, issuedAt, renews, usable } = status
  const lines = [`${door.name}: ${door.url}${door.user ? `, as ${door.user}` : ''}`]
  if (!credential) return `${lines[0]}\nNothing is kept for it. Sign in: kfdoor login ${door.url}`
  const names = cookieNames(credential)
  const what = `${kinds[credential.kind]}${names.length > 0 ? ` (${names.join(', ')})` : ''}`
  if (credential.kind === 'none') lines.push(`Holds ${what}.`)
  else if (renews)
    lines.push(
      `Holds ${what}${expiresAt === undefined ? '' : `, ${sayEnd(expiresAt, now)}`}; it is renewed by itself.`,
    )
  else lines.push(`Holds ${what}, ${sayEnd(expiresAt, now)}.`)
  if (issuedAt !== undefined && expiresAt === undefined) {
    lines.push(`The door made it ${span(now - issuedAt)} ago; most doors end a session after 24 h.`)
  }
  if (!usable) lines.push(`Sign in again: kfdoor login ${door.url}`)
  return lines.join('\n')
}
