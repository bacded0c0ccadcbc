/** Which answers mean "sign in": by what they are, under whatever name an installer gave them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { challengeOf, isSignInPage } from './challenge.ts'
import { type AuthorizationRequest, serviceOf } from './recognise.ts'

const door = new URL('https://door.test/kubeflow/')
const authorize = 'client_id=x&redirect_uri=%2Fcb&response_type=code'
const heads: readonly (readonly [
  status: number,
  location: string | undefined,
  want: 'yes' | 'no' | 'read',
  why: string,
])[] = [
  [401, undefined, 'yes', 'an API answer of oauth2-proxy'],
  [302, `/dex/auth?${authorize}`, 'yes', 'Dex below the door'],
  [
    303,
    `https://id.example.com/realms/kf/protocol/openid-connect/auth?${authorize}`,
    'yes',
    'another issuer',
  ],
  [307, '/company/start?rd=%2F', 'yes', 'oauth2-proxy below a prefix of its own'],
  [302, '/company/sign_in?rd=%2F', 'yes', 'its page below a prefix of its own'],
  [302, '/oauth2/start', 'yes', 'its usual prefix says enough'],
  [302, '/jobs/start', 'no', 'an application that starts something'],
  [302, '/pipeline/', 'no', 'a redirect of an application'],
  [308, undefined, 'no', 'a redirect to nowhere'],
  [302, 'http://[bad', 'no', 'a place that cannot be read'],
  [200, undefined, 'read', 'a page: its content decides'],
]
for (const [status, location, want, why] of heads) {
  test(`${status} ${location ?? ''}: ${want}, ${why}`, () => {
    const header = (name: string) => (name === 'location' ? location : 'text/html')
    assert.equal(challengeOf({ status, url: door, header }), want)
  })
}

const pages: readonly (readonly [html: string, want: boolean, why: string])[] = [
  [
    '<form action="/x/start"><input type=hidden name=rd value="/"><button>Go</button></form>',
    true,
    'the page of oauth2-proxy',
  ],
  ['<form action="/x/start?rd=%2F"><button>Go</button></form>', true, 'the way back in the address'],
  ['<p>Welcome</p><a href="/x/start?rd=%2F">Enter</a>', true, 'a page of one’s own with a link'],
  [
    '<form method=post action="&#47;dex&#x2F;auth"><input name=login><input type="password" name=p></form>',
    true,
    'a form of Dex, in entities',
  ],
  ['<form action="/run/start"><input name=pipeline></form>', false, 'a form of an application'],
  ['<a href="/run/start">Start the run</a>', false, 'a link of an application'],
]
for (const [html, want, why] of pages) {
  test(`${why} is ${want ? '' : 'no '}sign-in page`, () =>
    assert.equal(isSignInPage(`<html><body>${html}</body></html>`, door), want))
}

const services: readonly (readonly [
  redirectUri: string,
  cookies: readonly string[],
  kind: string,
  signOut: string | undefined,
])[] = [
  ['/login/oidc', [], 'authservice', '/logout'],
  ['/authservice/oidc/callback', ['oidc_state_csrf'], 'authservice', '/authservice/logout'],
  ['https://door.test/company/sso/oidc/callback', [], 'authservice', '/company/sso/logout'],
  ['/custom', ['oidc_state_csrf'], 'authservice', '/custom/logout'],
  ['/oauth2/callback', [], 'oauth2-proxy', '/oauth2/sign_out'],
  ['https://door.test/company/callback', ['_kf_csrf'], 'oauth2-proxy', '/company/sign_out'],
  ['/somewhere', [], 'unknown', undefined],
]
for (const [redirectUri, cookies, kind, signOut] of services) {
  test(`a code wanted at ${redirectUri}${cookies.length > 0 ? ` with ${cookies}` : ''}: ${kind}`, () => {
    const endpoint = new URL('https://door.test/dex/auth')
    const request: AuthorizationRequest = { endpoint, clientId: 'x', redirectUri, scope: '' }
    const found = serviceOf(request, cookies)
    assert.deepEqual([found.kind, found.signOut?.path], [kind, signOut])
  })
}
