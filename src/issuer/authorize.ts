import { randomBytes } from 'node:crypto'
import type { DexClient } from './config.ts'
import { clientOf, errorReply, type IssuerContext, languageOf, type Visit } from './context.ts'
import { encodeValues, pathEscape, percentDecode, withQuery } from './go-url.ts'
import { newId } from './ids.ts'
import { chooserPage } from './pages/index.ts'
import { styleHash } from './pages/style.ts'
import { page, redirect } from './reply.ts'
import { judgeScopes } from './scopes.ts'
import type { AuthRequest } from './store.ts'

/** `GET|POST /auth`: choose a connector, or let the person choose one. */
export function handleAuthorization(context: IssuerContext, visit: Visit): Response {
  return context.generation.requestAtAuth ? authorizeFirst(context, visit) : chooseFirst(context, visit)
}

/**
 * Since 2.29 nothing is remembered before a connector is chosen. Dex checks nothing here either;
 * this front shows at once what it would show one redirect later, so that no link to `/auth` leads
 * on with an address nobody registered.
 */
function chooseFirst(context: IssuerContext, visit: Visit): Response {
  const checked = parseAuthorizationRequest(context, visit)
  if (checked instanceof Response && checked.status >= 400) return checked
  const { config, base } = context
  const form = new URLSearchParams(visit.form)
  const wanted = form.get('connector_id') ?? ''
  form.delete('connector_id')
  const query = encodeValues(form)
  const hrefOf = (id: string) => `${base}/auth/${pathEscape(id)}${query && `?${query}`}`

  if (wanted !== '') {
    const chosen = config.connectors.find(({ id }) => id === wanted)
    if (!chosen) return errorReply(visit, 400, 'Connector ID does not match a valid Connector')
    return redirect(visit.request, 302, hrefOf(chosen.id))
  }
  return oneOrMany(context, visit, hrefOf)
}

/** Up to 2.28 the request is checked and remembered first, and links name it. */
function authorizeFirst(context: IssuerContext, visit: Visit): Response {
  const parsed = parseAuthorizationRequest(context, visit)
  if (parsed instanceof Response) return parsed
  const { base, store } = context
  const hrefOf = (id: string) => `${base}/auth/${pathEscape(id)}?req=${parsed.id}`
  store.requests.put(parsed)
  if (parsed.connectorId !== '') return redirect(visit.request, 302, hrefOf(parsed.connectorId))
  return oneOrMany(context, visit, hrefOf)
}

function oneOrMany(context: IssuerContext, visit: Visit, hrefOf: (id: string) => string): Response {
  const { connectors, oauth2, frontendIssuer } = context.config
  const [only, ...others] = connectors
  if (only && others.length === 0 && !oauth2.alwaysShowLoginScreen) {
    return redirect(visit.request, 302, hrefOf(only.id))
  }
  const links = connectors.map(({ id, name, ...one }) => ({
    name,
    type: one.kind === 'elsewhere' ? one.type : one.kind,
    href: hrefOf(id),
  }))
  const language = languageOf(visit)
  return page(200, chooserPage(language, frontendIssuer, links), styleHash, { 'content-language': language })
}

/**
 * Checks an authorization request as Dex does (server/oauth2.go `parseAuthorizationRequest`): what
 * is wrong with the client or where to send it back is shown on a page; what is wrong otherwise is
 * sent back to the client.
 */
export function parseAuthorizationRequest(context: IssuerContext, visit: Visit): AuthRequest | Response {
  const { config, generation, clock } = context
  const given = (name: string) => visit.form.get(name) ?? ''

  // Dex unescapes it once more than it was escaped; only a registered string comes through anyway.
  const asked = percentDecode(given('redirect_uri').replaceAll('+', ' '))
  if (asked === undefined) return errorReply(visit, 400, 'No redirect_uri provided.')

  const clientId = given('client_id')
  const client = clientOf(context, clientId)
  if (!client) {
    context.log({ kind: 'client-refused', client: clientId.slice(0, 100), reason: 'unknown client' })
    const text = generation.hidesDetails ? 'Invalid client_id.' : `Invalid client_id (${goQuote(clientId)}).`
    return errorReply(visit, generation.unknownClientStatus, text)
  }
  if (!isRegistered(client, asked)) {
    context.log({ kind: 'client-refused', client: clientId, reason: 'unregistered redirect_uri' })
    const text = generation.hidesDetails
      ? 'Unregistered redirect_uri.'
      : `Unregistered redirect_uri (${goQuote(asked)}).`
    return errorReply(visit, 400, text)
  }

  // A sign-in for another device comes back to this issuer itself.
  const redirectUri = asked === DEVICE_CALLBACK ? `${context.base}${DEVICE_CALLBACK}` : asked

  const state = given('state')
  const backWith = (error: string, description: string) =>
    redirectError(visit, redirectUri, state, error, description)

  const connectorId = given('connector_id')
  if (connectorId !== '' && !config.connectors.some(({ id }) => id === connectorId)) {
    return generation.requestAtAuth
      ? errorReply(visit, 400, 'Invalid ConnectorID')
      : backWith('invalid_request', 'Invalid ConnectorID')
  }
  if (given('request') !== '') {
    return backWith('request_not_supported', 'Server does not support request parameter.')
  }
  const method = given('code_challenge_method') || 'plain'
  if (method !== 'S256' && method !== 'plain') {
    return backWith('invalid_request', `Unsupported PKCE challenge method (${goQuote(method)}).`)
  }

  const scopes = fields(given('scope'))
  const complaint = judgeScopes(config.clients, clientId, scopes)
  if (complaint !== undefined) return backWith('invalid_scope', complaint)

  const responseTypes = fields(given('response_type'))
  const nonce = given('nonce')
  const badType = judgeResponseTypes(responseTypes, config.oauth2.responseTypes, nonce)
  if (badType) return backWith(badType.error, badType.description)

  return {
    id: newId(),
    clientId,
    redirectUri,
    responseTypes,
    scopes,
    state,
    nonce,
    codeChallenge: given('code_challenge'),
    codeChallengeMethod: method,
    forceApproval: given('approval_prompt') === 'force',
    prompt: given('prompt'),
    connectorId,
    hmacKey: randomBytes(32),
    expiresAt: clock() + config.expiry.authRequests,
  }
}

/** 303 back to the client with `error`, as RFC 6749 §4.1.2.1 has it. */
export function redirectError(
  visit: Visit,
  redirectUri: string,
  state: string,
  error: string,
  description: string,
): Response {
  const values: [string, string][] = [
    ['error', error],
    ['state', state],
  ]
  if (description) values.push(['error_description', description])
  return redirect(visit.request, 303, withQuery(redirectUri, values))
}

/** What a client registers that signs in on another device. */
export const DEVICE_CALLBACK = '/device/callback'

/**
 * The string itself has to be registered, relative ones such as `/oauth2/callback` included. Only
 * a public client that registers nothing may come back to any port of this machine.
 */
function isRegistered(client: DexClient, redirectUri: string): boolean {
  if (client.redirectUris.includes(redirectUri)) return redirectUri !== ''
  if (!client.public || client.redirectUris.length > 0) return false
  if (redirectUri === DEVICE_CALLBACK) return true
  if (/[\\\s\p{Cc}]/u.test(redirectUri)) return false
  const host = /^http:\/\/(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?(?:[/?]|$)/.exec(
    redirectUri,
  )?.[1]
  return host !== undefined
}

function judgeResponseTypes(
  types: readonly string[],
  supported: readonly string[],
  nonce: string,
): { readonly error: string; readonly description: string } | undefined {
  for (const type of types) {
    if (type !== 'code' && type !== 'id_token' && type !== 'token') {
      return { error: 'invalid_request', description: `Invalid response type ${goQuote(type)}` }
    }
    if (!supported.includes(type)) {
      return { error: 'unsupported_response_type', description: `Unsupported response type ${goQuote(type)}` }
    }
  }
  const invalid = (description: string) => ({ error: 'invalid_request', description })
  if (types.length === 0) return invalid('No response_type provided')
  const [code, token, idToken] = ['code', 'token', 'id_token'].map((type) => types.includes(type))
  if (token && !code && !idToken) {
    return invalid("Response type 'token' must be provided with type 'id_token' and/or 'code'")
  }
  // OpenID Connect Core §3.2.2.1: the implicit flow needs a nonce.
  if (!code && nonce === '') return invalid("Response type 'token' requires a 'nonce' value.")
  return undefined
}

/** Go's strings.Fields. */
export function fields(text: string): string[] {
  return text.split(/\s+/).filter((one) => one !== '')
}

/** Go's `%q`. */
export function goQuote(text: string): string {
  return JSON.stringify(text)
}
