import type { HeaderList } from '../../../policy/index.ts'
import type { Session } from '../../sessions/sessions.ts'
import { headerText } from '../claims.ts'
import type { OAuth2ProxySettings } from '../oauth2-proxy-settings.ts'

/** What the gateway is told of whose request it is (oauth2-proxy pkg/apis/options/legacy_options.go). */
export function identityHeaders(
  settings: OAuth2ProxySettings,
  { user, idToken, accessToken }: Session,
): HeaderList {
  const { setAuthorizationHeader, setXAuthRequest, passAccessToken } = settings
  const headers: (readonly [string, string])[] = []
  if (setAuthorizationHeader && idToken) headers.push(['authorization', `Bearer ${idToken}`])
  if (setXAuthRequest) {
    const { subject, email, groups, preferredUsername } = user
    headers.push(['x-auth-request-user', headerText(subject)], ['x-auth-request-email', headerText(email)])
    if (groups.length > 0) headers.push(['x-auth-request-groups', headerText(groups.join(','))])
    if (preferredUsername) headers.push(['x-auth-request-preferred-username', headerText(preferredUsername)])
    if (passAccessToken && accessToken) headers.push(['x-auth-request-access-token', accessToken])
  }
  headers.push(['gap-auth', headerText(user.email)])
  return headers
}
