import { Fault } from '../../base/index.ts'
import type { Agent } from '../http/agent.ts'
import { type PublicIssuer, postForm, type TokenAnswer } from './issuer.ts'
import type { Credential } from './outcome.ts'

export type TokenCredential = Extract<Credential, { kind: 'token' }>

/** A client of the issuer; a public one has no secret. */
export interface OAuthClient {
  readonly id: string
  readonly secret?: string
}

/** What a JWT says about itself; nothing is verified. Undefined = it is no JWT. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** When a token ends, ms; undefined when it does not say. */
export function endOf(token: string): number | undefined {
  const exp = claimsOf(token)?.exp
  return typeof exp === 'number' ? exp * 1000 : undefined
}

/** `email` of a person, `sub` of a service account: what Kubeflow puts into `kubeflow-userid`. */
export function userOf(token: string): string | undefined {
  const { email, sub } = claimsOf(token) ?? {}
  if (typeof email === 'string') return email
  return typeof sub === 'string' ? sub : undefined
}

/**
 * The ID token is what doors take as a Bearer token; without one the access token has to do.
 *
 * @throws Fault ERR_SIGN_IN_REFUSED when the answer holds none
 */
export function tokenCredential(
  answer: TokenAnswer,
  issuer: PublicIssuer,
  client: OAuthClient,
  before?: string,
): TokenCredential {
  const { id_token: id, access_token: access, refresh_token: refresh = before } = answer.fields
  const token = typeof id === 'string' ? id : access
  if (typeof token !== 'string') throw refused(issuer.token, answer)
  return {
    kind: 'token',
    token,
    expiresAt: endOf(token),
    ...(typeof refresh === 'string'
      ? {
          refresh: {
            token: refresh,
            endpoint: issuer.token.href,
            clientId: client.id,
            ...(client.secret === undefined ? {} : { clientSecret: client.secret }),
          },
        }
      : {}),
  }
}

/** An error of a token endpoint as a fault. */
export function refused(url: URL, answer: TokenAnswer, user?: string): Error {
  const { error, words, status } = answer
  const door = url.origin
  // RFC 6749 §5.2 calls a wrong password an invalid grant; Dex calls it access_denied.
  if (error === 'access_denied' || (error === 'invalid_grant' && user !== undefined))
    return new Fault('ERR_CREDENTIALS_WRONG', { door, words, user })
  if (error === 'expired_token' || error === 'invalid_grant')
    return new Fault('ERR_SIGN_IN_EXPIRED', { door, words })
  if (status === 429) return new Fault('ERR_SIGN_IN_LIMITED', { door, words })
  return new Fault('ERR_SIGN_IN_REFUSED', { door, status, words })
}

/**
 * A new token for a refresh token (RFC 6749 §6). An issuer that does not rotate leaves the old one in
 * place, which then need not be written again.
 */
export async function refreshToken(
  agent: Agent,
  refresh: NonNullable<TokenCredential['refresh']>,
  signal?: AbortSignal,
): Promise<TokenCredential> {
  const token = new URL(refresh.endpoint)
  const client = { id: refresh.clientId, secret: refresh.clientSecret }
  const answer = await postForm(
    agent,
    token,
    {
      grant_type: 'refresh_token',
      refresh_token: refresh.token,
      client_id: client.id,
      client_secret: client.secret,
    },
    signal,
  )
  if (answer.error === 'invalid_grant') {
    throw new Fault('ERR_CREDENTIALS_EXPIRED', { door: token.origin, next: `kfdoor login ${token.origin}` })
  }
  if (answer.status !== 200) throw refused(token, answer)
  return tokenCredential(
    answer,
    { issuer: '', authorization: token, token, scope: '' },
    client,
    refresh.token,
  )
}
