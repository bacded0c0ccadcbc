import type { CompactJws } from '../identity/index.ts'
import type { IssuerContext, Visit } from './context.ts'
import { json, tokenError } from './reply.ts'
import { grantTypes } from './token.ts'

/** `/.well-known/openid-configuration` (OpenID Connect Discovery §4), members in Dex's order. */
export function handleDiscovery(context: IssuerContext): Response {
  const { config, generation, keys } = context
  const { lists } = generation
  const at = (path: string) => `${config.issuer.replace(/\/$/, '')}${path}`
  return pretty({
    issuer: config.issuer,
    authorization_endpoint: at('/auth'),
    token_endpoint: at('/token'),
    jwks_uri: at('/keys'),
    userinfo_endpoint: at('/userinfo'),
    device_authorization_endpoint: lists.deviceAndGrants ? at('/device/code') : undefined,
    introspection_endpoint: lists.introspection ? at('/token/introspect') : undefined,
    grant_types_supported: lists.deviceAndGrants ? grantTypes(context) : undefined,
    response_types_supported: [...config.oauth2.responseTypes].sort(),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [keys.algorithm],
    code_challenge_methods_supported: lists.pkce ? ['S256', 'plain'] : undefined,
    scopes_supported: ['openid', 'email', 'groups', 'profile', 'offline_access'],
    token_endpoint_auth_methods_supported: lists.clientSecretPost
      ? ['client_secret_basic', 'client_secret_post']
      : ['client_secret_basic'],
    claims_supported: lists.moreClaims
      ? [
          ...['iss', 'sub', 'aud', 'iat', 'exp', 'email', 'email_verified', 'locale', 'name'],
          ...['preferred_username', 'at_hash'],
          ...(lists.groupsClaim ? ['groups', 'federated_claims'] : []),
        ]
      : ['aud', 'email', 'email_verified', 'exp', 'iat', 'iss', 'locale', 'name', 'sub'],
  })
}

/** `/keys` (RFC 7517). */
export function handleKeys({ keys }: IssuerContext): Response {
  return pretty(keys.jwks(), { 'cache-control': 'max-age=600, must-revalidate' })
}

/** `/userinfo`: the claims of the token that is shown. */
export function handleUserInfo(context: IssuerContext, { request }: Visit): Response {
  const [, token] = /^bearer (.*)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  if (token === undefined) {
    const refused = tokenError(401, 'access_denied', 'Invalid bearer token.')
    refused.headers.set('www-authenticate', 'Bearer')
    return refused
  }
  const jws = verifyOwnToken(context, token)
  if (!jws) return tokenError(403, 'access_denied', 'Invalid bearer token.')
  return json(jws.payload, { 'cache-control': 'no-store' })
}

/** A token of this issuer that has not ended, for whichever client. */
export function verifyOwnToken(
  { keys, config, clock }: IssuerContext,
  token: string,
): CompactJws | undefined {
  const jws = keys.verify(token)
  if (!jws || jws.payload.iss !== config.issuer) return undefined
  const { exp } = jws.payload
  return typeof exp === 'number' && exp * 1000 > clock() ? jws : undefined
}

/** Go's json.MarshalIndent with two spaces, as Dex writes these two. */
function pretty(value: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value, null, 2), {
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff', ...headers },
  })
}
