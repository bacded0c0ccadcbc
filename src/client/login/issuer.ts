import { Fault } from '../../base/index.ts'
import type { Agent, Answer } from '../http/agent.ts'
import { targetOf, type Visitor } from '../http/visitor.ts'
import { doorWords, isHtml } from '../page/door-words.ts'
import { readPage } from '../page/html.ts'
import {
  type AuthorizationRequest,
  authorizationRequest,
  jsonObject,
  type RecognisedDoor,
  startForm,
} from '../recognise.ts'

/** The issuer behind a door, at the addresses that can be reached from here. */
export interface PublicIssuer {
  /** As its tokens name it; often an address inside the cluster. */
  readonly issuer: string
  readonly authorization: URL
  readonly token: URL
  readonly device?: URL
  /** What to ask for: of Kubeflow's scopes and a refresh token, those it knows. */
  readonly scope: string
}

/** What a sign-in of this door would be sent to, with everything the door put into it. */
export interface BegunSignIn {
  readonly url: URL
  readonly request: AuthorizationRequest
}

/**
 * Lets the door begin a sign-in, and stops at the first step: the visitor's jar then holds what ties the
 * answer to it.
 *
 * @throws Fault ERR_HTML_ANSWER when the door begins none
 */
export async function beginSignIn(visitor: Visitor, door: RecognisedDoor): Promise<BegunSignIn> {
  let answer = door.entry
  if (isHtml(answer) && targetOf(answer) === undefined) {
    const start = startForm(readPage(answer.body, answer.url))
    if (start) {
      const url = new URL(start.action)
      url.search = new URLSearchParams(start.fields.map(({ name, value }) => [name, value])).toString()
      answer = await visitor.ask(url)
    }
  }
  const url = targetOf(answer)
  const request = url && authorizationRequest(url)
  if (!url || !request) {
    const { title } = readPage(answer.body, answer.url)
    throw new Fault('ERR_HTML_ANSWER', {
      url: answer.url.origin + answer.url.pathname,
      status: answer.status,
      title,
    })
  }
  return { url, request }
}

/**
 * OpenID discovery beside the authorization endpoint. Kubeflow's issuer names itself by its address in
 * the cluster: what counts here are the paths, at the origin the door sent us to.
 *
 * @throws Fault ERR_SIGN_IN_REFUSED when there is none
 */
export async function discoverIssuer(
  agent: Agent,
  { endpoint }: AuthorizationRequest,
  signal?: AbortSignal,
): Promise<PublicIssuer> {
  const base = endpoint.pathname.replace(/\/auth(?:orize)?$|\/protocol\/openid-connect\/auth$/, '')
  const url = new URL(`${base}/.well-known/openid-configuration`, endpoint)
  const answer = await agent.send({ url, headers: { accept: 'application/json' }, signal })
  const found = jsonObject(answer)
  if (typeof found?.issuer !== 'string') {
    throw new Fault('ERR_SIGN_IN_REFUSED', {
      door: endpoint.origin,
      status: answer.status,
      words: `its issuer at ${base || '/'} shows no OpenID configuration`,
    })
  }
  const here = (value: unknown): URL | undefined =>
    typeof value === 'string' && URL.canParse(value) ? new URL(new URL(value).pathname, endpoint) : undefined
  return {
    issuer: found.issuer,
    authorization: endpoint,
    token: here(found.token_endpoint) ?? new URL(`${base}/token`, endpoint),
    device: here(found.device_authorization_endpoint) ?? olderDevice(found, base, endpoint),
    scope: scopeOf(found.scopes_supported),
  }
}

const wanted = ['openid', 'profile', 'email', 'groups', 'offline_access']

/** An issuer refuses a whole request for one scope it does not know. */
function scopeOf(supported: unknown): string {
  const known = Array.isArray(supported) ? supported : wanted
  return wanted.filter((scope) => scope === 'openid' || known.includes(scope)).join(' ')
}

/**
 * Asks with everything, and once more without `offline_access` where the issuer refuses the request itself:
 * many give a refresh token anyway, and some allow an offline one to few.
 */
export async function askingLess(
  scope: string,
  ask: (scope: string) => Promise<TokenAnswer>,
): Promise<TokenAnswer> {
  const answer = await ask(scope)
  const refusesRequest =
    answer.status === 400 && ['invalid_scope', 'not_allowed'].includes(answer.error ?? '')
  return refusesRequest ? ask(scope.replace(/ ?offline_access/, '')) : answer
}

/** Dex lists the grant before it listed the endpoint. */
function olderDevice(found: Record<string, unknown>, base: string, endpoint: URL): URL | undefined {
  const grants = found.grant_types_supported
  return Array.isArray(grants) && grants.includes('urn:ietf:params:oauth:grant-type:device_code')
    ? new URL(`${base}/device/code`, endpoint)
    : undefined
}

/** An answer of a token endpoint (RFC 6749 §5). */
export interface TokenAnswer {
  readonly status: number
  readonly error?: string
  readonly words: string
  readonly fields: Record<string, unknown>
}

export async function postForm(
  agent: Agent,
  url: URL,
  fields: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<TokenAnswer> {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value)
  const answer = await agent.send({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form.toString(),
    signal,
  })
  const found = json(answer)
  return {
    status: answer.status,
    ...(typeof found.error === 'string' ? { error: found.error } : {}),
    words: doorWords(answer) || `${answer.status} without a word`,
    fields: found,
  }
}

function json(answer: Answer): Record<string, unknown> {
  if (isHtml(answer)) return {}
  try {
    const value: unknown = JSON.parse(answer.body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
