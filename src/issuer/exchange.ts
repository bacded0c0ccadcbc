import { fields } from './authorize.ts'
import { type Grant, issueTokens, signAccessToken } from './claims.ts'
import type { DexClient } from './config.ts'
import type { Identity } from './connectors/connector.ts'
import type { IssuerContext, Visit } from './context.ts'
import { json, noStore, tokenError } from './reply.ts'

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'

const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'

/**
 * Knows whose a token of somebody else's issuer is; undefined = nobody's, or meant for another audience.
 * `audiences` are those a token may be for to be exchanged here.
 */
export type TokenIdentity = (token: string, audiences: readonly string[]) => Promise<Identity | undefined>

/**
 * Token exchange (RFC 8693) as Dex has it since 2.38 (server/handlers.go `handleTokenExchange`): a token
 * that a connector vouches for becomes one of this issuer. `connector_id` is Dex's own parameter; the new
 * token stands in `access_token` whatever was asked for. A subject token has to be meant for this issuer or
 * for the client that exchanges it, so that a token given to another service cannot be turned into one here.
 */
export async function exchangeGrant(
  context: IssuerContext,
  visit: Visit,
  client: DexClient,
): Promise<Response> {
  const at = (name: string) => visit.form.get(name) ?? ''
  const requested = at('requested_token_type') || ACCESS_TOKEN
  if (![ID_TOKEN, ACCESS_TOKEN, JWT].includes(at('subject_token_type'))) {
    return tokenError(400, 'request_not_supported', 'Invalid subject_token_type.')
  }
  if (at('subject_token') === '') return tokenError(400, 'invalid_request', 'Missing subject_token')
  const connectorId = at('connector_id')
  const identify = context.exchanges.get(connectorId)
  if (!identify) return tokenError(400, 'invalid_request', 'Requested connector does not exist.')
  if (requested !== ID_TOKEN && requested !== ACCESS_TOKEN) {
    return tokenError(400, 'request_not_supported', 'Invalid requested_token_type.')
  }
  const wait = context.limiter.wait('token exchange', visit.remoteAddress)
  if (wait > 0) {
    const refused = tokenError(429, 'access_denied', 'Too many attempts. Try again later.')
    refused.headers.set('retry-after', String(wait))
    return refused
  }
  const identity = await identify(at('subject_token'), [context.config.issuer, client.id])
  if (!identity) {
    context.limiter.failed('token exchange', visit.remoteAddress)
    return tokenError(401, 'access_denied')
  }
  const grant: Grant = {
    clientId: client.id,
    connectorId,
    scopes: fields(at('scope')),
    nonce: '',
    identity,
  }
  const accessToken = await signAccessToken(context, grant)
  const { idToken, expiresIn } = await issueTokens(context, grant, { accessToken })
  return json(
    {
      access_token: requested === ID_TOKEN ? idToken : accessToken,
      issued_token_type: requested,
      token_type: 'bearer',
      expires_in: expiresIn,
    },
    noStore,
  )
}
