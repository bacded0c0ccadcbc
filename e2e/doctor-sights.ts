/**
 * What doors answer when a reported problem is there, and the code `kfdoor doctor` names it by. The answers
 * are those of the real components: Envoy's local replies, oidc-authservice, oauth2-proxy, Dex, Pipelines,
 * Knative, as recorded or as their sources print them. `rows`: problems of `tools/doctor-coverage.ts`.
 */
import type { IncomingMessage } from 'node:http'

export interface Said {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
}

export interface Sight {
  readonly rows: readonly string[]
  readonly code: string
  readonly why: string
  /** Below the door's root. */
  readonly path?: string
  /** What is sent; default: nothing. */
  readonly env?: 'cookie' | 'token' | string
  readonly answer: (request: IncomingMessage, usual: Said) => Said
}

/** Envoy answers by itself. */
const envoy = (status: number, body = ''): Said => ({
  status,
  headers: {
    server: 'istio-envoy',
    'content-length': String(Buffer.byteLength(body)),
    ...(body !== '' && { 'content-type': 'text/plain' }),
  },
  body,
})
const json = (status: number, value: unknown): Said => ({
  status,
  headers: {
    server: 'istio-envoy',
    'content-type': 'application/json',
    'x-envoy-upstream-service-time': '3',
  },
  body: JSON.stringify(value),
})

/** oidc-authservice sends everybody to Dex. */
const toDex = (query = 'redirect_uri=%2Flogin%2Foidc', cookies: readonly string[] = []): Said => ({
  status: 302,
  headers: {
    server: 'istio-envoy',
    'content-type': 'text/html; charset=utf-8',
    location: `/dex/auth?client_id=kubeflow-oidc-authservice&${query}&response_type=code&scope=openid&state=abc`,
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  },
  body: '<a href="/dex/auth">Found</a>.',
})

const jwt = (claims: object) =>
  [{ alg: 'RS256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
    .concat('.x')
const account = 'system:serviceaccount:team:default-editor'
/** Far ahead: the walk does not look at a signature. */
const exp = 4_000_000_000

/** Only those with a credential are answered so. */
const inside =
  (path: RegExp, said: Said): Sight['answer'] =>
  (request, usual) => {
    const signed = request.headers.authorization !== undefined || request.headers.cookie !== undefined
    return signed && path.test(request.url ?? '') ? said : usual
  }
const strangers =
  (said: Said): Sight['answer'] =>
  (request, usual) =>
    request.headers.authorization === undefined &&
    request.headers.cookie === undefined &&
    !/^\/dex/.test(request.url ?? '')
      ? said
      : usual

/** oauth2-proxy's page before anything goes to the issuer. */
const buttonPage: Said = {
  status: 403,
  headers: { server: 'istio-envoy', 'content-type': 'text/html; charset=utf-8' },
  body: '<html><form method="GET" action="/oauth2/start"><input type="hidden" name="rd" value="/"><button>Sign in with Dex</button></form></html>',
}

let turns = 0

export const sights: readonly Sight[] = [
  {
    rows: ['door 1', 'client 5'],
    code: 'KFD2201',
    why: 'no rule knows the issuer',
    env: jwt({ iss: 'https://issuer.example', sub: account, exp }),
    answer: inside(/./, envoy(401, 'Jwt issuer is not configured')),
  },
  {
    rows: ['door 2'],
    code: 'KFD2202',
    why: 'the issuer is spelled the short way',
    env: jwt({ iss: 'https://kubernetes.default.svc', sub: account, exp }),
    answer: inside(/./, envoy(401, 'Jwt issuer is not configured')),
  },
  {
    rows: ['door 3'],
    code: 'KFD2203',
    why: 'a managed cluster’s issuer',
    env: jwt({ iss: 'https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF', sub: account, exp }),
    answer: inside(/./, envoy(401, 'Jwt issuer is not configured')),
  },
  {
    rows: ['door 4', 'client 6'],
    code: 'KFD2204',
    why: 'the key is not known',
    env: 'token',
    answer: inside(/./, envoy(401, "Jwks doesn't have key to match kid or alg from Jwt")),
  },
  {
    rows: ['door 5'],
    code: 'KFD2206',
    why: 'the signature does not hold',
    env: 'token',
    answer: inside(/./, envoy(401, 'Jwt verification fails')),
  },
  {
    rows: ['client 2'],
    code: 'KFD2211',
    why: 'another audience',
    env: 'token',
    answer: inside(/./, envoy(403, 'Audiences in Jwt are not allowed')),
  },
  {
    rows: ['client 7'],
    code: 'KFD2208',
    why: 'a token gets the sign-in all the same',
    env: 'token',
    answer: (_, usual) => usual,
  },
  {
    rows: ['door 6'],
    code: 'KFD2501',
    why: 'signed in, and the dashboard’s own calls are refused',
    env: 'cookie',
    answer: inside(/workgroup/, envoy(403, 'RBAC: access denied')),
  },
  {
    rows: ['door 8', 'door 9', 'door 40'],
    code: 'KFD0311',
    why: 'strangers are refused where a login page should be',
    answer: strangers(envoy(403, 'RBAC: access denied')),
  },
  {
    rows: ['door 10', 'door 11', 'client 3'],
    code: 'KFD2504',
    why: 'a policy refuses a notebook’s address',
    path: '/notebook/team/nb/',
    env: 'cookie',
    answer: inside(/notebook/, envoy(403, 'RBAC: access denied')),
  },
  {
    rows: ['door 14', 'door 18', 'door 19', 'client 26', 'client 27'],
    code: 'KFD2403',
    why: 'no route for this host and path',
    answer: (_, __) => envoy(404),
  },
  {
    rows: ['door 15', 'client 22', 'client 8'],
    code: 'KFD0312',
    why: 'a model’s address asks for a sign-in',
    path: '/v1/models/iris',
    answer: (_, usual) => usual,
  },
  {
    rows: ['door 20', 'client 12'],
    code: 'KFD0323',
    why: 'a step of an old sign-in',
    path: '/dex/auth/local?req=2xkq3sbtqe',
    answer: (_, usual) => usual,
  },
  {
    rows: ['door 21', 'client 1'],
    code: 'KFD2301',
    why: 'Pipelines does not know who asks',
    env: 'cookie',
    answer: inside(
      /\/runs/,
      json(401, {
        error: 'Internal error: Unauthenticated: Request header error: there is no user identity header.',
        code: 16,
      }),
    ),
  },
  {
    rows: ['door 25', 'door 26', 'client 16', 'client 19'],
    code: 'KFD0319',
    why: 'Secure cookies over plain HTTP',
    answer: strangers(toDex(undefined, ['oidc_state_csrf=x; Path=/; Secure; HttpOnly'])),
  },
  {
    rows: ['door 26', 'client 16'],
    code: 'KFD0319',
    why: 'the same behind a page with a button, as the releases of today show it',
    answer: (request, usual) =>
      /^\/oauth2\/start/.test(request.url ?? '')
        ? toDex(undefined, ['oauth2_proxy_kubeflow_csrf=x; Path=/; Secure; HttpOnly'])
        : strangers(buttonPage)(request, usual),
  },
  {
    rows: ['door 26', 'client 16'],
    code: 'KFD0320',
    why: 'a cookie for another domain',
    answer: strangers(toDex(undefined, ['oidc_state_csrf=x; Domain=other.example.com'])),
  },
  {
    rows: ['door 27', 'client 18'],
    code: 'KFD2111',
    why: 'too many cookies',
    answer: () => envoy(431, 'Request Header Fields Too Large'),
  },
  {
    rows: ['door 28', 'client 17'],
    code: 'KFD2110',
    why: 'a circle of redirects',
    answer: (request) => ({
      ...envoy(302),
      headers: { server: 'istio-envoy', location: request.url === '/a' ? '/' : '/a' },
    }),
  },
  {
    rows: ['door 29', 'client 15'],
    code: 'KFD0321',
    why: 'the callback is at another host',
    answer: strangers(toDex('redirect_uri=https%3A%2F%2Fother.example.com%2Flogin%2Foidc')),
  },
  {
    rows: ['door 30', 'client 21'],
    code: 'KFD2114',
    why: 'the auth service waits for Dex',
    answer: () => envoy(503, 'OIDC Setup is not complete yet.'),
  },
  {
    rows: ['client 21', 'client 24'],
    code: 'KFD2508',
    why: 'the check itself fails: 403 and nothing else',
    answer: () => envoy(403),
  },
  {
    rows: ['door 34', 'client 38'],
    code: 'KFD0310',
    why: 'nobody is asked to sign in',
    answer: strangers({
      status: 200,
      headers: { server: 'istio-envoy', 'content-type': 'text/html' },
      body: '<html><title>Kubeflow Central Dashboard</title><main-page></main-page></html>',
    }),
  },
  {
    rows: ['door 36'],
    code: 'KFD2126',
    why: 'the token is larger than gunicorn takes',
    path: '/jupyter/',
    env: 'cookie',
    answer: inside(/jupyter/, {
      status: 400,
      headers: { server: 'istio-envoy', 'content-type': 'text/html', 'x-envoy-upstream-service-time': '1' },
      body: '<html><head><title>Bad Request</title></head><body><h1><p>Bad Request</p></h1>Error parsing headers: &#x27;limit request headers fields size&#x27;</body></html>',
    }),
  },
  {
    rows: ['client 4'],
    code: 'KFD2501',
    why: 'Pipelines refuses to tell its health',
    env: 'cookie',
    answer: inside(/healthz/, envoy(403, 'RBAC: access denied')),
  },
  {
    rows: ['client 11'],
    code: 'KFD2304',
    why: 'Pipelines is not at that path',
    env: 'cookie',
    answer: inside(/healthz/, json(404, { code: 5, message: 'Not Found', details: [] })),
  },
  {
    rows: ['client 20'],
    code: 'KFD2113',
    why: 'Dex does not know the client',
    answer: (request, usual) =>
      /^\/dex\/auth/.test(request.url ?? '')
        ? {
            status: 404,
            headers: { 'content-type': 'text/html' },
            body: '<html><body>Invalid client_id ("kubeflow-oidc-authservice").</body></html>',
          }
        : usual,
  },
  {
    rows: ['client 37'],
    code: 'KFD2122',
    why: 'Dex has forgotten the sign-in',
    answer: (request, usual) =>
      /^\/dex\/auth/.test(request.url ?? '')
        ? {
            status: 404,
            headers: { 'content-type': 'text/html' },
            body: '<html><body>Requested resource does not exist.</body></html>',
          }
        : usual,
  },
  {
    rows: ['client 25', 'client 29'],
    code: 'KFD2408',
    why: 'nobody answers behind the route',
    path: '/v1/models/iris',
    env: 'cookie',
    answer: inside(/models/, envoy(503, 'no healthy upstream')),
  },
  {
    rows: ['client 30'],
    code: 'KFD2305',
    why: 'Pipelines knows who asks, and refuses',
    env: 'cookie',
    answer: inside(
      /\/runs/,
      json(403, {
        error:
          "Failed to authorize with API: PermissionDenied: User 'user@example.com' is not authorized with reason: (request: &ResourceAttributes{Namespace:team,Verb:list,Group:pipelines.kubeflow.org,Version:v1beta1,Resource:runs,Subresource:,Name:,}): Unauthorized access",
      }),
    ),
  },
  {
    rows: ['client 34'],
    code: 'KFD0325',
    why: 'the token ends in minutes',
    env: jwt({ iss: 'https://issuer.example', sub: account, exp: Math.floor(Date.now() / 1000) + 120 }),
    answer: (request, usual) =>
      request.headers.authorization === undefined
        ? usual
        : usualAnswer({ ...request, url: request.url, headers: { cookie: 'x' } } as IncomingMessage),
  },
  {
    rows: ['client 35'],
    code: 'KFD0324',
    why: 'let in and refused by turns',
    env: 'cookie',
    answer: (request, usual) =>
      request.url === '/' && request.headers.cookie !== undefined && turns++ % 2 === 1
        ? envoy(403, 'RBAC: access denied')
        : usual,
  },
  {
    rows: ['client 36'],
    code: 'KFD2125',
    why: 'a web app sees no user',
    path: '/jupyter/api/namespaces',
    env: 'cookie',
    answer: inside(
      /jupyter/,
      json(401, { success: false, status: 401, log: 'No user detected.', user: null }),
    ),
  },
  {
    rows: ['client 39'],
    code: 'KFD0316',
    why: 'Pipelines has one user behind a sign-in',
    env: 'cookie',
    answer: inside(/healthz/, json(200, { multi_user: false })),
  },
]

/** A door in order: authservice before Dex, the dashboard and Pipelines behind it. */
export function usualAnswer(request: IncomingMessage): Said {
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  if (path.startsWith('/dex'))
    return {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<form method="post" action="/dex/auth/local/login?back=&state=x"><input name="login"><input type="password" name="password"></form>',
    }
  // This one takes cookies and looks at no token.
  if (request.headers.cookie === undefined) return toDex()
  if (/env-info/.test(path))
    return json(200, {
      user: 'user@example.com',
      namespaces: [{ namespace: 'team', role: 'owner', user: 'user@example.com' }],
      platform: {},
    })
  if (/healthz/.test(path)) return json(200, { multi_user: true })
  if (/\/runs/.test(path)) return json(200, {})
  return {
    status: 200,
    headers: { server: 'istio-envoy', 'content-type': 'text/html', 'x-envoy-upstream-service-time': '2' },
    body: '<html><title>Kubeflow Central Dashboard</title><main-page></main-page></html>',
  }
}
