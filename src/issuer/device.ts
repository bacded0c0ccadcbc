import { randomInt } from 'node:crypto'
import { sameSecret } from '../identity/index.ts'
import { DEVICE_CALLBACK, fields, goQuote } from './authorize.ts'
import { clientOf, errorReply, type IssuerContext, languageOf, type Visit } from './context.ts'
import { encodeValues } from './go-url.ts'
import { newId } from './ids.ts'
import { deviceDonePage, devicePage } from './pages/index.ts'
import { styleHash } from './pages/style.ts'
import { judgePkce } from './pkce.ts'
import { page, redirect, tokenError } from './reply.ts'
import type { DeviceGrant } from './store.ts'
import { makeTokens, writeTokens } from './token-response.ts'

/** With an underscore, as Dex spells it; RFC 8628 has `device_code` after a colon too. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Consonants that cannot be mistaken for one another, and make no words. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
/** Seconds between two questions. */
const INTERVAL = 5

/** Sign-in on a device without a browser (RFC 8628; Dex, server/deviceflowhandlers.go). */
export async function handleDevice(
  context: IssuerContext,
  visit: Visit,
  path: string,
): Promise<Response | undefined> {
  const { method } = visit.request
  switch (path) {
    case '/device':
      return method === 'GET'
        ? codePage(context, visit, visit.url.searchParams.get('user_code') ?? '', false)
        : errorReply(visit, 400, 'Requested resource does not exist.')
    case '/device/auth/verify_code':
      return method === 'POST'
        ? verifyUserCode(context, visit)
        : errorReply(visit, 400, 'Requested resource does not exist.')
    case '/device/code':
      return method === 'POST'
        ? beginDevice(context, visit)
        : errorReply(visit, 400, 'Invalid device code request type')
    case '/device/token':
      if (method !== 'POST') return errorReply(visit, 400, 'Requested resource does not exist.')
      return visit.body.get('grant_type') === DEVICE_GRANT
        ? deviceGrant(context, visit)
        : tokenError(400, 'invalid_grant')
    case DEVICE_CALLBACK:
      return method === 'GET' ? finishDevice(context, visit) : errorReply(visit, 400, 'Method not allowed.')
  }
  return undefined
}

function beginDevice(context: IssuerContext, visit: Visit): Response {
  const { form } = visit
  const { config, clock, store } = context
  const method = form.get('code_challenge_method') || 'plain'
  if (method !== 'S256' && method !== 'plain') {
    return tokenError(400, 'invalid_request', `Unsupported PKCE challenge method (${goQuote(method)}).`)
  }
  const client = clientOf(context, form.get('client_id') ?? '')
  // Dex finds out only when the person has signed in; telling the device at once spares them that.
  if (!client || !sameSecret(form.get('client_secret') ?? '', client.secret)) {
    return tokenError(401, 'invalid_client', 'Invalid client credentials.')
  }
  const scopes = fields(form.get('scope') ?? '')
  const grant: DeviceGrant = {
    id: newId(32),
    userCode: newUserCode(),
    clientId: client.id,
    scopes: scopes.length > 0 ? scopes : ['openid'],
    codeChallenge: form.get('code_challenge') ?? '',
    codeChallengeMethod: method,
    expiresAt: clock() + config.expiry.deviceRequests,
    lastAsked: clock(),
    interval: 0,
  }
  store.deviceGrants.put(grant)
  const verification = `${config.issuer.replace(/\/$/, '')}/device`
  const answer = {
    device_code: grant.id,
    user_code: grant.userCode,
    verification_uri: verification,
    verification_uri_complete: `${verification}?user_code=${grant.userCode}`,
    expires_in: Math.floor(config.expiry.deviceRequests / 1000),
    interval: INTERVAL,
  }
  return new Response(JSON.stringify(answer, null, 3), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

function newUserCode(): string {
  const four = () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
  return `${four()}-${four()}`
}

/** The person typed the code: on to the sign-in. Guessers are slowed like those of passwords. */
function verifyUserCode(context: IssuerContext, visit: Visit): Response {
  const userCode = (visit.form.get('user_code') ?? '').trim().toUpperCase()
  if (userCode === '') return errorReply(visit, 400, 'No user code received')
  const wait = context.limiter.wait('device code', visit.remoteAddress)
  if (wait > 0) {
    return errorReply(visit, 429, 'Too many attempts. Try again later.', { 'retry-after': String(wait) })
  }
  const grant = grantOfUserCode(context, userCode)
  if (!grant) {
    context.limiter.failed('device code', visit.remoteAddress)
    return codePage(context, visit, userCode.slice(0, 20), true)
  }
  const query = encodeValues([
    ['client_id', grant.clientId],
    ['state', grant.userCode],
    ['response_type', 'code'],
    ['redirect_uri', DEVICE_CALLBACK],
    ['scope', grant.scopes.join(' ')],
  ])
  return redirect(visit.request, 302, `${context.base}/auth?${query}`)
}

function codePage({ base }: IssuerContext, visit: Visit, userCode: string, invalid: boolean): Response {
  const language = languageOf(visit)
  const action = `${base}/device/auth/verify_code`
  return page(invalid ? 400 : 200, devicePage(language, { action, userCode, invalid }), styleHash, {
    'content-language': language,
  })
}

/** The sign-in came back: its tokens wait for the device. */
async function finishDevice(context: IssuerContext, visit: Visit): Promise<Response> {
  const query = visit.url.searchParams
  if (query.get('error')) return errorReply(visit, 400, 'Authorization failed. Please try again.')
  const [userCode, id] = [query.get('state') ?? '', query.get('code') ?? '']
  if (userCode === '' || id === '') return errorReply(visit, 400, 'Request was missing parameters')
  const { store, clock, base } = context
  const code = store.codes.get(id)
  // Only a code of this very flow: another one was meant for another client's address.
  if (!code || clock() > code.expiresAt || code.redirectUri !== `${base}${DEVICE_CALLBACK}`) {
    return errorReply(visit, 400, 'Invalid or expired auth code.')
  }
  const grant = grantOfUserCode(context, userCode)
  if (!grant || grant.clientId !== code.clientId)
    return errorReply(visit, 400, 'Invalid or expired user code.')
  store.codes.take(id)
  const tokens = await makeTokens(context, code, { code: id })
  const now = store.deviceGrants.get(grant.id)
  if (!now || now.tokens) return errorReply(visit, 400, 'Invalid or expired device code.')
  store.deviceGrants.put({ ...now, tokens })
  const language = languageOf(visit)
  const client = clientOf(context, grant.clientId)
  return page(200, deviceDonePage(language, client?.name || grant.clientId), styleHash, {
    'content-language': language,
  })
}

function grantOfUserCode({ store, clock }: IssuerContext, userCode: string): DeviceGrant | undefined {
  for (const grant of store.deviceGrants.values()) {
    if (sameSecret(grant.userCode, userCode))
      return clock() > grant.expiresAt || grant.tokens ? undefined : grant
  }
  return undefined
}

/** The device asks whether its tokens are there (RFC 8628 §3.4, §3.5). */
export async function deviceGrant(context: IssuerContext, visit: Visit): Promise<Response> {
  const { store, clock, generation } = context
  const id = visit.form.get('device_code') ?? ''
  if (id === '') return tokenError(400, 'invalid_request', 'No device code received')
  const grant = store.deviceGrants.get(id)
  if (!grant) return tokenError(400, 'invalid_request', 'Invalid Device code.')
  const now = clock()
  if (now > grant.expiresAt) return tokenError(400, 'expired_token')
  if (!grant.tokens) {
    const early = now < grant.lastAsked + grant.interval * 1000
    const interval = early ? grant.interval + INTERVAL : INTERVAL
    store.deviceGrants.put({ ...grant, interval, lastAsked: now })
    return early
      ? tokenError(400, 'slow_down')
      : tokenError(generation.devicePendingStatus, 'authorization_pending')
  }
  const { codeChallenge, codeChallengeMethod, tokens } = grant
  const pkce = judgePkce(codeChallenge, codeChallengeMethod, visit.form.get('code_verifier') ?? '')
  if (pkce) return pkce
  store.deviceGrants.delete(id)
  return writeTokens(tokens)
}
