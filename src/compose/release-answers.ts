import type { Mesh } from '../mesh/index.ts'
import {
  type Check,
  type CheckAnswer,
  fromBase64Url,
  type HeaderList,
  type Question,
} from '../policy/index.ts'
import type { SignIn } from '../regions/index.ts'
import {
  type AuthServiceSettings,
  authProviderKind,
  isElsewhere,
  namedProviders,
  type OAuth2ProxySettings,
  readAuthServiceSettings,
  readOAuth2ProxySettings,
} from '../sign-in/index.ts'

/**
 * What the auth service of a mesh's YAML answers to a check, as far as its settings tell: exempted
 * paths, API routes, the sign-in page or the redirect, and the tokens it takes by itself. Nobody is
 * asked and nothing is random: a redirect's `state` and the page's text are left out.
 *
 * Another authorizer beside it answers as the principal implies. `undefined` where the mesh runs neither
 * of Kubeflow's two, or one nobody could sign in to.
 */
export function releaseAnswers(mesh: Mesh): Question['provider'] {
  const service = readAuthServiceSettings(mesh, known).settings
  const proxy = readOAuth2ProxySettings(mesh, known).settings
  if (service === undefined && proxy === undefined) return undefined
  const kinds = new Map(namedProviders(mesh).map(({ provider, kind }) => [provider, kind]))
  return (check, usual, trusting) => {
    switch (kinds.get(check.provider)) {
      case 'authservice':
        return service === undefined ? usual : authServiceAnswer(service, check, usual, trusting)
      case 'oauth2-proxy':
        return proxy === undefined ? usual : oauth2ProxyAnswer(proxy, check, usual, trusting)
      default:
        return usual
    }
  }
}

/** A snapshot and a cluster read without its Secrets have the settings all the same. */
const known = { secretsElsewhere: true }

const html = ['content-type', 'text/html; charset=utf-8'] as const

/** Stands for a page whose text is the auth service's own. */
export const pageStandIn = '<!DOCTYPE html>'

const answer = (status: number, headers: HeaderList = [], body = ''): CheckAnswer => ({
  status,
  headers,
  body,
})

/** oauth2-proxy's oauthproxy.go (Proxy, SignInPage), pkg/middleware/jwt_session.go. */
function oauth2ProxyAnswer(
  settings: OAuth2ProxySettings,
  check: Check,
  usual: CheckAnswer,
  trusting: boolean,
): CheckAnswer {
  if (check.protocol === 'grpc') return usual
  if (usual.status === 200)
    return { ...usual, headers: usual.headers.filter(([name]) => tells(settings, name)) }
  const path = decodedPath(check.path)
  const token = settings.skipJwtBearerTokens ? bearerOf(check) : undefined
  if (token !== undefined) {
    const claims = trusting ? claimsOf(token) : undefined
    const trusted = [{ issuer: settings.issuer, audience: settings.clientId }, ...settings.extraJwtIssuers]
    const taken = trusted.some(
      ({ issuer, audience }) => claims?.iss === issuer && audiencesOf(claims).includes(audience),
    )
    if (claims !== undefined && taken) {
      return answer(200, oauth2ProxyIdentity(settings, token, claims), 'Authenticated')
    }
    if (claims !== undefined && mayBeOwn(settings, claims)) return { ...usual, untold: true }
    if (!settings.bearerLoginFallback) return answer(403, [html], pageStandIn)
  }
  const exempt =
    (settings.skipAuthPreflight && check.method === 'OPTIONS') ||
    settings.skipAuthRoutes.some(
      (route) =>
        (route.method === undefined || route.method === check.method) &&
        route.matches(path) !== route.negated,
    )
  if (exempt) return answer(200, [], 'Authenticated')
  const json = settings.forceJsonErrors || /(^|,)\s*application\/json\s*(,|$)/.test(headerOf(check, 'accept'))
  if (json || settings.apiRoutes.some((route) => route.matches(path))) {
    return answer(401, [['content-type', 'application/json']], '{}')
  }
  if (!settings.skipProviderButton) return answer(403, [html], pageStandIn)
  const location = signInAt(settings.loginUrl ?? `${settings.issuer}/auth`, settings, settings.scope)
  return answer(302, [['location', location]])
}

/** Which headers of a session it answers at all; the provider's list decides about them next. */
function tells(settings: OAuth2ProxySettings, name: string): boolean {
  if (name === 'authorization') return settings.setAuthorizationHeader
  return name.startsWith('x-auth-request-') && settings.setXAuthRequest
}

function oauth2ProxyIdentity(settings: OAuth2ProxySettings, token: string, claims: Claims): HeaderList {
  const subject = String(claims.sub ?? '')
  const email = typeof claims.email === 'string' ? claims.email : subject
  return [
    ...(settings.setAuthorizationHeader ? [['authorization', `Bearer ${token}`] as const] : []),
    ...(settings.setXAuthRequest
      ? ([
          ['x-auth-request-user', subject],
          ['x-auth-request-email', email],
        ] as const)
      : []),
  ]
}

/** oidc-authservice's server.go (authenticate), authenticators. */
function authServiceAnswer(
  settings: AuthServiceSettings,
  check: Check,
  usual: CheckAnswer,
  trusting: boolean,
): CheckAnswer {
  if (check.protocol === 'grpc') return usual
  const path = decodedPath(check.path)
  if (settings.skipAuth.some((start) => path.startsWith(start))) return answer(200, [], 'OK')
  if (usual.status === 200) return { ...usual, headers: sessionHeaders(settings, usual.headers) }
  const token = settings.vintage === '28c59ef' ? undefined : bearerOf(check)
  const claims = token === undefined || !trusting ? undefined : claimsOf(token)
  if (claims !== undefined) {
    const audiences = audiencesOf(claims)
    const reviewed = settings.tokenReview && /kubernetes/.test(String(claims.iss))
    if (reviewed && settings.audiences.some((one) => audiences.includes(one))) {
      return answer(200, [[settings.userIdHeader, settings.userIdPrefix + String(claims.sub)]])
    }
    if (settings.idTokens && claims.iss === settings.issuer) {
      if (mayBeOwn(settings, claims)) return { ...usual, untold: true }
      if (!audiences.includes(settings.clientId)) return answer(401, [], 'Unable to verify ID token.')
      const user = String(claims[settings.userIdClaim] ?? '')
      return answer(200, [[settings.userIdHeader, settings.userIdPrefix + user]])
    }
  }
  const location = signInAt(
    settings.authUrl ?? `${settings.issuer}/auth`,
    settings,
    settings.scopes.join(' '),
  )
  return answer(302, [html, ['location', location]], pageStandIn)
}

/** The headers its settings name, of the claims they name. */
function sessionHeaders(settings: AuthServiceSettings, headers: HeaderList): HeaderList {
  const of = (name: string) => headers.find(([own]) => own === name)?.[1] ?? ''
  const token = bearer(of('authorization'))
  const claims = token === undefined ? undefined : claimsOf(token)
  const name = String(claims?.[settings.userIdClaim] ?? '')
  const { transform = (text) => text, userIdTokenHeader } = settings
  return [
    [settings.userIdHeader, settings.userIdPrefix + transform(name)],
    ...(settings.vintage === '28c59ef' ? [] : [[settings.groupsHeader, of('kubeflow-groups')] as const]),
    ...(userIdTokenHeader && token ? [[userIdTokenHeader, token] as const] : []),
  ]
}

/** Where a browser is sent, without the parts that are new each time. */
function signInAt(
  url: string,
  { clientId, redirectUrl }: { readonly clientId: string; readonly redirectUrl: string },
  scope: string,
): string {
  const query = new URLSearchParams({
    ...(!isElsewhere(clientId) && { client_id: clientId }),
    redirect_uri: redirectUrl,
    response_type: 'code',
    scope,
  })
  return `${url}${url.includes('?') ? '&' : '?'}${query}`
}

/** Go's URL.Path: both services look at the decoded path. */
function decodedPath(target: string): string {
  const path = target.split(/[?#]/, 1)[0] ?? ''
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function headerOf(check: Check, name: string): string {
  return check.headers.find(([one]) => one.toLowerCase() === name)?.[1] ?? ''
}

function bearerOf(check: Check): string | undefined {
  return bearer(headerOf(check, 'authorization'))
}

function bearer(value: string): string | undefined {
  return /^bearer +(\S+)$/i.exec(value.trim())?.[1]
}

/** A token of the door's own issuer, for a client whose name lies in a Secret: perhaps this one's. */
function mayBeOwn(
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
  claims: Claims,
): boolean {
  return isElsewhere(clientId) && claims.iss === issuer && audiencesOf(claims).length > 0
}

type Claims = Readonly<Record<string, unknown>>

function claimsOf(token: string): Claims | undefined {
  try {
    const bytes = fromBase64Url(token.split('.')[1] ?? '')
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Claims)
      : undefined
  } catch {
    return undefined
  }
}

function audiencesOf(claims: Claims | undefined): readonly unknown[] {
  return claims?.aud === undefined ? [] : [claims.aud].flat()
}

/** The same, with the paths the service lets through by itself as expressions. */
export function releaseSignIn(mesh: Mesh): SignIn | undefined {
  const answers = releaseAnswers(mesh)
  if (answers === undefined) return undefined
  const kind = authProviderKind(mesh)
  const service = readAuthServiceSettings(mesh, known).settings
  const proxy = readOAuth2ProxySettings(mesh, known).settings
  const providers = namedProviders(mesh).map((each) => [each.provider, each.kind])
  const content = JSON.stringify([providers, service, proxy], (key, value) =>
    /secret/i.test(key) ? undefined : value,
  )
  if (kind === 'authservice') {
    const exemptions = (service?.skipAuth ?? []).map((start) => ({
      source: `^${start.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')}`,
      matches: (path: string) => path.startsWith(start),
    }))
    return { answer: answers, exemptions, content }
  }
  return { answer: answers, exemptions: proxy?.skipAuthRoutes ?? [], content }
}
