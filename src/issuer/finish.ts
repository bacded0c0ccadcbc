import { randomBytes } from 'node:crypto'
import { redirectError } from './authorize.ts'
import { authenticRequest, requestMac } from './bound-request.ts'
import { issueTokens, signAccessToken } from './claims.ts'
import type { Identity } from './connectors/connector.ts'
import { clientOf, errorReply, type IssuerContext, languageOf, type Visit } from './context.ts'
import { encodeValues, withQuery } from './go-url.ts'
import { newId } from './ids.ts'
import { approvalPage } from './pages/index.ts'
import { styleHash } from './pages/style.ts'
import { page, redirect } from './reply.ts'
import type { AuthRequest } from './store.ts'

/** How long a code waits to be exchanged: 30 minutes, as Dex has it. */
const CODE_LIFE = 30 * 60_000

/** The password was good: remember who it is, and send the browser on. */
export function leaveLogin(
  context: IssuerContext,
  visit: Visit,
  request: AuthRequest,
  identity: Identity,
): Promise<Response> | Response {
  const { base, store, generation } = context
  // Somebody may have finished this very request while the password was checked.
  if (!store.requests.get(request.id)) return errorReply(visit, 400, 'User session error.')
  // A new key with every sign-in: whoever signed in here before, and left the approval open, must
  // not be able to answer it for the next one.
  const done: AuthRequest = { ...request, identity, hmacKey: randomBytes(32) }

  switch (generation.afterLogin) {
    case 'approval': {
      // These versions name the request in the URL and nothing else, so that whoever began the flow
      // could finish it. It gets a new name here, which only this browser learns.
      const renamed = { ...done, id: newId() }
      store.requests.delete(request.id)
      store.requests.put(renamed)
      return redirect(visit.request, 303, `${base}/approval?req=${renamed.id}`)
    }
    case 'approval-hmac':
      store.requests.put(done)
      return redirect(visit.request, 303, approvalUrl(context, done))
    case 'callback':
      store.requests.put(done)
      return decideAfterLogin(context, visit, done)
    case 'dispatch': {
      store.requests.put(done)
      const query = encodeValues([
        ['hmac', requestMac(done).toString('base64url')],
        ['req', done.id],
      ])
      return redirect(visit.request, 303, `${base}/auth?${query}`)
    }
  }
}

/** Straight back with a code, or by way of the approval screen. */
export function decideAfterLogin(
  context: IssuerContext,
  visit: Visit,
  request: AuthRequest,
): Promise<Response> | Response {
  if (!needsApproval(context, request)) return sendCode(context, visit, request)
  if (context.generation.promptNoneRefusesApproval && request.prompt === 'none') {
    context.store.requests.delete(request.id)
    return redirectError(
      visit,
      request.redirectUri,
      request.state,
      'interaction_required',
      'User interaction required',
    )
  }
  return redirect(visit.request, 303, approvalUrl(context, request))
}

function needsApproval({ config, generation }: IssuerContext, request: AuthRequest): boolean {
  const shows = !config.oauth2.skipApprovalScreen
  switch (generation.approvalScreen) {
    case 'unless skipped':
      return shows
    case 'if forced':
      return shows && request.forceApproval
    case 'unless skipped, or if forced':
      return shows || request.forceApproval
  }
}

function approvalUrl({ base }: IssuerContext, request: AuthRequest): string {
  return `${base}/approval?req=${request.id}&hmac=${requestMac(request).toString('base64url')}`
}

/** `/approval`: the screen, and its answer. */
export async function handleApproval(context: IssuerContext, visit: Visit): Promise<Response> {
  const request = approvalRequest(context, visit)
  if (request instanceof Response) return request
  const bare =
    context.generation.afterLogin === 'approval' || context.generation.afterLogin === 'approval-hmac'
  switch (visit.request.method) {
    case 'GET':
    case 'HEAD': {
      if (bare && !needsApproval(context, request)) return sendCode(context, visit, request)
      const client = clientOf(context, request.clientId)
      if (!client) return errorReply(visit, 500, 'Failed to retrieve client.')
      const language = languageOf(visit)
      const body = approvalPage(language, {
        requestId: request.id,
        user: request.identity?.username ?? '',
        client: client.name || client.id,
        scopes: request.scopes.filter((scope) => scope !== 'groups' || context.generation.groupsOnApproval),
      })
      return page(200, body, styleHash, { 'content-language': language })
    }
    case 'POST':
      if (visit.form.get('approval') !== 'approve') return errorReply(visit, 500, 'Approval rejected.')
      return sendCode(context, visit, request)
  }
  return errorReply(visit, 400, 'Unsupported request method.')
}

function approvalRequest(context: IssuerContext, visit: Visit): AuthRequest | Response {
  const id = visit.form.get('req') ?? ''
  if (context.generation.afterLogin !== 'approval') return authenticRequest(context, visit, id)
  const request = context.store.requests.get(id)
  if (!request) return errorReply(visit, 500, 'Database error.')
  return request.identity ? request : errorReply(visit, 500, 'Login process not yet finalized.')
}

/** Ends the request and sends the browser back to the client with what it asked for. */
async function sendCode(context: IssuerContext, visit: Visit, request: AuthRequest): Promise<Response> {
  const { clock, store } = context
  if (clock() > request.expiresAt) return errorReply(visit, 400, 'User session has expired.')
  // Taken out before anything is made: the second of two that race gets nothing.
  if (!store.requests.take(request.id)) return errorReply(visit, 400, 'User session error.')
  const { identity, responseTypes, state, redirectUri } = request
  if (!identity) return errorReply(visit, 500, 'Login process not yet finalized.')

  const codeId = responseTypes.includes('code') ? newId() : ''
  if (codeId !== '') {
    store.codes.put({ ...request, id: codeId, identity, expiresAt: clock() + CODE_LIFE })
  }
  if (responseTypes.length === 1 && codeId !== '') {
    return redirect(
      visit.request,
      303,
      withQuery(redirectUri, [
        ['code', codeId],
        ['state', state],
      ]),
    )
  }

  // Implicit and hybrid answers travel in the fragment (OpenID Connect Core §3.2.2.5, §3.3.2.5).
  const values: [string, string][] = [['state', state]]
  const grant = { ...request, identity }
  const accessToken = responseTypes.includes('token') ? await signAccessToken(context, grant) : ''
  if (accessToken !== '') values.push(['access_token', accessToken], ['token_type', 'bearer'])
  if (responseTypes.includes('id_token')) {
    const { idToken, expiresIn } = await issueTokens(context, grant, { accessToken, code: codeId })
    values.push(['id_token', idToken])
    if (accessToken !== '' && codeId === '') values.push(['expires_in', String(expiresIn)])
  }
  if (codeId !== '') values.push(['code', codeId])
  return redirect(visit.request, 303, `${redirectUri}#${encodeValues(values)}`)
}
