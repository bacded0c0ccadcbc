import { claimsOf, userOf } from '../../client/index.ts'
import type { Credential } from '../handed-out.ts'
import type { Environment } from './folders.ts'
import { openKeptDoor, type WhichKeptDoor } from './open-door.ts'
import type { ReachOptions } from './reach.ts'

/**
 * What is kept for a door, as other programs take it; renewed first when it is about to end.
 *
 * @throws Fault ERR_CREDENTIALS_MISSING, ERR_CREDENTIALS_EXPIRED
 */
export async function handOut(env: Environment, options: WhichKeptDoor & ReachOptions): Promise<Credential> {
  const door = await openKeptDoor(env, options)
  try {
    const { headers, expiresAt: end } = await door.session.pass()
    const expiresAt = end === undefined ? null : new Date(end).toISOString()
    const user = door.kept?.user
    const token = headers.authorization?.replace(/^Bearer /, '')
    if (token !== undefined) {
      const aud = claimsOf(token)?.aud
      const audiences = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.map(String) : []
      return { kind: 'token', token, expiresAt, user: userOf(token) ?? user ?? '', audiences }
    }
    if (headers.cookie === undefined) return { kind: 'none', url: door.url.href }
    const cookies = headers.cookie.split('; ').map((pair) => {
      const at = pair.indexOf('=')
      return { name: pair.slice(0, at), value: pair.slice(at + 1) }
    })
    return { kind: 'session', url: door.url.href, cookies, expiresAt, user: user ?? '' }
  } finally {
    await door.close()
  }
}
