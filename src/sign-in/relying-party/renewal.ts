import type { Clock } from '../../base/index.ts'
import type { Session, SessionContent, Sessions } from '../sessions/sessions.ts'
import type { IssuerClient, Tokens } from './issuer-client.ts'

export interface RenewalOptions {
  readonly sessions: Sessions
  readonly issuer: Pick<IssuerClient, 'refresh'>
  readonly clock: Clock
  /** What the session holds after new tokens. */
  readonly content: (session: Session, tokens: Tokens) => SessionContent
  readonly log: (event: RenewalEvent) => void
}

export type RenewalEvent =
  | { readonly event: 'renewed' | 'renewal-refused'; readonly user: string }
  | { readonly event: 'renewal-failed'; readonly user: string; readonly reason: string }

/** After an issuer that did not answer, it is not asked for the same session again for so long. */
const PAUSE = 10_000

/**
 * The session as it is now, with new tokens where its are due; undefined when the issuer takes its
 * refresh token no more, and the session was ended. One request of a session asks the issuer, on
 * whichever replica, and the others wait and get what it got: a refresh token that rotates must not
 * be used twice (RFC 9700 §4.14). An issuer that is down ends nobody's session.
 */
export function createRenewal(
  options: RenewalOptions,
): (id: string, session: Session) => Promise<Session | undefined> {
  const { sessions, issuer, clock, log } = options
  const isDue = ({ renewAt, refreshToken }: Session) =>
    renewAt !== undefined && refreshToken !== undefined && renewAt <= clock()
  const paused = new Map<string, number>()

  return async (id, session) => {
    if (!isDue(session) || (paused.get(session.refreshToken ?? '') ?? 0) > clock()) return session
    return sessions.withLock(id, async () => {
      const current = await sessions.find(id)
      // Somebody was quicker, or it was ended meanwhile.
      if (!current || !isDue(current)) return current
      const { refreshToken = '', user, idToken } = current
      if ((paused.get(refreshToken) ?? 0) > clock()) return current
      const held = { refreshToken, subject: user.subject, ...(idToken && { idToken }) }
      // Not with the request's signal: a caller who leaves must not lose the others a rotated token.
      const answer = await issuer.refresh(held)
      if (answer.kind === 'unreachable') {
        if (paused.size > 10_000) paused.clear()
        paused.set(refreshToken, clock() + PAUSE)
        log({ event: 'renewal-failed', user: user.userId, reason: answer.reason })
        return current
      }
      if (answer.kind !== 'tokens') {
        await sessions.end(id)
        log({ event: 'renewal-refused', user: user.userId })
        return undefined
      }
      const { createdAt, expiresAt } = current
      const renewed = { ...options.content(current, answer.tokens), createdAt, expiresAt }
      if (!(await sessions.renew(id, renewed))) return undefined
      log({ event: 'renewed', user: user.userId })
      return renewed
    })
  }
}
