import { Fault, isFault } from '../base/index.ts'
import type { Agent, Answer } from './http/agent.ts'
import { sameHostOverTls, targetOf, type Visitor } from './http/visitor.ts'
import { doorWords, isHtml } from './page/door-words.ts'
import { type Form, type Page, readPage } from './page/html.ts'

/** The behaviour seen; `open` = nobody has to sign in, `unknown` = a door that shows no way in. */
export type DoorKind = 'authservice' | 'oauth2-proxy' | 'kfdoor' | 'open' | 'unknown'

/** An authorization request as the door makes it (RFC 6749 §4.1.1), read from its redirect. */
export interface AuthorizationRequest {
  /** Without its query. */
  readonly endpoint: URL
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
}

/** How a session ends at this door. */
export type SignOut =
  | { readonly kind: 'get'; readonly path: string }
  /** oidc-authservice: POST with the session as a Bearer token. */
  | { readonly kind: 'post-session'; readonly path: string; readonly cookie: string }

export interface RecognisedDoor {
  readonly kind: DoorKind
  /** Where the door is: after a redirect to HTTPS, the HTTPS one. */
  readonly url: URL
  readonly httpsRedirect: boolean
  /** A sign-in begins here: this answer is a page with a way in, or a redirect to the issuer. */
  readonly entry: Answer
  readonly request?: AuthorizationRequest
  readonly signOut?: SignOut
  /** Pipelines says `multi_user: false`. */
  readonly singleUser?: boolean
  /** What a door without sign-in says to strangers; undefined where it lets them in. */
  readonly refusal?: { readonly status: number; readonly words: string }
  /** How far the clock of the door is ahead of ours, ms. */
  readonly skewMs: number
}

/** An answer that starts a sign-in, told apart by what it is, never by a version. */
type Entrance =
  | { readonly kind: 'redirect'; readonly request: AuthorizationRequest }
  | { readonly kind: 'page'; readonly start: Form }
  | { readonly kind: 'form' }

/**
 * Finds out which door stands at a URL from its answers to somebody without credentials: one request
 * where the first answer tells, and a few more where it does not. Nothing secret is sent.
 *
 * @throws Fault ERR_NOT_A_DOOR, ERR_FOREIGN_ORIGIN, and what {@link Agent.send} throws
 */
export async function recogniseDoor(visitor: Visitor, url: URL): Promise<RecognisedDoor> {
  const step = stepOfSignIn.exec(url.pathname)
  const root = step && new URL(`${step[1]}/`, url)
  try {
    const found = await recogniseAt(visitor, url)
    // What is exempt from the sign-in looks open.
    return root && (found.kind === 'open' || isStep(url, found)) ? await recogniseAt(visitor, root) : found
  } catch (error) {
    // A step that is over, or a page of the issuer that is none: what it belongs to may be a door.
    const over = isFault(error) && ['ERR_NOT_A_DOOR', 'ERR_DOOR_UNREACHABLE'].includes(error.code)
    if (!root || !over) throw error
    return recogniseAt(visitor, root).catch(() => {
      throw error
    })
  }
}

/** What people copy from a browser that was sent to sign in; before it, the door itself. */
const stepOfSignIn = /^(.*?)\/(?:dex|oauth2|authservice|login\/oidc|auth|approval|callback|sign_in)(?=\/|$)/

/** An address of the auth service, or of the issuer while it signs somebody in: good once, and never the door. */
function isStep({ pathname, origin, searchParams }: URL, found: RecognisedDoor): boolean {
  const below = (path: string | undefined) => path && `${pathname}/`.startsWith(`${path}/`)
  const { request, signOut } = found
  return (
    below(request?.endpoint.origin === origin ? request.endpoint.pathname.replace(/\/[^/]+$/, '') : '') ||
    below(signOut?.path.replace(/\/(?:sign_out|logout)$/, '')) ||
    searchParams.has('state') ||
    searchParams.has('req')
  )
}

async function recogniseAt(visitor: Visitor, url: URL): Promise<RecognisedDoor> {
  let answer = await visitor.ask(url)
  let httpsRedirect = false
  // A door may first send to HTTPS, to its trailing slash, to its dashboard's own path.
  for (let steps = 0; steps < 5 && !entranceOf(answer); steps++) {
    const to = targetOf(answer)
    if (!to) break
    if (sameHostOverTls(answer.url, to)) httpsRedirect = true
    const walked = await step(visitor, answer, to)
    if (walked === undefined) throw new Fault('ERR_FOREIGN_ORIGIN', { door: url.origin, target: to.origin })
    answer = walked
  }
  const { skewMs } = answer
  const door = httpsRedirect ? doorAfter(answer.url, url) : url
  const entrance = entranceOf(answer) ?? undefined
  if (entrance) return { ...withEntrance(entrance, answer, visitor), url: door, httpsRedirect, skewMs }

  if (answer.status === 401 || answer.status === 403) {
    const found = await findEntrance(visitor, door)
    if (found)
      return { ...withEntrance(found.entrance, found.answer, visitor), url: door, httpsRedirect, skewMs }
    const words = doorWords(answer) || `${answer.status} without a word`
    if (isGateway(answer) || /rbac: access denied|jwt/i.test(words)) {
      return {
        kind: 'unknown',
        url: door,
        httpsRedirect,
        entry: answer,
        skewMs,
        refusal: { status: answer.status, words },
      }
    }
    throw new Fault('ERR_NOT_A_DOOR', { url: door.href, saw: `it answers ${answer.status}: ${words}` })
  }
  if (answer.status >= 500) {
    const words = doorWords(answer)
    throw new Fault('ERR_DOOR_UNREACHABLE', {
      url: door.href,
      reason: `it answers ${answer.status}${words === '' ? '' : `: ${words}`}`,
    })
  }
  const sign = await signOfKubeflow(visitor, door, answer)
  if (sign.entrance) {
    return {
      ...withEntrance(sign.entrance.entrance, sign.entrance.answer, visitor),
      url: door,
      httpsRedirect,
      skewMs,
    }
  }
  if (sign.found) {
    return { kind: 'open', url: door, httpsRedirect, entry: answer, skewMs, singleUser: sign.singleUser }
  }
  throw new Fault('ERR_NOT_A_DOOR', { url: door.href, saw: whatWasSeen(answer) })
}

async function step(visitor: Visitor, answer: Answer, to: URL): Promise<Answer | undefined> {
  if (visitor.mayVisit(to)) return visitor.ask(to)
  if (!sameHostOverTls(answer.url, to)) return undefined
  // `follow` knows the step to HTTPS and lets the visitor go there from now on.
  const walked = await visitor.follow(answer)
  return walked.kind === 'answer' ? walked.answer : walked.from
}

/** The URL given, at the origin it was sent on to. */
function doorAfter(seen: URL, given: URL): URL {
  const door = new URL(given.pathname + given.search, seen.origin)
  return door
}

function entranceOf(answer: Answer): Entrance | undefined {
  const to = targetOf(answer)
  if (to) {
    const request = authorizationRequest(to)
    return request && { kind: 'redirect', request }
  }
  if (!isHtml(answer)) return undefined
  const page = readPage(answer.body, answer.url)
  const start = startForm(page)
  if (start) return { kind: 'page', start }
  return page.forms.some(asksPassword) ? { kind: 'form' } : undefined
}

/** RFC 6749 §4.1.1: what makes a URL an authorization request. */
export function authorizationRequest(url: URL): AuthorizationRequest | undefined {
  const at = (name: string) => url.searchParams.get(name)
  const [clientId, redirectUri] = [at('client_id'), at('redirect_uri')]
  if (clientId === null || redirectUri === null || at('response_type') === null) return undefined
  const endpoint = new URL(url)
  endpoint.search = ''
  return { endpoint, clientId, redirectUri, scope: at('scope') ?? '' }
}

export const asksPassword = (form: Form) => form.fields.some(({ type }) => type === 'password')

/**
 * oauth2-proxy's "Sign in with …": a form without anything to fill in that carries the way back. Its
 * error page has a similar one, to `sign_in`, which is not a beginning.
 */
export function startForm(page: Page): Form | undefined {
  const form = page.forms.find(
    ({ action, fields }) =>
      /\/start$/.test(action.pathname) &&
      fields.every(({ type }) => type === 'hidden') &&
      (fields.some(({ name }) => name === 'rd') || action.searchParams.has('rd')),
  )
  return form ?? startLink(page)
}

/** A page somebody made for oauth2-proxy may have a link where its own has a form. */
function startLink({ links }: Page): Form | undefined {
  const link = links.find(
    ({ href }) =>
      /\/start$/.test(href.pathname) && (href.searchParams.has('rd') || /\/oauth2\//.test(href.pathname)),
  )
  if (!link) return undefined
  const action = new URL(link.href)
  action.search = ''
  const fields = [...link.href.searchParams].map(([name, value]) => ({
    name,
    value,
    type: 'hidden',
    checked: false,
  }))
  return { method: 'GET', action, fields, buttons: [] }
}

/**
 * Presses the button of a page that begins a sign-in, and looks where it goes: one GET, with nothing filled
 * in. Undefined = the door’s entry has no such button.
 *
 * @throws Fault what {@link Visitor.ask} throws
 */
export async function pressStart(
  visitor: Visitor,
  { entry }: Pick<RecognisedDoor, 'entry'>,
): Promise<{ readonly answer: Answer; readonly request?: AuthorizationRequest } | undefined> {
  const start = isHtml(entry) ? startForm(readPage(entry.body, entry.url)) : undefined
  if (start === undefined || start.method !== 'GET' || !visitor.mayVisit(start.action)) return undefined
  const url = new URL(start.action)
  url.search = new URLSearchParams(start.fields.map(({ name, value }) => [name, value])).toString()
  const answer = await visitor.ask(url)
  const to = targetOf(answer)
  const request = to && authorizationRequest(to)
  return { answer, ...(request && { request }) }
}

function withEntrance(
  entrance: Entrance,
  entry: Answer,
  visitor: Visitor,
): Pick<RecognisedDoor, 'kind' | 'entry' | 'request' | 'signOut'> {
  if (entrance.kind === 'page') {
    const prefix = entrance.start.action.pathname.replace(/\/start$/, '')
    return { kind: 'oauth2-proxy', entry, signOut: { kind: 'get', path: `${prefix}/sign_out` } }
  }
  if (entrance.kind === 'form') return { kind: 'unknown', entry }
  const { request } = entrance
  const set = visitor.hops.at(-1)?.cookies ?? []
  return { entry, request, ...serviceOf(request, set) }
}

/** Which auth service asks for a sign-in: by where it wants the code, and by the cookie it sets meanwhile. */
export function serviceOf(
  request: AuthorizationRequest,
  cookies: readonly string[],
): { kind: DoorKind; signOut?: SignOut } {
  const callback = pathOf(request.redirectUri, request.endpoint)
  const session = 'authservice_session'
  if (callback.endsWith('/login/oidc')) {
    return {
      kind: 'authservice',
      signOut: { kind: 'get', path: callback.replace(/\/login\/oidc$/, '/logout') },
    }
  }
  if (cookies.includes('oidc_state_csrf') || callback.endsWith('/oidc/callback')) {
    const path = callback.replace(/(\/oidc\/callback)?$/, '/logout')
    return { kind: 'authservice', signOut: { kind: 'post-session', path, cookie: session } }
  }
  if (callback.endsWith('/callback') || cookies.some((name) => /_csrf$/.test(name))) {
    return {
      kind: 'oauth2-proxy',
      signOut: { kind: 'get', path: callback.replace(/\/callback$/, '/sign_out') },
    }
  }
  return { kind: 'unknown' }
}

function pathOf(redirectUri: string, base: URL): string {
  try {
    return new URL(redirectUri, base).pathname
  } catch {
    return redirectUri
  }
}

/**
 * A path that answers API clients hides the sign-in behind a bare 401; the way in is at the root, at the
 * root of the sub-path, or at oauth2-proxy's own address.
 */
async function findEntrance(
  visitor: Visitor,
  door: URL,
): Promise<{ entrance: Entrance; answer: Answer } | undefined> {
  const sub = door.pathname.split('/').filter((part) => part !== '')[0]
  const places = ['/', ...(sub === undefined ? [] : [`/${sub}/`]), '/oauth2/sign_in']
  for (const place of places) {
    const url = new URL(place, door)
    if (url.href === door.href) continue
    const answer = await visitor.ask(url)
    const entrance = entranceOf(answer)
    if (entrance) return { entrance, answer }
  }
  return undefined
}

const isGateway = ({ headers }: Answer) => /\b(istio-)?envoy\b/i.test(headers.get('server') ?? '')

interface Sign {
  readonly found: boolean
  readonly singleUser?: boolean
  readonly entrance?: { entrance: Entrance; answer: Answer }
}

/** Asks what only Kubeflow or KServe would answer like this. */
async function signOfKubeflow(visitor: Visitor, door: URL, answer: Answer): Promise<Sign> {
  const base = door.href.replace(/[^/]*$/, '')
  const places = ['pipeline/apis/v2beta1/healthz', 'pipeline/apis/v1beta1/healthz', 'apis/v2beta1/healthz']
  for (const place of places) {
    const asked = await visitor.ask(new URL(place, base))
    const entrance = entranceOf(asked)
    // The dashboard's page is exempt, and what stands behind it is not.
    if (entrance) return { found: true, entrance: { entrance, answer: asked } }
    const health = jsonObject(asked)
    if (health && ('multi_user' in health || 'apiServerReady' in health || 'commit_sha' in health)) {
      return { found: true, singleUser: health.multi_user === false }
    }
  }
  if (answer.status === 200) {
    const seen = jsonObject(answer)
    if (seen && ('predictions' in seen || 'models' in seen || ('name' in seen && 'extensions' in seen)))
      return { found: true }
    if (isHtml(answer) && /kubeflow/i.test(readPage(answer.body, answer.url).title)) return { found: true }
    const env = jsonObject(await visitor.ask(new URL('api/workgroup/env-info', base)))
    if (env && 'namespaces' in env) return { found: true }
    if (isGateway(answer)) return { found: true }
  }
  return { found: false }
}

export function jsonObject(answer: Answer): Record<string, unknown> | undefined {
  if (answer.status !== 200 || isHtml(answer)) return undefined
  try {
    const value: unknown = JSON.parse(answer.body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function whatWasSeen(answer: Answer): string {
  if (answer.status === 404) {
    return isGateway(answer)
      ? 'a gateway answers and knows no route for that host and path'
      : 'it answers 404'
  }
  if (isHtml(answer)) {
    const { title } = readPage(answer.body, answer.url)
    return `it answers ${answer.status} with a page (${title.slice(0, 80) || 'without a title'})`
  }
  return `it answers ${answer.status}${answer.headers.has('content-type') ? ` with ${answer.headers.get('content-type')}` : ''}`
}
