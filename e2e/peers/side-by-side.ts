/**
 * The same requests to oauth2-proxy and to `serve authz` in its seat: settings, requests, and what is left of an
 * answer when everything that has to differ from call to call is taken out of it.
 */
import { request as httpRequest } from 'node:http'
import { BrowserLike, signIn } from '../browser-like.ts'
import { startFront } from './front.ts'

/** What is compared of an answer. */
export interface Shown {
  readonly status: number
  /** `name: value`, sorted. */
  readonly headers: readonly string[]
  readonly body: string
}

export interface Asked {
  readonly id: string
  readonly method: string
  readonly path: string
  /** `$SESSION` and `$TOKEN` stand for what signing in gave. */
  readonly headers: Readonly<Record<string, string>>
}

const row = (id: string, request: string, headers: Readonly<Record<string, string>> = {}): Asked => {
  const [method = 'GET', path = '/'] = request.split(' ')
  return { id, method, path, headers }
}
const session = { cookie: '$SESSION' }
const stale = { cookie: 'oauth2_proxy_kubeflow=stale' }
const token = { authorization: '$TOKEN' }
const forged = { authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln' }
const garbage = { authorization: 'Bearer abc' }
const json = { accept: 'application/json' }

/** One for each thing that Envoy, a browser, a script or an attacker asks of it. */
export const asked: readonly Asked[] = [
  row('page', 'GET /', { accept: 'text/html' }),
  row('page, deep', 'GET /pipeline/?a=b&c=%2F'),
  row('page, HEAD', 'HEAD /x'),
  row('page, POST', 'POST /x'),
  row('page, OPTIONS', 'OPTIONS /x', {
    origin: 'https://evil.example',
    'access-control-request-method': 'GET',
  }),
  row('API', 'GET /api/workgroup/env-info'),
  row('API, deep', 'GET /pipeline/apis/v2beta1/runs'),
  row('accepts JSON', 'GET /x', json),
  row('accepts JSON among others', 'GET /x', { accept: 'application/json;q=0.9, text/html' }),
  row('exempt', 'GET /dex/auth'),
  row('not quite exempt', 'GET /dex'),
  row('exempt, then back', 'GET /dex/../pipeline'),
  row('exempt, escaped', 'GET /dex%2f..%2fpipeline'),
  row('session', 'GET /', session),
  row('session, API', 'GET /pipeline/apis/v2beta1/runs', session),
  row('session, POST', 'POST /x', session),
  row('stale session', 'GET /', stale),
  row('stale session, API', 'GET /api/x', stale),
  row('stale session in parts', 'GET /', { cookie: 'oauth2_proxy_kubeflow_0=a; oauth2_proxy_kubeflow_1=b' }),
  row('token', 'GET /', token),
  row('token, API', 'GET /api/x', token),
  row('forged token', 'GET /', forged),
  row('forged token, API', 'GET /api/x', forged),
  row('forged token, JSON', 'GET /x', { ...forged, ...json }),
  row('no token at all', 'GET /', garbage),
  row('no token at all, API', 'GET /api/x', garbage),
  row('forged token and session', 'GET /', { ...forged, ...session }),
  row('basic', 'GET /', { authorization: 'Basic dXNlcjpwYXNz' }),
  row('auth', 'GET /oauth2/auth'),
  row('auth, session', 'GET /oauth2/auth', session),
  row('auth, token', 'GET /oauth2/auth', token),
  row('auth, stale', 'GET /oauth2/auth', stale),
  row('auth, group', 'GET /oauth2/auth?allowed_groups=a', session),
  row('auth, email', 'GET /oauth2/auth?allowed_emails=user@example.com', session),
  row('auth, other email', 'GET /oauth2/auth?allowed_emails=x@example.com', session),
  row('auth, domain', 'GET /oauth2/auth?allowed_email_domains=example.com', session),
  row('auth, domains below', 'GET /oauth2/auth?allowed_email_domains=*.com', session),
  row('auth, empty filter', 'GET /oauth2/auth?allowed_groups=', session),
  row('userinfo', 'GET /oauth2/userinfo'),
  row('userinfo, session', 'GET /oauth2/userinfo', session),
  row('userinfo, token', 'GET /oauth2/userinfo', token),
  row('sign_in', 'GET /oauth2/sign_in?rd=/pipeline/'),
  row('sign_in, stale', 'GET /oauth2/sign_in', stale),
  row('sign_in, POST', 'POST /oauth2/sign_in'),
  row('start', 'GET /oauth2/start?rd=/x'),
  row('start, nowhere', 'GET /oauth2/start'),
  row('start, elsewhere', 'GET /oauth2/start?rd=https://evil.example/'),
  row('start, forwarded host', 'GET /oauth2/start?rd=/', {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
  }),
  row('sign_out', 'GET /oauth2/sign_out'),
  row('sign_out, stale', 'GET /oauth2/sign_out', stale),
  row('sign_out, POST', 'POST /oauth2/sign_out'),
  row('sign_out, to a path', 'GET /oauth2/sign_out?rd=/bye'),
  row('sign_out, elsewhere', 'GET /oauth2/sign_out?rd=https://evil.example/'),
  row('sign_out, two slashes', 'GET /oauth2/sign_out?rd=//evil.example/'),
  row('sign_out, backslash', 'GET /oauth2/sign_out?rd=/%5Cevil.example/'),
  row('sign_out, tab', 'GET /oauth2/sign_out?rd=/%09/evil.example/'),
  row('sign_out, own host', 'GET /oauth2/sign_out?rd=https://kubeflow.example.com/x'),
  row('callback, refused', 'GET /oauth2/callback?error=access_denied&error_description=nope&state=x'),
  row('callback, nothing', 'GET /oauth2/callback'),
  row('callback, made up', 'GET /oauth2/callback?code=a&state=b'),
  row('callback, of another browser', 'GET /oauth2/callback?code=a&state=b%3A%2F'),
  row('below it', 'GET /oauth2/nope'),
  row('below it, signed in', 'GET /oauth2/nope', session),
  row('its pictures', 'GET /oauth2/static/css/bulma.min.css'),
  row('two slashes', 'GET //oauth2/auth'),
  row('ping', 'GET /ping'),
  row('ready', 'GET /ready'),
  row('robots.txt', 'GET /robots.txt'),
  row('forwarded path', 'GET /x', { 'x-forwarded-uri': '/api/y' }),
  row('free path', 'GET /free/x'),
  row('free path, POST', 'POST /free/x'),
]

/** Changes of Kubeflow's settings. */
export const settings: Readonly<Record<string, (text: string) => string>> = {
  'as released': (text) => text,
  'no button, behind a proxy': (text) =>
    `${text.replace('skip_provider_button = false', 'skip_provider_button = true')}\nreverse_proxy = true\n`,
  'cookies for a domain, JSON errors': (text) =>
    `${text}
whitelist_domains = [ ".example.com" ]
cookie_domains = [ ".example.com" ]
cookie_secure = true
pass_access_token = true
force_json_errors = true
`,
  'bad tokens end it, free paths': (text) =>
    `${text.replace('"^/dex/",', '"^/dex/", "GET=^/free/",')}
skip_auth_preflight = true
bearer_token_login_fallback = false
cookie_samesite = "strict"
`,
}

/** Headers of a page, of a cache, of a decision: each side has its own, and no client goes by them. */
const apart =
  /^(date|expires|x-accel-expires|content-length|connection|keep-alive|transfer-encoding|content-security-policy|referrer-policy|vary|x-content-type-options|x-frame-options|x-kfdoor-.*|x-envoy-auth-headers-to-remove|accept-ranges)$/

/** What has to be alike. */
function shown(status: number, rawHeaders: readonly string[], body: string): Shown {
  const headers = new Set<string>()
  // A check that is passed has no body for anybody to read.
  const passed = status === 200 && /^(?:Authenticated)?$/.test(body)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = [rawHeaders[i]?.toLowerCase(), rawHeaders[i + 1]]
    if (apart.test(name) || (passed && name === 'content-type')) continue
    headers.add(`${name}: ${withoutChance(value)}`)
  }
  return { status, headers: [...headers].sort(), body: passed ? '' : bodyOf(body) }
}

/** Keys, random values and times; `SameSite=Lax` and `Expires` are what browsers make of a cookie without them. */
const withoutChance = (value: string) =>
  value
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT')
    .replace(/(code_challenge)=[\w-]+/g, '$1=X')
    .replace(/&nonce=[\w-]+/, '')
    .replace(/state=[^&]+/, 'state=X')
    .replace(/_csrf=[^;]{20,}/, '_csrf=X')
    .replace(/; Expires=[^;]+|; SameSite=Lax/gi, '')

function bodyOf(body: string): string {
  if (/^<a href/.test(body)) return 'a link'
  const title = /<title>\s*(.*?)\s*<\/title>/s.exec(body)?.[1]
  if (title !== undefined) return `a page: ${title}`
  return body.length > 200 ? 'long' : body
}

function ask(port: number, { method, path, headers }: Asked): Promise<Shown> {
  return new Promise((done, failed) => {
    const call = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { host: 'kubeflow.example.com', ...headers },
        agent: false,
      },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          body += part
        })
        answer.on('error', failed)
        answer.on('end', () => done(shown(answer.statusCode ?? 0, answer.rawHeaders, body)))
      },
    )
    call.on('error', failed).end()
  })
}

/** Every answer by the id of its question; `issuer` is where `/dex` is. */
export async function answersOf(
  service: number,
  issuer: number,
  user: { readonly login: string; readonly password: string },
): Promise<Record<string, Shown>> {
  const front = await startFront(issuer, service)
  const browser = new BrowserLike(null)
  try {
    await signIn(browser, `${front.url}/oauth2/start?rd=/`, user)
  } finally {
    front.close()
  }
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const bearer = await bearerOf(service, cookie)
  const found: Record<string, Shown> = {}
  for (const one of asked) {
    const headers = Object.fromEntries(
      Object.entries(one.headers).map(([name, value]) => [
        name,
        value.replace('$SESSION', cookie).replace('$TOKEN', bearer),
      ]),
    )
    found[one.id] = await ask(service, { ...one, headers })
  }
  return found
}

function bearerOf(port: number, cookie: string): Promise<string> {
  return new Promise((done, failed) => {
    const headers = { host: 'kubeflow.example.com', cookie }
    const call = httpRequest({ host: '127.0.0.1', port, path: '/', headers, agent: false }, (answer) => {
      answer.resume()
      done(String(answer.headers.authorization ?? ''))
    })
    call.on('error', failed).end()
  })
}

/** Where ours answers otherwise and has a reason, of whatever settings; a page of docs/compat.md. */
export const meant: readonly {
  readonly ids: readonly string[]
  readonly theirs: string
  readonly ours: string
  readonly why: string
}[] = [
  {
    ids: ['exempt, then back', 'two slashes'],
    theirs: '301 to the path without `..` or `//`',
    ours: 'decides about the path as it came; exempt only if every reading of it is',
    why: 'a gateway has normalised paths before it asks',
  },
  {
    ids: ['auth, empty filter'],
    theirs: '`allowed_groups=` lets everybody in who is signed in',
    ours: '403',
    why: 'a filter that names nobody admits nobody',
  },
  {
    ids: ['callback, nothing', 'callback, made up'],
    theirs: '500 for a `state` that is none',
    ours: '403, as for one of another browser',
    why: 'nothing went wrong inside',
  },
  {
    ids: ['its pictures'],
    theirs: '200 without a session: style sheets of its pages',
    ours: 'no such files, so the sign-in page',
    why: 'the pages are kfdoor’s own, and load nothing',
  },
  {
    ids: ['robots.txt'],
    theirs: '200 to everybody',
    ours: 'a path like any other',
    why: 'in a check, 200 lets the request through to what stands behind',
  },
  {
    ids: ['forwarded path'],
    theirs: 'with `reverse_proxy`, decides about the path in `X-Forwarded-Uri`',
    ours: 'decides about the path of the request',
    why: 'whoever can send that header would choose the rule',
  },
]
