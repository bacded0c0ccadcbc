import { sameSecret } from '../identity/index.ts'
import { fields } from './authorize.ts'
import type { DexClient } from './config.ts'
import { clientOf, type IssuerContext, type Visit } from './context.ts'
import { DEVICE_GRANT, deviceGrant } from './device.ts'
import { EXCHANGE_GRANT, exchangeGrant } from './exchange.ts'
import { percentDecode } from './go-url.ts'
import { newId } from './ids.ts'
import { signIn } from './login.ts'
import { judgePkce } from './pkce.ts'
import { refreshGrant } from './refresh.ts'
import { tokenError } from './reply.ts'
import { judgeScopes } from './scopes.ts'
import { tokenResponse } from './token-response.ts'

/** `POST /token` (RFC 6749 §3.2), with Dex's errors (server/handlers.go `handleToken`). */
export async function handleToken(context: IssuerContext, visit: Visit): Promise<Response> {
  if (visit.request.method !== 'POST') return tokenError(400, 'invalid_request', 'method not allowed')
  const grantType = visit.body.get('grant_type') ?? ''
  if (!grantTypes(context).includes(grantType)) return tokenError(400, context.generation.unknownGrant)
  // The device code alone says who asks (RFC 8628 §3.4); Dex wants no client secret here.
  if (grantType === DEVICE_GRANT) return deviceGrant(context, visit)
  const client = authenticateClient(context, visit)
  if (client instanceof Response) return client
  switch (grantType) {
    case 'authorization_code':
      return codeGrant(context, visit, client)
    case 'refresh_token':
      return refreshGrant(context, visit, client)
    case 'password':
      return passwordGrant(context, visit, client)
    case EXCHANGE_GRANT:
      return exchangeGrant(context, visit, client)
  }
  return tokenError(400, context.generation.unknownGrant)
}

/** What discovery lists under `grant_types_supported`, sorted. */
export function grantTypes({ config, generation, exchanges }: IssuerContext): string[] {
  const all = [
    'authorization_code',
    ...(config.oauth2.responseTypes.some((type) => type.split(' ').includes('token')) ? ['implicit'] : []),
    ...(config.oauth2.passwordConnector === undefined ? [] : ['password']),
    'refresh_token',
    ...(generation.lists.deviceAndGrants ? [DEVICE_GRANT] : []),
    ...(generation.lists.tokenExchange && exchanges.size > 0 ? [EXCHANGE_GRANT] : []),
  ]
  const { grantTypes: only } = config.oauth2
  return only.length > 0 ? all.filter((type) => only.includes(type)) : all
}

/**
 * HTTP Basic with both halves form-encoded (RFC 6749 §2.3.1), else the form. An unknown client and
 * a wrong secret look alike and take alike.
 */
function authenticateClient(context: IssuerContext, visit: Visit): DexClient | Response {
  const basic = basicAuth(visit.request.headers.get('authorization'))
  let id = visit.body.get('client_id') ?? ''
  let secret = visit.body.get('client_secret') ?? ''
  if (basic) {
    const [user, password] = basic.map((part) => percentDecode(part.replaceAll('+', ' ')))
    if (user === undefined) return tokenError(400, 'invalid_request', 'client_id improperly encoded')
    if (password === undefined) return tokenError(400, 'invalid_request', 'client_secret improperly encoded')
    id = user
    secret = password
  }
  const client = clientOf(context, id)
  const same = sameSecret(secret, client?.secret ?? newId())
  if (client && same) return client
  context.log({
    kind: 'client-refused',
    client: id.slice(0, 100),
    reason: client ? 'wrong secret' : 'unknown client',
  })
  return tokenError(401, 'invalid_client', 'Invalid client credentials.')
}

function basicAuth(header: string | null): [string, string] | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/_=-]+)\s*$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

async function codeGrant(context: IssuerContext, visit: Visit, client: DexClient): Promise<Response> {
  const { store, clock } = context
  const id = visit.body.get('code') ?? ''
  if (id === '') return tokenError(400, 'invalid_request', 'Required param: code.')
  const code = store.codes.get(id)
  if (!code || clock() > code.expiresAt || code.clientId !== client.id) {
    return tokenError(400, 'invalid_grant', 'Invalid or expired code parameter.')
  }
  const pkce = judgePkce(code.codeChallenge, code.codeChallengeMethod, visit.body.get('code_verifier') ?? '')
  if (pkce) return pkce
  if (code.redirectUri !== (visit.body.get('redirect_uri') ?? '')) {
    return tokenError(400, 'invalid_request', 'redirect_uri did not match URI from initial request.')
  }
  // From here on it is spent, whatever happens: of two that race, one gets tokens.
  if (!store.codes.take(id)) return tokenError(400, 'invalid_grant', 'Invalid or expired code parameter.')
  return tokenResponse(context, code, { code: id })
}

/** Resource owner password credentials, where `oauth2.passwordConnector` allows them. */
async function passwordGrant(context: IssuerContext, visit: Visit, client: DexClient): Promise<Response> {
  const { config, connectors } = context
  const scopes = fields(visit.form.get('scope') ?? '')
  const complaint = judgeScopes(config.clients, client.id, scopes)
  if (complaint !== undefined) return tokenError(400, 'invalid_request', complaint)
  const connector = connectors.get(config.oauth2.passwordConnector ?? '')
  if (!connector) return tokenError(400, 'invalid_request', 'Requested connector does not exist.')
  const outcome = await signIn(context, visit.remoteAddress, connector, {
    login: visit.form.get('username') ?? '',
    password: visit.form.get('password') ?? '',
    groups: scopes.includes('groups'),
  })
  switch (outcome.kind) {
    case 'failed':
      return tokenError(400, 'invalid_request', 'Could not login user')
    case 'wrong':
      return tokenError(401, 'access_denied', 'Invalid username or password')
    case 'wait': {
      const refused = tokenError(429, 'access_denied', 'Too many sign-in attempts. Try again later.')
      refused.headers.set('retry-after', String(outcome.retryAfter))
      return refused
    }
    case 'in':
      return tokenResponse(
        context,
        {
          clientId: client.id,
          connectorId: connector.id,
          scopes,
          nonce: visit.form.get('nonce') ?? '',
          identity: outcome.identity,
        },
        {},
      )
  }
}
