import type { SignOut } from '../behind/landing/index.ts'
import type { LocalAuthService } from './auth-service.ts'

/** How a session ends at this door, for its first page. */
export function signOutOf(auth: LocalAuthService | undefined): SignOut {
  if (!auth) return { kind: 'none' }
  if (auth.provider.kind === 'oauth2-proxy') return { kind: 'link', path: '/oauth2/sign_out' }
  if (auth.oldest) return { kind: 'link', path: '/logout' }
  return { kind: 'post-session', path: '/authservice/logout', cookie: auth.provider.cookieName }
}
