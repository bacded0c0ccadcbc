import { parseCompactJws } from '../../identity/index.ts'
import { createIssuerClient, type IssuerClient } from '../relying-party/issuer-client.ts'
import type { Session } from '../sessions/sessions.ts'
import { textOf, textsOf } from './claims.ts'
import type { OAuth2ProxySettings } from './oauth2-proxy-settings.ts'
import type { ProviderPorts } from './provider.ts'
import { bearerToken, type Question, soleHeader } from './question.ts'

export type BearerResult =
  | { readonly kind: 'session'; readonly session: Session }
  /** A token was sent and is not good. */
  | { readonly kind: 'bad' | 'unreachable' }
  | { readonly kind: 'none' }

const none: BearerResult = { kind: 'none' }
const bad: BearerResult = { kind: 'bad' }

/**
 * oauth2-proxy's `skip_jwt_bearer_tokens`: a JWT of its own issuer, or of one in
 * `extra_jwt_issuers` for that entry's audience, is a session of its own
 * (pkg/middleware/jwt_session.go). Also taken as user or password of Basic.
 */
export function createBearerSessions(
  settings: OAuth2ProxySettings,
  own: IssuerClient,
  ports: Pick<ProviderPorts, 'fetch' | 'clock'>,
): (question: Question) => BearerResult | Promise<BearerResult> {
  if (!settings.skipJwtBearerTokens) return () => none
  const { clock, fetch } = ports
  const trusted: { issuer: string; audience: string; client: IssuerClient }[] = [
    ...[settings.clientId, ...(settings.extraAudiences ?? [])].map((audience) => ({
      issuer: settings.issuer,
      audience,
      client: own,
    })),
    ...settings.extraJwtIssuers.map(({ issuer, audience }) => ({
      issuer,
      audience,
      client: createIssuerClient({ issuer, clientId: audience, redirectUri: '', fetch, clock }),
    })),
  ]

  return (question) => {
    const token = bearerToken(question.headers) ?? basicToken(question)
    if (token !== undefined) return ofToken(token)
    // Whoever sends another scheme meant to be somebody.
    return question.headers.some(([name]) => name.toLowerCase() === 'authorization') ? bad : none
  }

  async function ofToken(token: string): Promise<BearerResult> {
    const jws = parseCompactJws(token)
    if (!jws) return { kind: 'bad' }
    let unreachable = false
    for (const { issuer, audience, client } of trusted) {
      if (jws.payload.iss !== issuer) continue
      const checked = await client.verify(token, [audience])
      if (checked.kind === 'unreachable') unreachable = true
      if (checked.kind !== 'valid') continue
      const { claims, expiresAt } = checked
      // An address its own issuer does not vouch for is nobody's.
      if (claims.email_verified === false && !settings.allowUnverifiedEmail) return { kind: 'bad' }
      const email = textOf(claims[settings.emailClaim]) ?? claims.sub
      const preferredUsername = textOf(claims.preferred_username)
      return {
        kind: 'session',
        session: {
          user: {
            subject: claims.sub,
            email,
            groups: textsOf(claims[settings.groupsClaim]),
            ...(preferredUsername && { preferredUsername }),
            userId: email,
          },
          idToken: token,
          ...(settings.passAccessToken && { accessToken: token }),
          createdAt: clock(),
          expiresAt,
        },
      }
    }
    return { kind: unreachable ? 'unreachable' : 'bad' }
  }
}

function basicToken({ headers }: Question): string | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(soleHeader(headers, 'authorization') ?? '') ?? []
  if (encoded === undefined) return undefined
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return [user, password.join(':')].find((one) => one.split('.').length === 3)
}
