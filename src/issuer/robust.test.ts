/** Whatever is sent, the issuer answers, and never with a failure of its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDexConfig } from './parse-config.ts'
import { aBench, ORIGIN } from './testing.ts'

const names = [
  ...['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'req', 'hmac', 'back', 'connector_id'],
  ...['grant_type', 'code', 'code_verifier', 'refresh_token', 'login', 'password', 'token', 'device_code'],
]
const values = [
  ...[
    'kubeflow-oidc-authservice',
    '/oauth2/callback',
    'code',
    'openid',
    'local',
    'password',
    'refresh_token',
  ],
  ...['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code', '%', '\0', '../', '//evil.test'],
]
const fields = fc.array(
  fc.tuple(fc.constantFrom(...names), fc.oneof(fc.constantFrom(...values), fc.string())),
)
const paths = [
  ...[
    'auth',
    'auth/local',
    'auth/local/login',
    'auth/%00',
    'auth/%zz/login',
    'approval',
    'token',
    'userinfo',
  ],
  ...[
    'keys',
    'device',
    'device/code',
    'device/callback',
    'device/auth/verify_code',
    'token/introspect',
    '',
    '..',
  ],
]

test('any fields, anywhere, by any method', async () => {
  const benches = await Promise.all(
    ['v2.24.0', 'v2.31.2', 'v2.45.0', 'v2.46.0'].map((tag) => aBench({ tag })),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...benches),
      fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS'),
      fc.oneof(fc.constantFrom(...paths), fc.webPath()),
      fields,
      fields,
      fc.option(
        fc.string().filter((text) => /^[\x20-\x7e]*$/.test(text)),
        { nil: undefined },
      ),
      async (bench, method, path, query, body, authorization) => {
        const url = new URL(`${ORIGIN}/dex/${path.replace(/^\/+/, '')}`)
        url.search = new URLSearchParams(query).toString()
        const answer = await bench.issuer.handle(
          new Request(url, {
            method,
            ...(authorization === undefined ? {} : { headers: { authorization } }),
            ...(method === 'POST' || method === 'PUT' ? { body: new URLSearchParams(body) } : {}),
          }),
        )
        const location = answer.headers.get('location')
        if (location !== null) assert.match(location, /^\/(dex\/|oauth2\/callback\?)/)
        assert.ok((await answer.text()).length < 64 * 1024)
        assert.deepEqual(
          bench.events.filter(({ kind }) => kind === 'failed'),
          [],
        )
      },
    ),
    { numRuns: 1000 },
  )
})

test('any text as configuration is a problem or a configuration, never a throw', () => {
  const keys = ['issuer', 'staticClients', 'connectors', 'oauth2', 'expiry', 'staticPasswords', 'frontend']
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()).map((one) => JSON.stringify(one)),
      ),
      (text) => {
        const { config, problems } = parseDexConfig(text)
        assert.ok(config !== undefined || problems.length > 0)
      },
    ),
    { numRuns: 500 },
  )
})
