import { parseCompactJws } from '../identity/index.ts'
import { subjectOf, unmarshalPair } from './claims.ts'
import type { IssuerContext, Visit } from './context.ts'
import { verifyOwnToken } from './metadata.ts'
import { json, noStore, tokenError } from './reply.ts'

/** RFC 7662 as Dex has it (server/introspectionhandler.go): no client credentials are asked for. */
export function handleIntrospection(context: IssuerContext, visit: Visit): Response {
  const { method } = visit.request
  const invalid = (description: string) => tokenError(400, 'invalid_request', description)
  if (method !== 'POST') return invalid(`HTTP method is "${method}", expected "POST".`)
  if (visit.body.size === 0) return invalid('The POST body can not be empty.')
  const token = visit.body.get('token')
  if (token === null) return invalid("The POST body doesn't contain 'token' parameter.")
  const found = parseCompactJws(token) ? ofAccessToken(context, token) : ofRefreshToken(context, token)
  return json(found ?? { active: false }, noStore)
}

function ofAccessToken(context: IssuerContext, token: string): object | undefined {
  const claims = verifyOwnToken(context, token)?.payload
  if (!claims) return undefined
  const { aud, azp, email, email_verified, groups, name, preferred_username, federated_claims } = claims
  const clientId = Array.isArray(aud) ? azp : aud
  if (!context.config.clients.some(({ id }) => id === clientId)) return undefined
  return {
    active: true,
    client_id: clientId,
    sub: claims.sub,
    exp: claims.exp,
    iat: claims.iat,
    nbf: claims.iat,
    username: preferred_username,
    aud,
    iss: claims.iss,
    token_type: 'Bearer',
    token_use: 'access_token',
    ext: { azp, email, email_verified, groups, name, preferred_username, federated_claims },
  }
}

function ofRefreshToken({ store, config, clock }: IssuerContext, token: string): object | undefined {
  const [id, secret] = unmarshalPair(token) ?? ['', '']
  const held = store.refreshTokens.get(id)
  const { absoluteLifetime, validIfNotUsedFor } = config.expiry.refreshTokens
  const over = (since: number, life: number) => life > 0 && clock() > since + life
  if (!held || held.token !== secret) return undefined
  if (over(held.createdAt, absoluteLifetime) || over(held.lastUsed, validIfNotUsedFor)) return undefined
  const { identity, clientId, connectorId, createdAt } = held
  const since = Math.floor(createdAt / 1000)
  return {
    active: true,
    client_id: clientId,
    sub: subjectOf(identity.userId, connectorId),
    exp: since + Math.floor(absoluteLifetime / 1000),
    iat: since,
    nbf: since,
    username: identity.preferredUsername || undefined,
    aud: clientId,
    iss: config.issuer,
    token_type: 'Bearer',
    token_use: 'refresh_token',
    ext: {
      email: identity.email,
      email_verified: identity.emailVerified,
      groups: identity.groups.length > 0 ? identity.groups : undefined,
      name: identity.username,
      preferred_username: identity.preferredUsername || undefined,
    },
  }
}
