import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { marshalPair, subjectOf, unmarshalPair } from './claims.ts'
import { aBench, aCode, aConnector, basic, claimsOf, ORIGIN, START, someone } from './testing.ts'

const CLIENT = 'kubeflow-oidc-authservice'
const SECRET = 's3cret:with/odd+signs'
const credentials = { client_id: CLIENT, client_secret: SECRET }
const VERIFIER = 'a-verifier-of-at-least-43-characters-0123456789'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const s256 = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }

interface Tokens {
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly token_type: string
}
const tokensOf = async (answer: Response) => (await answer.json()) as Tokens

describe('POST /dex/token refuses, in Dex’s words', () => {
  const exchange = { grant_type: 'authorization_code', redirect_uri: '/oauth2/callback', ...credentials }
  const password = {
    grant_type: 'password',
    username: 'user@example.com',
    password: '12341234',
    scope: 'openid',
  }
  const rows: readonly (readonly [
    why: string,
    form: Record<string, string>,
    headers: Record<string, string>,
    status: number,
    error: string,
    description?: string,
    auth?: Record<string, string>,
  ])[] = [
    ['no grant type', credentials, {}, 400, 'unsupported_grant_type'],
    [
      'a grant nobody offers',
      { grant_type: 'client_credentials', ...credentials },
      {},
      400,
      'unsupported_grant_type',
    ],
    [
      'token exchange, which could skip the connectors a client may use',
      { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', connector_id: 'x', ...credentials },
      {},
      400,
      'unsupported_grant_type',
    ],
    [
      'no client',
      { grant_type: 'authorization_code' },
      {},
      401,
      'invalid_client',
      'Invalid client credentials.',
    ],
    [
      'a wrong secret',
      { ...exchange, client_secret: 'x' },
      {},
      401,
      'invalid_client',
      'Invalid client credentials.',
    ],
    [
      'an empty secret',
      { ...exchange, client_secret: '' },
      {},
      401,
      'invalid_client',
      'Invalid client credentials.',
    ],
    [
      'a wrong secret by Basic, whatever the form says',
      exchange,
      basic(CLIENT, 'x'),
      401,
      'invalid_client',
      'Invalid client credentials.',
    ],
    [
      'a client id that is not form-encoded',
      { grant_type: 'authorization_code' },
      { authorization: `Basic ${Buffer.from('%zz:x').toString('base64')}` },
      400,
      'invalid_request',
      'client_id improperly encoded',
    ],
    [
      'a secret that is not form-encoded',
      { grant_type: 'authorization_code' },
      { authorization: `Basic ${Buffer.from(`${CLIENT}:%zz`).toString('base64')}` },
      400,
      'invalid_request',
      'client_secret improperly encoded',
    ],
    ['no code', exchange, {}, 400, 'invalid_request', 'Required param: code.'],
    [
      'an unknown code',
      { ...exchange, code: 'x' },
      {},
      400,
      'invalid_grant',
      'Invalid or expired code parameter.',
    ],
    [
      "another client's code",
      { ...exchange, code: '{code}', client_id: 'other', client_secret: 'other' },
      {},
      400,
      'invalid_grant',
      'Invalid or expired code parameter.',
    ],
    [
      'another redirect URI',
      { ...exchange, code: '{code}', redirect_uri: `${ORIGIN}/oauth2/callback` },
      {},
      400,
      'invalid_request',
      'redirect_uri did not match URI from initial request.',
    ],
    [
      'a wrong verifier',
      { ...exchange, code: '{code}', code_verifier: `${VERIFIER}x` },
      {},
      400,
      'invalid_grant',
      'Invalid code_verifier.',
      s256,
    ],
    [
      'the challenge as the verifier',
      { ...exchange, code: '{code}', code_verifier: CHALLENGE },
      {},
      400,
      'invalid_grant',
      'Invalid code_verifier.',
      s256,
    ],
    [
      'no verifier after a challenge',
      { ...exchange, code: '{code}' },
      {},
      400,
      'invalid_grant',
      'Expecting parameter code_verifier in PKCE flow.',
      s256,
    ],
    [
      'a verifier without a challenge',
      { ...exchange, code: '{code}', code_verifier: VERIFIER },
      {},
      400,
      'invalid_request',
      'No PKCE flow started. Cannot check code_verifier.',
    ],
    [
      'a password grant without openid',
      { ...password, ...credentials, scope: 'email' },
      {},
      400,
      'invalid_request',
      'Missing required scope(s) ["openid"].',
    ],
    [
      'a password grant with scopes nobody knows',
      { ...password, ...credentials, scope: 'openid a b' },
      {},
      400,
      'invalid_request',
      'Unrecognized scope(s) ["a" "b"]',
    ],
    [
      'a password grant for a client that does not trust this one',
      { ...password, ...credentials, scope: 'openid audience:server:client_id:other' },
      {},
      400,
      'invalid_request',
      'Client can\'t request scope(s) ["audience:server:client_id:other"]',
    ],
    [
      'a wrong password',
      { ...password, ...credentials, password: 'x' },
      {},
      401,
      'access_denied',
      'Invalid username or password',
    ],
    [
      'no refresh token',
      { grant_type: 'refresh_token', ...credentials },
      {},
      400,
      'invalid_request',
      'No refresh token is found in request.',
    ],
    [
      'an unknown refresh token',
      { grant_type: 'refresh_token', refresh_token: 'x', ...credentials },
      {},
      400,
      'invalid_request',
      'Refresh token is invalid or has already been claimed by another client.',
    ],
  ]
  for (const [why, form, headers, status, error, description, auth] of rows) {
    test(why, async () => {
      const bench = await aBench()
      const filled = { ...form }
      if (filled.code === '{code}') filled.code = await aCode(bench, auth)
      const answer = await bench.post('/dex/token', filled, headers)
      assert.equal(answer.status, status)
      assert.deepEqual(
        await answer.json(),
        description ? { error, error_description: description } : { error },
      )
      assert.equal(answer.headers.get('content-type'), 'application/json')
    })
  }

  test('a GET', async () => {
    const answer = await (await aBench()).get('/dex/token')
    assert.equal(answer.status, 400)
    assert.deepEqual(await answer.json(), {
      error: 'invalid_request',
      error_description: 'method not allowed',
    })
  })

  test('a password grant that the configuration does not offer', async () => {
    const oauth2 = {
      skipApprovalScreen: true,
      alwaysShowLoginScreen: false,
      responseTypes: ['code'],
      grantTypes: [],
    }
    const bench = await aBench({ config: { oauth2 } })
    const answer = await bench.post('/dex/token', { ...password, ...credentials })
    assert.deepEqual([answer.status, await answer.json()], [400, { error: 'unsupported_grant_type' }])
  })

  test('a directory that is down', async () => {
    const down = aConnector({ login: () => Promise.reject(new Error('connect ECONNREFUSED')) })
    const bench = await aBench({ connectors: [down] })
    const answer = await bench.post('/dex/token', { ...password, ...credentials })
    assert.deepEqual(await answer.json(), {
      error: 'invalid_request',
      error_description: 'Could not login user',
    })
    assert.equal(bench.events.at(-1)?.kind, 'connector-failed')
  })
})

describe('tokens', () => {
  const exchange = (code: string, more: Record<string, string> = {}) => ({
    grant_type: 'authorization_code',
    redirect_uri: '/oauth2/callback',
    code,
    ...credentials,
    ...more,
  })

  for (const [how, auth, more] of [
    ['without PKCE', {}, {}],
    ['with S256', s256, { code_verifier: VERIFIER }],
    ['with a plain challenge', { code_challenge: VERIFIER }, { code_verifier: VERIFIER }],
  ] as const) {
    test(`a code is exchanged once, ${how}`, async () => {
      const bench = await aBench()
      const code = await aCode(bench, auth)
      const [first, second] = await Promise.all([
        bench.post('/dex/token', exchange(code, more)),
        bench.post('/dex/token', exchange(code, more)),
      ])
      assert.deepEqual([first.status, second.status].sort(), [200, 400])
      assert.equal(first.headers.get('cache-control'), 'no-store')
    })
  }

  test('the secret is taken form-encoded by Basic, as RFC 6749 has it', async () => {
    const bench = await aBench()
    const { client_id: _, client_secret: __, ...form } = exchange(await aCode(bench))
    assert.equal((await bench.post('/dex/token', form, basic(CLIENT, SECRET))).status, 200)
  })

  test('a public client has no secret', async () => {
    const bench = await aBench()
    const uri = 'http://127.0.0.1:41234/callback'
    const code = await aCode(bench, { client_id: 'cli', redirect_uri: uri, ...s256 })
    const form = {
      grant_type: 'authorization_code',
      client_id: 'cli',
      redirect_uri: uri,
      code,
      code_verifier: VERIFIER,
    }
    assert.equal((await bench.post('/dex/token', form)).status, 200)
  })

  test('a code lives 30 minutes', async () => {
    const bench = await aBench()
    const code = await aCode(bench)
    bench.now += 30 * 60_000 + 1
    assert.equal((await bench.post('/dex/token', exchange(code))).status, 400)
  })

  test('claims are those of Dex, and only what the scopes ask for', async () => {
    const bench = await aBench()
    const tokens = await tokensOf(
      await bench.post('/dex/token', exchange(await aCode(bench, { nonce: 'n-1' }))),
    )
    const { at_hash, c_hash, ...claims } = claimsOf(tokens.id_token)
    assert.deepEqual(claims, {
      iss: 'http://dex.auth.svc.cluster.local:5556/dex',
      sub: 'Cg4xNTg0MTE4NTY0MTc4NBIFbG9jYWw',
      aud: CLIENT,
      exp: START / 1000 + 86_400,
      iat: START / 1000,
      nonce: 'n-1',
      email: 'user@example.com',
      email_verified: true,
      groups: ['team-a'],
      name: 'user',
    })
    const half = createHash('sha256')
      .update(tokens.access_token)
      .digest()
      .subarray(0, 16)
      .toString('base64url')
    assert.equal(at_hash, half)
    assert.equal(typeof c_hash, 'string')
    assert.deepEqual([tokens.token_type, tokens.expires_in], ['bearer', 86_400])

    const bare = await tokensOf(
      await bench.post('/dex/token', exchange(await aCode(bench, { scope: 'openid' }))),
    )
    assert.deepEqual(Object.keys(claimsOf(bare.id_token)), [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'at_hash',
      'c_hash',
    ])
    assert.equal(bare.refresh_token, undefined)
  })

  test('a peer that trusts the client joins the audience, and azp says who asked', async () => {
    const bench = await aBench()
    const scope = `openid federated:id audience:server:client_id:${CLIENT}`
    const form = { grant_type: 'password', username: 'u', password: '12341234', scope }
    const answer = await bench.post('/dex/token', { ...form, client_id: 'other', client_secret: 'other' })
    const claims = claimsOf((await tokensOf(answer)).id_token)
    assert.deepEqual([claims.aud, claims.azp], [[CLIENT, 'other'], 'other'])
    assert.deepEqual(claims.federated_claims, { connector_id: 'local', user_id: '15841185641784' })
  })

  test('userinfo shows the claims of a good token; none is 401, a bad one 403', async () => {
    const bench = await aBench()
    const tokens = await tokensOf(await bench.post('/dex/token', exchange(await aCode(bench))))
    const ask = (token: string) => bench.get('/dex/userinfo', { authorization: `Bearer ${token}` })
    assert.deepEqual(await (await ask(tokens.access_token)).json(), claimsOf(tokens.access_token))
    const none = await bench.get('/dex/userinfo')
    assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer'])
    assert.equal((await ask(`${tokens.access_token.slice(0, -4)}AAAA`)).status, 403)
    bench.now += 86_400_000
    assert.equal((await ask(tokens.access_token)).status, 403)
  })
})

describe('refresh tokens', () => {
  const login = async (bench: Awaited<ReturnType<typeof aBench>>) =>
    tokensOf(
      await bench.post('/dex/token', {
        grant_type: 'password',
        username: 'u',
        password: '12341234',
        scope: 'openid email offline_access',
        ...credentials,
      }),
    )
  const refresh = (
    bench: Awaited<ReturnType<typeof aBench>>,
    token: string,
    more: Record<string, string> = {},
  ) =>
    bench.post('/dex/token', { grant_type: 'refresh_token', refresh_token: token, ...credentials, ...more })

  test('each is good once; a second use ends the family', async () => {
    const bench = await aBench()
    const first = await login(bench)
    const second = await tokensOf(await refresh(bench, first.refresh_token))
    assert.notEqual(second.refresh_token, first.refresh_token)
    assert.equal((await refresh(bench, first.refresh_token)).status, 400)
    assert.equal((await refresh(bench, second.refresh_token)).status, 400)
  })

  test('two at once: one winner', async () => {
    const bench = await aBench()
    const { refresh_token } = await login(bench)
    const answers = await Promise.all([refresh(bench, refresh_token), refresh(bench, refresh_token)])
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1)
    assert.ok(answers.some(({ status }) => status === 400))
  })

  test('another client cannot use it, more scopes cannot be had, fewer can', async () => {
    const bench = await aBench()
    const { refresh_token } = await login(bench)
    const stolen = await refresh(bench, refresh_token, { client_id: 'other', client_secret: 'other' })
    assert.equal(((await stolen.json()) as { error: string }).error, 'invalid_grant')
    const more = await refresh(bench, refresh_token, { scope: 'openid groups' })
    assert.deepEqual(await more.json(), {
      error: 'invalid_request',
      error_description: 'Requested scopes contain unauthorized scope(s): ["groups"].',
    })
    const fewer = await tokensOf(await refresh(bench, refresh_token, { scope: 'openid' }))
    assert.equal(claimsOf(fewer.id_token).email, undefined)
  })

  test('inside the reuse interval the replaced one still works, and gives the same next one', async () => {
    const base = { rotate: true, reuseInterval: 3000, absoluteLifetime: 0, validIfNotUsedFor: 0 }
    const expiry = {
      idTokens: 1000,
      signingKeys: 1,
      authRequests: 1e6,
      deviceRequests: 1,
      refreshTokens: base,
    }
    const bench = await aBench({ config: { expiry } })
    const { refresh_token } = await login(bench)
    bench.now += 4000
    const second = await tokensOf(await refresh(bench, refresh_token))
    bench.now += 1000
    const again = await tokensOf(await refresh(bench, refresh_token))
    assert.equal(again.refresh_token, second.refresh_token)
  })

  test('it survives a restart, and what was replaced stays so', async () => {
    let text: string | undefined
    const store = {
      load: async () => text,
      save: async (next: string) => {
        text = next
      },
    }
    const before = await aBench({ store })
    const first = await login(before)
    const second = await tokensOf(await refresh(before, first.refresh_token))
    const after = await aBench({ store })
    assert.equal((await refresh(after, second.refresh_token)).status, 200)
    assert.equal((await refresh(await aBench({ store }), first.refresh_token)).status, 400)
  })

  test('a disk that is full costs no answer, and is told', async () => {
    const store = { load: async () => undefined, save: () => Promise.reject(new Error('ENOSPC')) }
    const bench = await aBench({ store })
    assert.equal((await refresh(bench, (await login(bench)).refresh_token)).status, 200)
    assert.ok(bench.events.some((event) => event.kind === 'failed' && event.reason === 'ENOSPC'))
  })

  test('lifetimes end it', async () => {
    const refreshTokens = { rotate: true, reuseInterval: 0, absoluteLifetime: 10_000, validIfNotUsedFor: 0 }
    const expiry = { idTokens: 1000, signingKeys: 1, authRequests: 1e6, deviceRequests: 1, refreshTokens }
    const bench = await aBench({ config: { expiry } })
    const { refresh_token } = await login(bench)
    bench.now += 10_001
    assert.deepEqual(await (await refresh(bench, refresh_token)).json(), {
      error: 'invalid_request',
      error_description: 'Refresh token expired.',
    })
  })

  test('a user who is gone gets no more tokens; a directory that is down takes nothing away', async () => {
    let state: 'here' | 'down' | 'gone' = 'here'
    const connector = aConnector({
      refresh: async () => {
        if (state === 'down') throw new Error('down')
        return state === 'here' ? { ...someone, email: 'new@example.com' } : undefined
      },
    })
    const bench = await aBench({ connectors: [connector] })
    const { refresh_token } = await login(bench)
    state = 'down'
    assert.equal((await refresh(bench, refresh_token)).status, 500)
    state = 'here'
    const second = await tokensOf(await refresh(bench, refresh_token))
    assert.equal(claimsOf(second.id_token).email, 'new@example.com')
    state = 'gone'
    assert.equal((await refresh(bench, second.refresh_token)).status, 500)
    state = 'here'
    assert.equal((await refresh(bench, second.refresh_token)).status, 400)
  })
})

test('sub is the protobuf Dex makes, long names included', () => {
  assert.equal(subjectOf('15841185641784', 'local'), 'Cg4xNTg0MTE4NTY0MTc4NBIFbG9jYWw')
  const long = 'ü'.repeat(200)
  assert.deepEqual(unmarshalPair(marshalPair(long, 'ldap')), [long, 'ldap'])
  assert.equal(unmarshalPair('x'), undefined)
})
