/** What `explain` takes for granted of a release's auth service is what our own face of it answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMesh } from '../mesh/index.ts'
import type { Check } from '../policy/index.ts'
import {
  createAuthService,
  createOAuth2Proxy,
  memorySessions,
  readAuthServiceSettings,
  readOAuth2ProxySettings,
} from '../sign-in/index.ts'
import { profileFiles, profileNames } from './profiles.ts'
import { releaseAnswers } from './release-answers.ts'

const clock = () => Date.UTC(2026, 10, 25)
const aCheck = (changes: Partial<Check>): Check => ({
  provider: 'oauth2-proxy',
  service: 's',
  method: 'GET',
  path: '/',
  host: 'localhost',
  headers: [],
  protocol: 'http',
  timeoutMs: 1000,
  ...changes,
})
/** All that is asked of an issuer before anybody signs in. */
const discovery = (url: string) => {
  const issuer = url.replace('/.well-known/openid-configuration', '')
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
  }
}
const checks: readonly Partial<Check>[] = [
  { path: '/' },
  { path: '/pipeline/apis/v2beta1/runs?namespace=a' },
  { path: '/api/x', method: 'POST' },
  { path: '/ml_metadata.x' },
  { path: '/dex/auth' },
  { path: '/dexter' },
  { path: '/pipeline/', headers: [['accept', 'application/json']] },
]

for (const name of profileNames) {
  const { mesh } = parseMesh(profileFiles(name, { tls: true, demo: true }))
  const ports = {
    sessions: memorySessions(clock),
    clock,
    fetch: async (url: string) => Response.json(discovery(String(url))),
  }
  const proxy = readOAuth2ProxySettings(mesh).settings
  const service = readAuthServiceSettings(mesh).settings
  const real = proxy ? createOAuth2Proxy(proxy, ports) : service && createAuthService(service, ports)
  const assumed = releaseAnswers(mesh)
  for (const changes of checks) {
    // As the release's own YAML names it: a CUSTOM provider, or the EnvoyFilter.
    const named = proxy ? 'oauth2-proxy' : 'istio-system/authn-filter'
    test(`${name}: ${changes.method ?? 'GET'} ${changes.path} ${changes.headers ?? ''}`, async () => {
      assert.ok(real && assumed)
      const check = aCheck({ provider: named, ...changes })
      const want = await real.check(check, { signal: AbortSignal.timeout(10_000) })
      const got = assumed(check, { status: 302, headers: [] }, true)
      const seen = ({ status, headers }: typeof got) => ({
        status,
        to: headers.find(([one]) => one === 'location')?.[1]?.split('?')[0],
        html: headers.some(([one, value]) => one === 'content-type' && value.startsWith('text/html')),
      })
      const expected = seen(want)
      // A redirect of anything but GET has no type.
      if (check.method !== 'GET') expected.html = seen(got).html
      assert.deepEqual(seen(got), expected)
    })
  }
}

const v18 = parseMesh(profileFiles('v1.8', { tls: true, demo: true })).mesh
const bearer = (claims: object): Partial<Check> => ({
  headers: [['authorization', `Bearer e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`]],
})
const account = { iss: 'https://kubernetes.default.svc.cluster.local', sub: 'system:serviceaccount:a:b' }
const audience = 'istio-ingressgateway.istio-system.svc.cluster.local'
const tokens: readonly (readonly [claims: object, trusting: boolean, status: number, why: string])[] = [
  [{ ...account, aud: audience }, true, 200, 'reviewed for the gateway’s audience'],
  [{ ...account, aud: 'other' }, true, 302, 'another audience'],
  [account, true, 302, 'no audience'],
  [{ ...account, aud: audience }, false, 302, 'a bad signature'],
]
for (const [claims, trusting, status, why] of tokens) {
  test(`authservice e236439 answers ${status} to a service account's token: ${why}`, () => {
    const answer = releaseAnswers(v18)?.(
      aCheck({ provider: 'istio-system/authn-filter', ...bearer(claims) }),
      { status: 302, headers: [] },
      trusting,
    )
    assert.equal(answer?.status, status)
    if (status === 200) assert.deepEqual(answer?.headers[0], ['kubeflow-userid', account.sub])
  })
}

for (const name of profileNames) {
  const inputs = profileFiles(name, { tls: true, demo: true }).map((input) => ({
    ...input,
    text: input.text
      .split(/^---$/m)
      .filter((one) => !/^kind: Secret$/m.test(one))
      .join('---'),
  }))
  const assumed = releaseAnswers(parseMesh(inputs).mesh)
  const whole = releaseAnswers(parseMesh(profileFiles(name, { tls: true, demo: true })).mesh)
  const provider = name === 'v1.8' || name === 'v1.6' ? 'istio-system/authn-filter' : 'oauth2-proxy'
  test(`${name} without its Secrets answers strangers as with them, but for the name of the client`, () => {
    assert.ok(assumed && whole)
    for (const changes of checks) {
      const check = aCheck({ provider, ...changes })
      const seen = (ask: typeof assumed) => {
        const { status, headers } = ask(check, { status: 302, headers: [] }, true)
        return {
          status,
          headers: headers.map(([one, value]) => [one, value.replace(/client_id=[^&]*&/, '')]),
        }
      }
      assert.deepEqual(seen(assumed), seen(whole))
    }
  })
  // 28c59ef looks at no token.
  if (name === 'v1.6') continue
  test(`${name} without its Secrets: whether a token is for this client cannot be told`, () => {
    const issuer = 'http://dex.auth.svc.cluster.local:5556/dex'
    const check = aCheck({ provider, ...bearer({ iss: issuer, aud: 'some-client', sub: 'x' }) })
    const ask = (one: typeof assumed) => one?.(check, { status: 302, headers: [] }, true)
    assert.equal(ask(assumed)?.untold, true)
    assert.equal(ask(whole)?.untold, undefined)
  })
}

test('another authorizer of the same mesh answers as the principal implies', () => {
  const usual = { status: 302, headers: [] }
  assert.equal(releaseAnswers(v18)?.(aCheck({ provider: 'mine' }), usual, true), usual)
})
