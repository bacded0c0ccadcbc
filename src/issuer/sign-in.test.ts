import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aBench, aCode, aConfig, aConnector, authPath, ORIGIN, someone } from './testing.ts'

const LOCAL = { kind: 'local', id: 'local', name: 'Email' } as const
const GITHUB = { kind: 'elsewhere', id: 'github', name: 'GitHub', type: 'github' } as const
const good = { login: 'user@example.com', password: '12341234' }
const withScreen = { oauth2: { ...aConfig().oauth2, skipApprovalScreen: false } }

const locationOf = (answer: Response) => answer.headers.get('location') ?? ''
const paragraph = async (answer: Response) =>
  / class="theme-heading">([^<]*)<\/h2>\s*<p>([^<]*)/.exec(await answer.text())

describe('what is wrong with the client or its address is shown, never followed', () => {
  const rows: readonly (readonly [
    why: string,
    tag: string,
    over: Record<string, string>,
    status: number,
    text: string,
  ])[] = [
    ['an unknown client', 'v2.45.0', { client_id: 'x' }, 404, 'Invalid client_id.'],
    [
      'an unknown client, before 2.45',
      'v2.39.1',
      { client_id: 'x' },
      404,
      'Invalid client_id (&#34;x&#34;).',
    ],
    [
      'an unknown client, before 2.30',
      'v2.24.0',
      { client_id: 'x' },
      400,
      'Invalid client_id (&#34;x&#34;).',
    ],
    [
      'a foreign address',
      'v2.45.0',
      { redirect_uri: 'https://evil.test/cb' },
      400,
      'Unregistered redirect_uri.',
    ],
    [
      'a foreign address, before 2.45',
      'v2.36.0',
      { redirect_uri: 'https://evil.test/cb' },
      400,
      'Unregistered redirect_uri (&#34;https://evil.test/cb&#34;).',
    ],
    ['no address', 'v2.45.0', { redirect_uri: '' }, 400, 'Unregistered redirect_uri.'],
    ['a prefix', 'v2.45.0', { redirect_uri: '/oauth2/callback/../x' }, 400, 'Unregistered redirect_uri.'],
    ['another case', 'v2.45.0', { redirect_uri: '/OAuth2/callback' }, 400, 'Unregistered redirect_uri.'],
    ['half an escape', 'v2.45.0', { redirect_uri: '/oauth2%2' }, 400, 'No redirect_uri provided.'],
    [
      'a public client sent beyond this machine',
      'v2.45.0',
      { client_id: 'cli', redirect_uri: 'http://localhost.evil.test/' },
      400,
      'Unregistered redirect_uri.',
    ],
    [
      'a public client sent beyond this machine by a user name',
      'v2.45.0',
      { client_id: 'cli', redirect_uri: 'http://127.0.0.1:80@evil.test/' },
      400,
      'Unregistered redirect_uri.',
    ],
  ]
  for (const [why, tag, over, status, text] of rows) {
    test(why, async () => {
      const bench = await aBench({ tag })
      const answer = await bench.get(authPath(over, tag === 'v2.24.0' ? '/dex/auth' : '/dex/auth/local'))
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('location'), null)
      assert.equal((await paragraph(answer))?.[2], text)
    })
  }
})

describe('what else is wrong is told to the client', () => {
  const rows: readonly (readonly [over: Record<string, string>, error: string, description: string])[] = [
    [{ scope: 'email' }, 'invalid_scope', 'Missing required scope(s) ["openid"].'],
    [{ scope: 'openid x' }, 'invalid_scope', 'Unrecognized scope(s) ["x"]'],
    [
      { scope: 'openid audience:server:client_id:other' },
      'invalid_scope',
      'Client can\'t request scope(s) ["audience:server:client_id:other"]',
    ],
    [{ response_type: '' }, 'invalid_request', 'No response_type provided'],
    [{ response_type: 'x' }, 'invalid_request', 'Invalid response type "x"'],
    [{ response_type: 'token' }, 'unsupported_response_type', 'Unsupported response type "token"'],
    [{ request: 'x' }, 'request_not_supported', 'Server does not support request parameter.'],
    [{ code_challenge_method: 'x' }, 'invalid_request', 'Unsupported PKCE challenge method ("x").'],
  ]
  for (const [over, error, description] of rows) {
    test(description, async () => {
      const answer = await (await aBench()).get(authPath(over))
      assert.equal(answer.status, 303)
      const back = new URL(locationOf(answer), ORIGIN)
      assert.equal(back.pathname, '/oauth2/callback')
      assert.deepEqual(Object.fromEntries(back.searchParams), {
        error,
        error_description: description,
        state: 'abc:/',
      })
    })
  }

  test('a connector that is none is shown', async () => {
    const answer = await (await aBench()).get(authPath({ connector_id: 'x' }, '/dex/auth'))
    assert.deepEqual(
      [answer.status, (await paragraph(answer))?.[2]],
      [400, 'Connector ID does not match a valid Connector'],
    )
  })
})

describe('choosing a connector', () => {
  const two = { connectors: [GITHUB, LOCAL] }

  test('connector_id skips the page, and is not passed on', async () => {
    const bench = await aBench({ config: two })
    const answer = await bench.get(authPath({ connector_id: 'local' }, '/dex/auth'))
    assert.equal(answer.status, 302)
    assert.match(locationOf(answer), /^\/dex\/auth\/local\?client_id=/)
    assert.doesNotMatch(locationOf(answer), /connector_id/)
  })

  test('the page is shown for one connector too, where that is wanted', async () => {
    const bench = await aBench({ config: { oauth2: { ...aConfig().oauth2, alwaysShowLoginScreen: true } } })
    assert.equal((await bench.get(authPath({}, '/dex/auth'))).status, 200)
  })

  test('a connector that signs in elsewhere is listed, and says that it cannot', async () => {
    const bench = await aBench({ config: two })
    assert.match(await (await bench.get(authPath({}, '/dex/auth'))).text(), /Log in with GitHub/)
    const answer = await bench.get(authPath({}, '/dex/auth/github'))
    assert.deepEqual([answer.status, (await paragraph(answer))?.[2]], [400, 'Connector failed to initialize'])
  })

  test('a POST where a redirect belongs is refused', async () => {
    const answer = await (await aBench()).post(authPath(), {})
    assert.deepEqual([answer.status, (await paragraph(answer))?.[2]], [400, 'Unsupported request method.'])
  })
})

describe('a login request', () => {
  test('is used up by the sign-in', async () => {
    const bench = await aBench()
    const form = locationOf(await bench.get(authPath()))
    assert.equal((await bench.post(form, good)).status, 303)
    for (const again of [await bench.post(form, good), await bench.get(form)]) {
      assert.deepEqual(
        [again.status, (await paragraph(again))?.[2]],
        [400, 'Requested resource does not exist.'],
      )
    }
  })

  test('is used up by one of two that race', async () => {
    const bench = await aBench()
    const form = locationOf(await bench.get(authPath()))
    const answers = await Promise.all([bench.post(form, good), bench.post(form, good)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 400])
  })

  test('used up says "Login session expired." up to 2.28', async () => {
    const bench = await aBench({ tag: 'v2.24.0' })
    const form = locationOf(await bench.get(authPath({}, '/dex/auth')))
    const screen = locationOf(await bench.post(form, good))
    assert.equal((await bench.get(screen)).status, 303)
    const again = await bench.post(form, good)
    assert.deepEqual([again.status, (await paragraph(again))?.[2]], [400, 'Login session expired.'])
  })

  test('lives a day', async () => {
    const bench = await aBench()
    const form = locationOf(await bench.get(authPath()))
    bench.now += 24 * 3_600_000 + 1
    const answer = await bench.post(form, good)
    assert.deepEqual([answer.status, (await paragraph(answer))?.[2]], [400, 'User session has expired.'])
  })

  test('belongs to the connector it was made at', async () => {
    const other = aConnector({ id: 'other' })
    const bench = await aBench({ connectors: [aConnector(), other] })
    const form = locationOf(await bench.get(authPath())).replace('/local/', '/other/')
    assert.equal((await bench.post(form, good)).status, 500)
  })

  test('without an id, or with one nobody knows, is told so', async () => {
    const bench = await aBench()
    assert.equal((await paragraph(await bench.get('/dex/auth/local/login')))?.[2], 'User session error.')
    assert.equal(
      (await paragraph(await bench.get('/dex/auth/local/login?state=x')))?.[2],
      'Requested resource does not exist.',
    )
  })
})

describe('the approval screen', () => {
  const screenOf = async (tag: string, over: Record<string, string> = {}) => {
    const bench = await aBench({ tag, config: withScreen })
    const begin = tag === 'v2.24.0' ? '/dex/auth' : '/dex/auth/local'
    const form = locationOf(await bench.get(authPath(over, begin)))
    return { bench, form, screen: locationOf(await bench.post(form, good)) }
  }

  for (const tag of ['v2.24.0', 'v2.31.2', 'v2.35.0', 'v2.45.0']) {
    test(`${tag}: approving gives one code, rejecting none`, async () => {
      const { bench, screen } = await screenOf(tag)
      assert.match(screen, /^\/dex\/approval\?req=[a-z2-7]{25}(&hmac=[\w-]{43})?$/)
      const req = new URL(screen, ORIGIN).searchParams.get('req') ?? ''
      const rejected = await bench.post(screen, { req, approval: 'rejected' })
      assert.deepEqual([rejected.status, (await paragraph(rejected))?.[2]], [500, 'Approval rejected.'])
      assert.match(
        locationOf(await bench.post(screen, { req, approval: 'approve' })),
        /^\/oauth2\/callback\?code=/,
      )
      assert.notEqual((await bench.post(screen, { req, approval: 'approve' })).status, 303)
    })

    test(`${tag}: whoever began the flow cannot collect the code of whoever finished it`, async () => {
      const { bench, form } = await screenOf(tag)
      const { searchParams } = new URL(form, ORIGIN)
      const known = searchParams.get('state') ?? searchParams.get('req') ?? ''
      for (const guess of [`req=${known}`, `req=${known}&hmac=`, `req=${known}&hmac=${'A'.repeat(43)}`]) {
        const seen = await bench.get(`/dex/approval?${guess}`)
        const taken = await bench.post(`/dex/approval?${guess}`, { req: known, approval: 'approve' })
        assert.ok([seen.status, taken.status].every((status) => status === 401 || status === 500))
      }
    })
  }

  for (const tag of ['v2.35.0', 'v2.45.0', 'v2.46.0']) {
    test(`${tag}: whoever signed in first cannot approve for whoever signs in next`, async () => {
      const { bench, form, screen } = await screenOf(tag)
      const second = locationOf(await bench.post(form, good))
      assert.notEqual(second, screen)
      const { searchParams } = new URL(screen, ORIGIN)
      const req = searchParams.get('req') ?? ''
      const stale = await bench.post(`/dex/approval?${searchParams}`, { req, approval: 'approve' })
      assert.equal(stale.status, 401)
      const fresh = new URL(second, ORIGIN).searchParams
      assert.equal((await bench.post(`/dex/approval?${fresh}`, { req, approval: 'approve' })).status, 303)
    })
  }

  test('prompt=none refuses it, as recorded behind oauth2-proxy', async () => {
    const { bench, screen } = await screenOf('v2.46.0', { prompt: 'none' })
    assert.equal(
      locationOf(await bench.get(screen)),
      '/oauth2/callback?error=interaction_required&error_description=User+interaction+required&state=abc%3A%2F',
    )
  })

  // What each did behind oauth2-proxy 7.15.6 with Kubeflow's settings.
  for (const [tag, query, want] of [
    ['v2.36.0', { prompt: 'none' }, '/oauth2/callback'],
    ['v2.36.0', { approval_prompt: 'force' }, '/dex/approval'],
    ['v2.37.0', { prompt: 'none' }, '/dex/approval'],
    ['v2.45.0', { prompt: 'none' }, '/dex/approval'],
    ['v2.45.0', { approval_prompt: 'force' }, '/dex/approval'],
  ] as const)
    test(`${tag}, ${JSON.stringify(query)}: on to ${want}`, async () => {
      const { screen } = await screenOf(tag, query)
      assert.equal(new URL(screen, ORIGIN).pathname, want)
    })

  test('v2.35 does not show a screen that is skipped, whatever approval_prompt says', async () => {
    const bench = await aBench({ tag: 'v2.35.0' })
    const form = locationOf(await bench.get(authPath({ approval_prompt: 'force' })))
    const screen = locationOf(await bench.post(form, good))
    assert.equal(new URL(locationOf(await bench.get(screen)), ORIGIN).pathname, '/oauth2/callback')
  })

  test('prompt=none means nothing where no screen is wanted', async () => {
    assert.notEqual(await aCode(await aBench(), { prompt: 'none' }), '')
  })

  test('approval_prompt=force asks although nobody wants it otherwise', async () => {
    const bench = await aBench()
    const form = locationOf(await bench.get(authPath({ approval_prompt: 'force' })))
    assert.match(locationOf(await bench.post(form, good)), /^\/dex\/approval\?/)
  })

  test('before anybody signed in there is nothing to approve', async () => {
    const bench = await aBench({ tag: 'v2.31.2', config: withScreen })
    const id = new URL(locationOf(await bench.get(authPath())), ORIGIN).searchParams.get('state')
    const answer = await bench.get(`/dex/approval?req=${id}`)
    assert.deepEqual(
      [answer.status, (await paragraph(answer))?.[2]],
      [500, 'Login process not yet finalized.'],
    )
  })
})

describe('the form', () => {
  const formOf = async (bench: Awaited<ReturnType<typeof aBench>>) => locationOf(await bench.get(authPath()))

  test('a few wrong passwords do no harm; a guesser has to wait, others do not', async () => {
    const bench = await aBench()
    const form = await formOf(bench)
    for (let i = 0; i < 10; i++)
      assert.equal((await bench.post(form, { ...good, password: 'x' })).status, 401)
    const limited = await bench.post(form, { ...good, login: ' USER@example.com ' })
    assert.equal(limited.status, 429)
    assert.ok(Number(limited.headers.get('retry-after')) > 0)
    assert.equal((await bench.post(form, { ...good, login: 'other@example.com', password: 'x' })).status, 401)
    bench.now += 60_000
    assert.equal((await bench.post(form, good)).status, 303)
  })

  test('a connector that is busy is told like a limit', async () => {
    const busy = aConnector({ login: async () => ({ kind: 'busy', retryAfter: 2 }) })
    const bench = await aBench({ connectors: [busy] })
    const answer = await bench.post(await formOf(bench), good)
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '2'])
  })

  test('a connector that fails is a page with 500; only before 2.45 it says why', async () => {
    const down = aConnector({ login: () => Promise.reject(new Error('no route')) })
    for (const [tag, text] of [
      ['v2.45.0', 'Login error. Please contact your administrator or try again later.'],
      ['v2.36.0', 'Login error: no route'],
    ] as const) {
      const bench = await aBench({ tag, connectors: [down] })
      const answer = await bench.post(await formOf(bench), good)
      assert.deepEqual([answer.status, (await paragraph(answer))?.[2]], [500, text])
    }
  })

  test('what was typed comes back as text, never as markup', async () => {
    const bench = await aBench()
    const typed = '"><script>alert(1)</script>'
    const body = await (await bench.post(await formOf(bench), { login: typed, password: 'x' })).text()
    assert.doesNotMatch(body, /<script/)
    assert.match(body, /value="&#34;&gt;&lt;script&gt;/)
  })

  test('an answer stays small however much is sent, and 1 MiB is the end', async () => {
    const bench = await aBench()
    const form = await formOf(bench)
    const large = await (await bench.post(form, { login: '"'.repeat(300_000), password: 'x' })).text()
    assert.ok(large.length < 64 * 1024)
    assert.equal((await bench.post(form, { login: 'x'.repeat(1024 * 1024), password: 'x' })).status, 413)
  })

  for (const [back, shown] of [
    ['/dex/auth?client_id=x', true],
    ['https://evil.test/', false],
    ['//evil.test/dex/auth?x', false],
    ['/dex/auth?x\\y', false],
    ['/dex/authors?x', false],
    ['javascript:alert(1)', false],
  ] as const) {
    test(`back=${back} is ${shown ? 'a link' : 'dropped'}`, async () => {
      const bench = await aBench()
      const form = `${await formOf(bench)}`.replace('back=', `back=${encodeURIComponent(back)}`)
      const body = await (await bench.get(form)).text()
      assert.equal(/class="other theme-link-back"/.test(body), shown)
    })
  }

  test('speaks Korean to who prefers it, and keeps the sentence scripts look for', async () => {
    const bench = await aBench()
    const headers = { 'accept-language': 'en;q=0.5, ko-KR, fr;q=0.9' }
    const body = await (await bench.post(await formOf(bench), { ...good, password: 'x' }, headers)).text()
    assert.match(body, /<html lang="ko">/)
    assert.match(body, /Invalid Email Address and password\./)
    assert.match(body, /비밀번호/)
  })

  test('lets nothing in and nobody frame it', async () => {
    const answer = await (await aBench()).get('/dex/auth/local/login?state=x')
    const policy = answer.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|script-src/)
    assert.equal(answer.headers.get('x-frame-options'), 'DENY')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.doesNotMatch(await answer.text(), /https?:\/\//)
  })
})

describe('other answers', () => {
  test('healthz, keys, and 404 beyond', async () => {
    const bench = await aBench()
    assert.equal(await (await bench.get('/dex/healthz')).text(), 'Health check passed')
    const keys = (await (await bench.get('/dex/keys')).json()) as { keys: Record<string, unknown>[] }
    assert.deepEqual(
      keys.keys.map(({ alg, use, kty, d }) => [alg, use, kty, d]),
      [['RS256', 'sig', 'RSA', undefined]],
    )
    for (const path of ['/dex/nope', '/dexter/keys', '/', '/dex/auth/']) {
      assert.equal((await bench.get(path)).status, 404, path)
    }
  })

  test('hybrid and implicit answers travel in the fragment', async () => {
    const oauth2 = { ...aConfig().oauth2, responseTypes: ['code', 'token', 'id_token'] }
    const bench = await aBench({ config: { oauth2 } })
    const over = { response_type: 'code id_token token', nonce: 'n' }
    const form = locationOf(await bench.get(authPath(over)))
    const back = locationOf(await bench.post(form, good))
    assert.match(back, /^\/oauth2\/callback#/)
    const members = [...new URLSearchParams(back.split('#')[1]).keys()].sort()
    assert.deepEqual(members, ['access_token', 'code', 'id_token', 'state', 'token_type'])
  })

  test('a handler that throws is Dex’s 500 page, not a stack trace', async () => {
    const broken = aConnector({
      login: async () => ({ kind: 'in', identity: { ...someone, groups: null as never } }),
    })
    const bench = await aBench({ connectors: [broken] })
    const form = { grant_type: 'password', username: 'u', password: 'x', scope: 'openid groups' }
    const answer = await bench.post('/dex/token', { ...form, client_id: 'other', client_secret: 'other' })
    assert.equal(answer.status, 500)
    assert.doesNotMatch(await answer.text(), /at .*\.ts/)
  })
})
