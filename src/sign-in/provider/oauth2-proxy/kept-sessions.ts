import { andThen } from '../../../base/index.ts'
import type { Tokens } from '../../relying-party/issuer-client.ts'
import { createRenewal } from '../../relying-party/renewal.ts'
import type { Session, SessionContent } from '../../sessions/sessions.ts'
import { createBearerSessions } from '../bearer-session.ts'
import { userOf } from '../claims.ts'
import type { ProviderPorts } from '../provider.ts'
import type { Question } from '../question.ts'
import { isAllowed } from './allowed.ts'
import type { Front } from './front.ts'

/** Whose request it is, and how that was shown. */
export interface FoundSession {
  readonly kind: 'session'
  readonly session: Session
  readonly by: 'cookie' | 'header'
}

export type Found =
  | FoundSession
  /** `forbidden`: a bad token, where that is the end of it. */
  | { readonly kind: 'none' | 'denied' | 'forbidden' | 'unreachable' }

/** Finds, renews and ends the sessions of requests, by token or by cookie. */
export function createKeptSessions(front: Front, ports: ProviderPorts) {
  const { settings, sessions, cookies, ways, wayOf, clock, log } = front
  const byBearer = createBearerSessions(settings, ways[0].client, ports)
  const claimNames = { userId: settings.userIdClaim, groups: settings.groupsClaim }
  const contentAfter = ({ user, issuer, sid }: Session, tokens: Tokens): SessionContent => ({
    // Groups that were taken away are gone with the next tokens.
    user: { ...user, ...userOf(tokens.claims, claimNames), userId: user.userId },
    ...(issuer !== undefined && { issuer }),
    ...(sid !== undefined && { sid }),
    ...heldOf(front, tokens),
  })
  const renewals = ways.map(
    ({ client }) =>
      [client, createRenewal({ sessions, issuer: client, clock, content: contentAfter, log })] as const,
  )
  const renewed = (id: string, session: Session): Session | undefined | Promise<Session | undefined> => {
    if (session.renewAt === undefined || session.renewAt > clock()) return session
    const { client } = wayOf(session)
    const renew = renewals.find(([one]) => one === client)?.[1]
    return renew ? renew(id, session) : session
  }

  /** Resolves the session that was ended. */
  const endCurrent = async (question: Question): Promise<Session | undefined> => {
    const id = cookies.carrier.read(question.headers)
    const session = id === undefined ? undefined : await sessions.find(id)
    if (id === undefined || !session || !(await sessions.end(id))) return undefined
    log({ event: 'signed-out', user: session.user.userId })
    return session
  }

  /** A promise only where something has to be waited for. */
  const find = (question: Question): Found | Promise<Found> =>
    andThen(byBearer(question), (bearer) => {
      if (bearer.kind === 'session')
        return isAllowed(settings, bearer.session.user) ? { ...bearer, by: 'header' } : { kind: 'denied' }
      if (bearer.kind === 'bad' && !settings.bearerLoginFallback) return { kind: 'forbidden' }
      const id = cookies.carrier.read(question.headers)
      const judge = (session: Session | undefined): Found | Promise<Found> => {
        if (!session) return { kind: bearer.kind === 'unreachable' ? 'unreachable' : 'none' }
        if (isAllowed(settings, session.user)) return { kind: 'session', session, by: 'cookie' }
        return endCurrent(question).then(() => ({ kind: 'denied' }))
      }
      if (id === undefined) return judge(undefined)
      return andThen(sessions.find(id), (found) =>
        found ? andThen(renewed(id, found), judge) : judge(found),
      )
    })

  return { find, endCurrent }
}

/** What a session keeps of the tokens: no more than it needs. */
export function heldOf({ settings, sessions, clock }: Front, { idToken, accessToken, refreshToken }: Tokens) {
  const renews = Boolean(settings.refreshMs && refreshToken && sessions.renewable)
  return {
    idToken,
    ...(settings.passAccessToken && { accessToken }),
    ...(renews && { refreshToken, renewAt: clock() + (settings.refreshMs ?? 0) }),
  }
}
