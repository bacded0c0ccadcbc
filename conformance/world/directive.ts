import type { HeaderList } from '../../src/policy/index.ts'
import { headerOf } from './http1.ts'

/**
 * What an authorizer is told to answer: the first of the header `x-authz`, the cookie `authz` and the
 * query parameter `authz` of the path it received.
 */
export function directiveOf(headers: HeaderList, path: string): string {
  const header = headerOf(headers, 'x-authz')
  if (header !== undefined && header !== '') return header
  const cookie = cookieOf(headers, 'authz')
  if (cookie !== undefined && cookie !== '') return cookie
  const query = path.includes('?') ? path.slice(path.indexOf('?') + 1) : ''
  return new URLSearchParams(query).get('authz') ?? ''
}

export function cookieOf(headers: HeaderList, wanted: string): string | undefined {
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'cookie') continue
    for (const pair of value.split(';')) {
      const [key, ...rest] = pair.trim().split('=')
      if (key === wanted) return rest.join('=').replace(/^"|"$/g, '')
    }
  }
  return undefined
}

/** What both kinds of authorizer say about Alice. */
export const alice: HeaderList = [
  ['x-auth-user', 'alice'],
  ['x-auth-email', 'alice@example.com'],
  ['kubeflow-userid', 'alice@example.com'],
  ['x-auth-groups', 'team-a,team-b'],
]

export const sessionCookie = ['set-cookie', 'authz_session=abc; Path=/; HttpOnly'] as const
const csrfCookie = ['set-cookie', 'authz_csrf=xyz; Path=/'] as const

export interface Refusal {
  readonly status: number
  readonly headers: HeaderList
  readonly body: string
}

/** Refusals both kinds share; undefined = this directive is no refusal of theirs. */
export function refusalOf(directive: string, host: string): Refusal | undefined {
  switch (directive) {
    case 'redirect':
      return {
        status: 302,
        headers: [
          ['location', `https://login.example.com/auth?rd=${host}`],
          csrfCookie,
          ['x-auth-reason', 'login'],
        ],
        body: 'login required',
      }
    case 'deny401':
      return {
        status: 401,
        headers: [
          ['www-authenticate', 'Bearer realm="auth"'],
          ['x-auth-reason', 'no credentials'],
        ],
        body: 'unauthenticated by auth service',
      }
    case 'limit':
      return { status: 429, headers: [['retry-after', '7']], body: 'slow down' }
    case 'unavailable':
      return { status: 503, headers: [], body: 'auth service down' }
  }
  return undefined
}

export const denied: Refusal = {
  status: 403,
  headers: [['x-auth-reason', 'denied'], ['content-type', 'text/plain'], csrfCookie],
  body: 'denied by auth service',
}
