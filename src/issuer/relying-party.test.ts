/** An OpenID relying party that somebody else wrote, and that is certified, signs in here. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as client from 'openid-client'
import { aBench, aConfig, ORIGIN } from './testing.ts'

const REDIRECT = `${ORIGIN}/oauth2/callback`
const SECRET = 's3cret:with/odd+signs'

for (const [how, authentication] of [
  ['client_secret_basic', client.ClientSecretBasic(SECRET)],
  ['client_secret_post', client.ClientSecretPost(SECRET)],
] as const) {
  test(`openid-client discovers, signs in, refreshes and asks, with ${how}`, async () => {
    const bench = await aBench({ config: { issuer: `${ORIGIN}/dex`, oauth2: { ...aConfig().oauth2 } } })
    bench.now = Date.now()
    const config = await client.discovery(
      new URL(`${ORIGIN}/dex`),
      'kubeflow-oidc-authservice',
      undefined,
      authentication,
      {
        [client.customFetch]: (url, options) => bench.issuer.handle(new Request(url, options as RequestInit)),
      },
    )
    client.enableNonRepudiationChecks(config)

    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: 'openid email groups profile offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    let form = url.href
    for (let answer = await bench.get(form); answer.status === 302; answer = await bench.get(form)) {
      form = answer.headers.get('location') ?? ''
    }
    const back = await bench.post(form, { login: 'user@example.com', password: '12341234' })

    const tokens = await client.authorizationCodeGrant(config, new URL(back.headers.get('location') ?? ''), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    assert.equal(claims?.email, 'user@example.com')
    const info = await client.fetchUserInfo(config, tokens.access_token, claims?.sub ?? '')
    assert.deepEqual(info.groups, ['team-a'])
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    assert.equal(refreshed.claims()?.sub, claims?.sub)
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true)
  })
}
