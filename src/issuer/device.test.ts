import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aBench, aCode, authPath, type Bench, claimsOf, ORIGIN } from './testing.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const good = { login: 'user@example.com', password: '12341234' }
const locationOf = (answer: Response) => answer.headers.get('location') ?? ''

interface Begun {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

const begin = async (bench: Bench, more: Record<string, string> = {}) =>
  (await (
    await bench.post('/dex/device/code', { client_id: 'cli', scope: 'openid email', ...more })
  ).json()) as Begun
const ask = (bench: Bench, code: string, more: Record<string, string> = {}) =>
  bench.post('/dex/token', { grant_type: GRANT, device_code: code, ...more })

/** Types the code, signs in, and returns the page at the end. */
async function signInFor(bench: Bench, userCode: string): Promise<Response> {
  let answer = await bench.post('/dex/device/auth/verify_code', { user_code: userCode })
  while (locationOf(answer) !== '' && !locationOf(answer).includes('/login?'))
    answer = await bench.get(locationOf(answer))
  const back = await bench.post(locationOf(answer), good)
  assert.match(locationOf(back), /^\/dex\/device\/callback\?code=/)
  return bench.get(locationOf(back))
}

describe('the device grant', () => {
  test('a device waits, a person signs in, the device gets the tokens once', async () => {
    const bench = await aBench()
    const begun = await begin(bench)
    assert.match(begun.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    assert.match(begun.verification_uri_complete, /\/dex\/device\?user_code=/)
    assert.deepEqual([begun.expires_in, begun.interval], [300, 5])
    assert.deepEqual(await (await ask(bench, begun.device_code)).json(), { error: 'authorization_pending' })
    assert.deepEqual(await (await ask(bench, begun.device_code)).json(), { error: 'slow_down' })

    assert.match(
      await (await signInFor(bench, begun.user_code.toLowerCase())).text(),
      /Login Successful for CLI/,
    )
    const tokens = (await (await ask(bench, begun.device_code)).json()) as { id_token: string }
    assert.equal(claimsOf(tokens.id_token).email, 'user@example.com')
    assert.equal((await ask(bench, begun.device_code)).status, 400)
    assert.equal(
      (await bench.post('/dex/device/auth/verify_code', { user_code: begun.user_code })).status,
      400,
    )
  })

  test('pending is 401 up to 2.43', async () => {
    const bench = await aBench({ tag: 'v2.39.1' })
    assert.equal((await ask(bench, (await begin(bench)).device_code)).status, 401)
  })

  test('PKCE holds for it too', async () => {
    const bench = await aBench()
    const begun = await begin(bench, { code_challenge: 'a-plain-challenge' })
    await signInFor(bench, begun.user_code)
    const refused = await ask(bench, begun.device_code)
    assert.deepEqual(await refused.json(), {
      error: 'invalid_grant',
      error_description: 'Expecting parameter code_verifier in PKCE flow.',
    })
    assert.equal((await ask(bench, begun.device_code, { code_verifier: 'a-plain-challenge' })).status, 200)
  })

  test('it ends after five minutes', async () => {
    const bench = await aBench()
    const begun = await begin(bench)
    bench.now += 300_001
    assert.deepEqual(await (await ask(bench, begun.device_code)).json(), { error: 'expired_token' })
    const page = await bench.post('/dex/device/auth/verify_code', { user_code: begun.user_code })
    assert.deepEqual([page.status, /Invalid or Expired User Code/.test(await page.text())], [400, true])
  })

  test('a code that was meant for another client’s address buys nothing', async () => {
    const bench = await aBench()
    const begun = await begin(bench)
    const stolen = await aCode(bench, { client_id: 'cli', redirect_uri: 'http://127.0.0.1:9/' })
    const query = new URLSearchParams({ state: begun.user_code, code: stolen })
    assert.equal((await bench.get(`/dex/device/callback?${query}`)).status, 400)
    assert.deepEqual(await (await ask(bench, begun.device_code)).json(), { error: 'authorization_pending' })
  })

  test('whoever guesses user codes has to wait', async () => {
    const bench = await aBench()
    const guess = () => bench.post('/dex/device/auth/verify_code', { user_code: 'BBBB-BBBB' })
    for (let i = 0; i < 10; i++) assert.equal((await guess()).status, 400)
    assert.equal((await guess()).status, 429)
  })

  test('a client with a wrong secret cannot begin', async () => {
    const answer = await (await aBench()).post('/dex/device/code', { client_id: 'other', client_secret: 'x' })
    assert.equal(answer.status, 401)
  })

  test('Dex 2.24 has none of it', async () => {
    const bench = await aBench({ tag: 'v2.24.0' })
    assert.equal((await bench.get('/dex/device')).status, 404)
    assert.equal((await ask(bench, 'x')).status, 400)
  })
})

describe('introspection', () => {
  const introspect = async (bench: Bench, form: Record<string, string>) => {
    const answer = await bench.post('/dex/token/introspect', form)
    return [answer.status, (await answer.json()) as Record<string, unknown>] as const
  }

  test('says whose a token is, while it lives', async () => {
    const bench = await aBench()
    const form = {
      grant_type: 'password',
      username: 'u',
      password: '12341234',
      scope: 'openid email offline_access',
    }
    const answer = await bench.post('/dex/token', { ...form, client_id: 'other', client_secret: 'other' })
    const tokens = (await answer.json()) as { access_token: string; refresh_token: string }
    for (const [token, use] of [
      [tokens.access_token, 'access_token'],
      [tokens.refresh_token, 'refresh_token'],
    ] as const) {
      const [status, found] = await introspect(bench, { token })
      assert.deepEqual(
        [status, found.active, found.client_id, found.token_use, found.sub],
        [200, true, 'other', use, 'Cg4xNTg0MTE4NTY0MTc4NBIFbG9jYWw'],
      )
    }
    bench.now += 86_400_000
    assert.deepEqual(await introspect(bench, { token: tokens.access_token }), [200, { active: false }])
    assert.deepEqual(await introspect(bench, { token: 'x' }), [200, { active: false }])
  })

  test('wants a token by POST', async () => {
    const bench = await aBench()
    assert.equal((await bench.get('/dex/token/introspect')).status, 400)
    assert.equal((await introspect(bench, {}))[1].error_description, 'The POST body can not be empty.')
    assert.match(
      String((await introspect(bench, { x: '1' }))[1].error_description),
      /doesn't contain 'token'/,
    )
  })
})

test('discovery names only what answers', async () => {
  for (const tag of ['v2.24.0', 'v2.31.2', 'v2.36.0', 'v2.39.1', 'v2.45.0', 'v2.46.0']) {
    const bench = await aBench({ tag })
    const answer = await bench.get('/dex/.well-known/openid-configuration')
    const discovery = (await answer.json()) as Record<string, unknown>
    for (const [member, value] of Object.entries(discovery)) {
      if (!/_endpoint$|^jwks_uri$/.test(member)) continue
      const path = new URL(String(value)).pathname
      assert.doesNotMatch(await (await bench.get(path)).text(), /404 page not found/, `${tag} ${member}`)
    }
    assert.equal('introspection_endpoint' in discovery, ['v2.39.1', 'v2.45.0', 'v2.46.0'].includes(tag))
  }
  assert.equal((await (await aBench()).get(`${ORIGIN}${authPath({}, '/dex/auth')}`)).status, 302)
})
