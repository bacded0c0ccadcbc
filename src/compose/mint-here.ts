import type { Clock } from '../base/index.ts'
import type { serviceAccountIssuer } from '../identity/index.ts'
import { type LocalAuthService, mintIdToken } from './auth-service.ts'
import type { ControlAnswer, ControlRequest } from './control.ts'
import type { Credential } from './handed-out.ts'
import type { LocalIssuer } from './local-issuer.ts'
import { tokenCredential } from './mint.ts'

export async function mint(
  request: ControlRequest,
  known: {
    readonly accounts: ReturnType<typeof serviceAccountIssuer>
    readonly auth: LocalAuthService | undefined
    readonly issuer: LocalIssuer | undefined
    readonly clock: Clock
    readonly url: string
  },
): Promise<ControlAnswer> {
  if (request.do === 'service-account-token') {
    const { namespace = '', name = '', audiences = [], durationSeconds = 3600 } = request
    const minted = await known.accounts.mint({
      namespace,
      name,
      ...(audiences.length > 0 ? { audiences } : {}),
      duration: durationSeconds * 1000,
    })
    return { ok: true, credential: tokenCredential({ namespace, name }, minted, audiences) }
  }
  const { auth, issuer } = known
  if (!auth) return { ok: false, error: 'this door has no auth service, so nobody signs in' }
  const { user = '', groups = [] } = request
  const needsToken = auth.provider.kind === 'oauth2-proxy' && issuer
  const session = await auth.provider.mintSession({
    user,
    email: user,
    groups,
    ...(needsToken
      ? { idToken: await mintIdToken(issuer, auth.clientId, { email: user, groups }, known.clock()) }
      : {}),
  })
  const credential: Credential = {
    kind: 'session',
    url: known.url,
    cookies: session.cookie.split('; ').map((pair) => {
      const at = pair.indexOf('=')
      return { name: pair.slice(0, at), value: pair.slice(at + 1) }
    }),
    expiresAt: new Date(session.expiresAt).toISOString(),
    user,
  }
  return { ok: true, credential }
}
