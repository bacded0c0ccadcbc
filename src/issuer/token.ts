import { createHash } from 'node:crypto'
import { sameSecret } from '../identity/index.ts'
import { fields } from './authorize.ts'
import type { DexClient } from './config.ts'
import { clientOf, type IssuerContext, type Visit } from './context.ts'
import { percentDecode } from './go-url.ts'
import { newId } from './ids.ts'
import { signIn } from './login.ts'
import { refreshGrant } from './refresh.ts'
import { tokenError } from './reply.ts'
import { judgeScopes } from './scopes.ts'
import { tokenResponse } from './token-response.ts'

/** `POST /token` (RFC 6749 §3.2), with Dex's errors (server/handlers.go `handleToken`). */
export async function handleToken(context: IssuerContext, visit: Visit): Promise<Response> {
  if (visit.request.method !== 'POST') return tokenError(400, 'invalid_request', 'method not allowed')
  const grantType = visit.body.get('grant_type') ?? ''
  const grant = grantOf(context, grantType)
  if (!grant) return tokenError(400, context.generation.unknownGrant)
  const client = authenticateClient(context, visit)
  return client instanceof Response ? client : grant(context, visit, client)
}

type GrantHandler = (context: IssuerContext, visit: Visit, client: DexClient) => Promise<Response>

/** What discovery lists under `grant_types_supported`, sorted. */
export function grantTypes({ config }: IssuerContext): string[] {
  const all = [
    'authorization_code',
    ...(config.oauth2.responseTypes.some((type) => type.split(' ').includes('token')) ? ['implicit'] : []),
    ...(config.oauth2.passwordConnector === undefined ? [] : ['password']),
    'refresh_token',
  ]
  const { grantTypes: only } = config.oauth2
  return only.length > 0 ? all.filter((type) => only.includes(type)) : all
}

function grantOf(context: IssuerContext, type: string): GrantHandler | undefined {
  if (!grantTypes(context).includes(type)) return undefined
  switch (type) {
    case 'authorization_code':
      return codeGrant
    case 'refresh_token':
      return refreshGrant
    case 'password':
      return passwordGrant
  }
  return undefined
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

/** RFC 7636 §4.6, with Dex's words. Undefined when all is well. */
function judgePkce(challenge: string, method: string, verifier: string): Response | undefined {
  if (verifier === '' && challenge === '') return undefined
  if (challenge === '') {
    return tokenError(400, 'invalid_request', 'No PKCE flow started. Cannot check code_verifier.')
  }
  if (verifier === '') {
    return tokenError(400, 'invalid_grant', 'Expecting parameter code_verifier in PKCE flow.')
  }
  const made = method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
  return sameSecret(made, challenge) ? undefined : tokenError(400, 'invalid_grant', 'Invalid code_verifier.')
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
