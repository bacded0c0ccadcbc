import { handleAuthorization, parseAuthorizationRequest } from './authorize.ts'
import { authenticRequest } from './bound-request.ts'
import type { Identity, PasswordConnector } from './connectors/connector.ts'
import { errorReply, type IssuerContext, languageOf, type Visit } from './context.ts'
import { decideAfterLogin, leaveLogin } from './finish.ts'
import { encodeValues, pathEscape } from './go-url.ts'
import { passwordPage } from './pages/index.ts'
import { styleHash } from './pages/style.ts'
import { page, redirect } from './reply.ts'
import type { AuthRequest } from './store.ts'

/** `/auth`: a new sign-in, or (after 2.45) the way on from a finished one. */
export async function handleAuth(context: IssuerContext, visit: Visit): Promise<Response> {
  const id = visit.url.searchParams.get('req')
  if (context.generation.afterLogin === 'dispatch' && id !== null) {
    const request = authenticRequest(context, visit, id)
    return request instanceof Response ? request : decideAfterLogin(context, visit, request)
  }
  return handleAuthorization(context, visit)
}

/** `/auth/<connector>`: makes the request (since 2.29), or shows its form (before). */
export async function handleConnector(
  context: IssuerContext,
  visit: Visit,
  connectorId: string,
): Promise<Response> {
  return context.generation.requestAtAuth
    ? formOfNamedRequest(context, visit, connectorId)
    : beginAtConnector(context, visit, connectorId)
}

function beginAtConnector(context: IssuerContext, visit: Visit, connectorId: string): Response {
  const request = parseAuthorizationRequest(context, visit)
  if (request instanceof Response) return request
  const connector = context.connectors.get(connectorId)
  if (!connector) return missingConnector(context, visit, connectorId)
  if (request.connectorId !== '' && request.connectorId !== connectorId) {
    return errorReply(visit, 400, 'Bad connector ID')
  }
  // Dex answers a POST here with this too: it is what a form sees that followed a redirect by 307.
  if (visit.request.method !== 'GET') return errorReply(visit, 400, 'Unsupported request method.')

  context.store.requests.put({ ...request, connectorId })
  const { base, config } = context
  const back = config.connectors.length > 1 ? `${base}/auth?${encodeValues(visit.form)}` : ''
  const query = encodeValues([
    ['state', request.id],
    ['back', back],
  ])
  return redirect(visit.request, 302, `${base}/auth/${pathEscape(connectorId)}/login?${query}`)
}

/** ≤ 2.28: `/auth/<connector>?req=…`. */
async function formOfNamedRequest(
  context: IssuerContext,
  visit: Visit,
  connectorId: string,
): Promise<Response> {
  const connector = context.connectors.get(connectorId)
  if (!connector) return missingConnector(context, visit, connectorId)
  const request = context.store.requests.get(visit.form.get('req') ?? '')
  if (!request || request.identity) return errorReply(visit, 400, 'Login session expired.')
  if (request.connectorId !== connectorId) {
    if (request.connectorId !== '') return errorReply(visit, 500, 'Database error.')
    context.store.requests.put({ ...request, connectorId })
  }
  return passwordForm(context, visit, connector, { ...request, connectorId }, undefined)
}

/** `/auth/<connector>/login?back=&state=…`: the form, and its answer. */
export async function handleLogin(
  context: IssuerContext,
  visit: Visit,
  connectorId: string,
): Promise<Response> {
  const id = visit.url.searchParams.get('state') ?? ''
  if (id === '') return errorReply(visit, 400, 'User session error.')
  const request = context.store.requests.get(id)
  if (!request) return errorReply(visit, 400, 'Requested resource does not exist.')
  if (request.connectorId !== connectorId) return errorReply(visit, 500, 'Requested resource does not exist.')
  const connector = context.connectors.get(connectorId)
  if (!connector) return errorReply(visit, 500, 'Connector failed to initialize.')
  return passwordForm(context, visit, connector, request, ownBackLink(context, visit))
}

async function passwordForm(
  context: IssuerContext,
  visit: Visit,
  connector: PasswordConnector,
  request: AuthRequest,
  back: string | undefined,
): Promise<Response> {
  const { url } = visit
  const language = languageOf(visit)
  const show = (status: number, login?: string, failure?: 'wrong' | { retryAfter: number }) =>
    page(
      status,
      passwordPage(language, {
        action: `${url.pathname}${url.search}`,
        prompt: connector.prompt,
        // A form that echoes whatever it is sent would turn 1 MiB of input into 5 MiB of page.
        ...(login !== undefined && login.length <= 320 ? { login } : {}),
        ...(failure ? { failure } : {}),
        ...(back === undefined ? {} : { back }),
      }),
      styleHash,
      {
        'content-language': language,
        ...(typeof failure === 'object' ? { 'retry-after': String(failure.retryAfter) } : {}),
      },
    )

  switch (visit.request.method) {
    case 'GET':
    case 'HEAD':
      return show(200)
    case 'POST': {
      const login = visit.form.get('login') ?? ''
      const outcome = await signIn(context, visit.remoteAddress, connector, {
        login,
        password: visit.form.get('password') ?? '',
        groups: request.scopes.includes('groups'),
      })
      switch (outcome.kind) {
        case 'wrong':
          return show(context.generation.wrongPasswordStatus, login, 'wrong')
        case 'wait':
          return show(429, login, { retryAfter: outcome.retryAfter })
        case 'failed':
          return errorReply(
            visit,
            500,
            context.generation.hidesDetails
              ? 'Login error. Please contact your administrator or try again later.'
              : `Login error: ${outcome.reason}`,
          )
        case 'in':
          return leaveLogin(context, visit, request, outcome.identity)
      }
    }
  }
  return errorReply(visit, 400, 'Unsupported request method.')
}

export type SignInOutcome =
  | { readonly kind: 'in'; readonly identity: Identity }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly retryAfter: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** A name and a password, put to a connector; guessers are slowed down. */
export async function signIn(
  context: IssuerContext,
  remoteAddress: string,
  connector: PasswordConnector,
  given: { readonly login: string; readonly password: string; readonly groups: boolean },
): Promise<SignInOutcome> {
  const { limiter, log } = context
  const user = `${connector.id} ${given.login.trim().slice(0, 1000)}`
  const wait = limiter.wait(user, remoteAddress)
  if (wait > 0) {
    log({ kind: 'sign-in-limited', connector: connector.id, remoteAddress })
    return { kind: 'wait', retryAfter: wait }
  }
  try {
    const result = await connector.login(given.login, given.password, { groups: given.groups })
    switch (result.kind) {
      case 'busy':
        return { kind: 'wait', retryAfter: result.retryAfter }
      case 'wrong':
        limiter.failed(user, remoteAddress)
        log({ kind: 'sign-in-refused', connector: connector.id, remoteAddress })
        return result
      case 'in':
        limiter.succeeded(user, remoteAddress)
        log({ kind: 'signed-in', connector: connector.id, email: result.identity.email })
        return result
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log({ kind: 'connector-failed', connector: connector.id, reason })
    return { kind: 'failed', reason }
  }
}

function missingConnector(context: IssuerContext, visit: Visit, connectorId: string): Response {
  const known = context.config.connectors.find(({ id }) => id === connectorId)
  if (known) {
    context.log({ kind: 'connector-failed', connector: connectorId, reason: 'it signs in elsewhere' })
  }
  return errorReply(
    visit,
    400,
    context.generation.hidesDetails ? 'Connector failed to initialize' : 'Requested resource does not exist',
  )
}

/** `back` comes from the address bar: only a path of this issuer's `/auth` becomes a link. */
function ownBackLink({ base }: IssuerContext, { url }: Visit): string | undefined {
  const back = url.searchParams.get('back') ?? ''
  return back.startsWith(`${base}/auth?`) && !/[\\\p{Cc}]/u.test(back) ? back : undefined
}
