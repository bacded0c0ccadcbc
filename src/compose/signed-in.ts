import { type SessionStore, type SignInEvent, subjectOf } from '../sign-in/index.ts'
import type { LocalAuthService } from './auth-service.ts'
import type { ControlAnswer, ControlRequest } from './control.ts'
import type { LocalIssuer } from './local-issuer.ts'

/** Names remembered besides those of the issuer's own list. */
const mostNames = 1000

/**
 * Who is signed in at a local door, and ending it. The store knows hashes only, so the names are those
 * the issuer knows and those that signed in since the start.
 */
export function signedIn(
  sessions: SessionStore,
  issuer: LocalIssuer | undefined,
  auth: () => LocalAuthService | undefined,
) {
  const names = new Set(issuer?.config.passwords.map(({ email }) => email) ?? [])
  return {
    saw(event: SignInEvent): void {
      if (event.event === 'signed-in' && names.size < mostNames) names.add(event.user)
    },
    async answer(request: ControlRequest): Promise<ControlAnswer> {
      const { user } = request
      if (request.do === 'sign-out') {
        if (user === undefined) return { ok: false, error: 'a sign-out needs a user' }
        return { ok: true, ended: (await auth()?.provider.endSessionsOf(user)) ?? 0 }
      }
      const found: { user: string; sessions: number }[] = []
      for (const name of names) {
        const count = await sessions.countBySubject?.(subjectOf(name))
        if (count !== undefined && count > 0) found.push({ user: name, sessions: count })
      }
      return { ok: true, sessions: found, all: await sessions.count() }
    },
  }
}
