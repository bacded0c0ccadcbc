import type { Clock } from '../../base/index.ts'
import { parseCompactJws } from '../../identity/index.ts'
import type { IssuerClient } from '../relying-party/issuer-client.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { json } from './go-http.ts'
import type { SignInEvent } from './provider.ts'
import type { Answer, Question } from './question.ts'

const MOST_REMEMBERED = 10_000
const REMEMBERED_MS = 10 * 60_000

/**
 * OpenID Connect Back-Channel Logout 1.0: the issuer posts a logout token, and the sessions it means
 * end here, on every replica that shares the store. 200 when they are over, 400 for anything that is
 * no good logout token, 503 when nobody can say, so that the issuer tries again (§2.8).
 */
export function createBackChannelLogout(options: {
  readonly issuers: readonly Pick<IssuerClient, 'logoutOf'>[]
  readonly sessions: Sessions
  readonly clock: Clock
  readonly log: (event: SignInEvent) => void
}): (question: Question) => Promise<Answer> {
  const { issuers, sessions, clock, log } = options
  /** `jti` of those that were taken: one that is sent again changes nothing, but is refused as it should be. */
  const taken = new Map<string, number>()
  const cache = [['cache-control', 'no-store']] as const
  const refuse = (description: string): Answer =>
    json(400, JSON.stringify({ error: 'invalid_request', error_description: description }), cache)

  return async ({ method, form }) => {
    if (method !== 'POST') return { status: 405, headers: [['allow', 'POST'], ...cache] }
    const tokens = form?.getAll('logout_token') ?? []
    const [token] = tokens
    if (token === undefined || tokens.length > 1) return refuse('one logout_token is needed')
    const jti = String(parseCompactJws(token)?.payload.jti)
    const now = clock()
    for (const [id, at] of taken) {
      if (at > now - REMEMBERED_MS && taken.size < MOST_REMEMBERED) break
      taken.delete(id)
    }
    if (taken.has(jti)) return refuse('the logout_token was used before')
    for (const issuer of issuers) {
      const logout = await issuer.logoutOf(token)
      if (logout === 'unreachable')
        return json(503, JSON.stringify({ error: 'temporarily_unavailable' }), [
          ...cache,
          ['retry-after', '5'],
        ])
      if (!logout) continue
      const ended = await sessions.endBy(logout)
      taken.set(jti, now)
      log({ event: 'signed-out-by-issuer', ended })
      return { status: 200, headers: cache }
    }
    return refuse('the logout_token is not good here')
  }
}
