/** W3C Trace Context: what of a check's trace goes on to the calls that are made for it. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { request } from 'undici'
import type { HeaderList } from '../../policy/index.ts'
import { readAuthzSettings } from './read-settings.ts'
import { serveAuthz } from './serve-authz.ts'
import { inTraceOf, traceHeaders, withTraceHeaders } from './trace-context.ts'

const ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const parent = (flags = '01', version = '00') => `${version}-${ID}-${PARENT}-${flags}`
/** Of a member that long, its text. */
const member = (key: string, length: number) => `${key}=${'v'.repeat(length - key.length - 1)}`

const rows: readonly (readonly [
  what: string,
  parents: readonly string[],
  states: readonly string[],
  flags: string | undefined,
  state?: string,
])[] = [
  ['a trace', [parent()], [], '01'],
  ['one that is not sampled', [parent('00')], ['a=1'], '00', 'a=1'],
  ['unknown flags stay behind, a random id is said on', [parent('ff')], [], '03'],
  ['a later version, as 00', [parent('01', 'cc')], [], '01'],
  ['a later version with more', [`${parent('01', 'cc')}-what`], [], '01'],
  ['a later version with more that is not set off', [`${parent('01', 'cc')}.what`], [], undefined],
  ['version 00 with more', [`${parent()}-what`], ['a=1'], undefined],
  ['version ff', [parent('01', 'ff')], [], undefined],
  ['no trace id', [`00-${'0'.repeat(32)}-${PARENT}-01`], [], undefined],
  ['no parent id', [`00-${ID}-${'0'.repeat(16)}-01`], [], undefined],
  ['upper case', [parent().toUpperCase()], [], undefined],
  ['a short id', [`00-${ID.slice(1)}-${PARENT}-01`], [], undefined],
  ['a line break', [`${parent()}\r\nkubeflow-userid: admin`], [], undefined],
  ['a line break after a later version', [`${parent('01', 'cc')}-\r\nx: y`], [], undefined],
  ['two parents', [parent(), parent()], [], undefined],
  ['a state without a parent', [], ['a=1'], undefined],
  ['several states', [parent()], ['a=1, b@c=2 ', '', 'd/e=x y'], '01', 'a=1,b@c=2,d/e=x y'],
  ['a state that is none', [parent()], ['a=1,nonsense'], '01'],
  ['a state with a line break', [parent()], ['a=1\r\nx: y'], '01'],
  ['a state beyond ASCII', [parent()], ['a=é'], '01'],
  ['33 states', [parent()], [Array.from({ length: 33 }, (_, n) => `k${n}=1`).join()], '01'],
  [
    'a long state loses its long members',
    [parent()],
    [[member('a', 100), member('b', 250), member('d', 250), 'c=1'].join()],
    '01',
    [member('a', 100), 'c=1'].join(),
  ],
  [
    'and then the last ones',
    [parent()],
    [['a', 'b', 'c', 'd', 'e'].map((key) => member(key, 120)).join()],
    '01',
    ['a', 'b', 'c', 'd'].map((key) => member(key, 120)).join(),
  ],
]
for (const [what, parents, states, flags, state] of rows)
  test(`${what}: ${flags === undefined ? 'nothing goes on' : 'it goes on'}`, () => {
    const headers: HeaderList = [
      ...parents.map((value) => ['traceparent', value] as const),
      ...states.map((value) => ['tracestate', value] as const),
    ]
    inTraceOf(headers, () => {
      const { traceparent, tracestate } = traceHeaders()
      if (flags === undefined) assert.equal(traceparent, undefined)
      else assert.match(traceparent ?? '', new RegExp(`^00-${ID}-(?!${PARENT})[0-9a-f]{16}-${flags}$`))
      assert.equal(tracestate, state)
    })
  })

test('each call has a span of its own, and none outside of a check has any', () => {
  inTraceOf([['traceparent', parent()]], () => {
    assert.notEqual(traceHeaders().traceparent, traceHeaders().traceparent)
    inTraceOf([], () => assert.deepEqual(traceHeaders(), {}, 'another check'))
  })
  assert.deepEqual(traceHeaders(), {})
})

test('headers that are passed on keep their order and have one trace', () => {
  const came: HeaderList = [
    ['traceparent', parent()],
    ['cookie', 'a=b'],
    ['tracestate', 'a=1'],
    ['tracestate', 'b=2'],
  ]
  const sent = inTraceOf(came, () => withTraceHeaders(came))
  assert.deepEqual(
    sent.map(([name]) => name),
    ['cookie', 'traceparent', 'tracestate'],
  )
  assert.equal(sent[2]?.[1], 'a=1,b=2')
  assert.deepEqual(withTraceHeaders(came), came, 'without a trace, as they came')
})

describe('serve authz', () => {
  const heard = new Map<string, IncomingHttpHeaders[]>()
  let origin = ''
  // Issuer, API server and the auth service that was there before, in one.
  const server = createServer((asked, response) => {
    const path = (asked.url ?? '').split('?', 1)[0] as string
    heard.set(path, [...(heard.get(path) ?? []), asked.headers])
    const answers: Record<string, object> = {
      '/dex/.well-known/openid-configuration': {
        issuer: `${origin}/dex`,
        authorization_endpoint: `${origin}/dex/auth`,
        token_endpoint: `${origin}/dex/token`,
        jwks_uri: `${origin}/dex/keys`,
      },
      '/apis/authentication.k8s.io/v1/tokenreviews': { status: { authenticated: false } },
    }
    const body = answers[path]
    response.writeHead(body ? 200 : path === '/dex/token' ? 400 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body ?? { error: 'invalid_grant' }))
  })
  before(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => heard.clear())
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const trace = { traceparent: parent(), tracestate: 'vendor=1' }
  /** What one of the neighbours was sent, in the trace and under another span than the check's. */
  const wasTold = (path: string) => {
    const [first] = heard.get(path) ?? []
    assert.ok(first, `${path} is not among ${[...heard.keys()].join(', ')}`)
    assert.match(String(first.traceparent), new RegExp(`^00-${ID}-(?!${PARENT})[0-9a-f]{16}-01$`))
    assert.equal(first.tracestate, 'vendor=1')
  }
  const serving = async (text: string, then: (url: string) => Promise<void>) => {
    const source = { file: 'authz.yaml', text: `listen: 127.0.0.1:0\nauditLog: none\ndrain: 0s\n${text}` }
    const { settings, problems } = readAuthzSettings(source, {})
    assert.ok(settings, JSON.stringify(problems))
    const authz = await serveAuthz(settings, { env: {}, clock: Date.now })
    try {
      await then(`http://${authz.ready.http}`)
    } finally {
      await authz.close(0)
    }
  }
  const signIn = () =>
    `signIn: {issuer: "${origin}/dex", clientId: door, clientSecret: s3cret, redirectUrl: "http://door.test/oauth2/callback"}`

  test('the issuer’s token endpoint hears of the trace', () =>
    serving(signIn(), async (url) => {
      // No `fetch`: what that says of itself is what a program says, and those are not sent to sign in.
      const begun = await request(`${url}/`, { headers: { accept: 'text/html' } })
      await begun.body.dump()
      const state = new URL(String(begun.headers.location)).searchParams.get('state') ?? ''
      const cookie = [begun.headers['set-cookie'] ?? []].flat().map((one) => one.split(';', 1)[0]).join('; ') // biome-ignore format: one thought
      const back = `${url}/oauth2/callback?${new URLSearchParams({ code: 'c', state })}`
      await (await request(back, { headers: { accept: 'text/html', cookie, ...trace } })).body.dump()
      wasTold('/dex/token')
      const [discovery] = heard.get('/dex/.well-known/openid-configuration') ?? []
      assert.equal(discovery?.traceparent, undefined, 'asked for a check without one')
    }))

  test('the API server that is asked about a token hears of it', () =>
    serving(
      `machines: {kubernetes: {audiences: [a], verify: token-review, server: "${origin}"}}`,
      async (url) => {
        const answer = await fetch(`${url}/x`, { headers: { authorization: 'Bearer a.b.c', ...trace } })
        assert.equal(answer.status, 401)
        wasTold('/apis/authentication.k8s.io/v1/tokenreviews')
      },
    ))

  for (const beside of ['shadow', 'fallback'])
    test(`the auth service of ${beside} hears of it`, () =>
      serving(`${beside}: ${origin}\n${signIn()}`, async (url) => {
        await fetch(`${url}/old`, { headers: { accept: '*/*', cookie: 'a=b', ...trace } })
        wasTold('/old')
      }))

  test('a trace that is none changes no answer and goes nowhere', () =>
    serving(
      `machines: {kubernetes: {audiences: [a], verify: token-review, server: "${origin}"}}`,
      async (url) => {
        const headers = { authorization: 'Bearer a.b.c', traceparent: 'nonsense', tracestate: 'a=1' }
        assert.equal((await fetch(`${url}/x`, { headers })).status, 401)
        const [asked] = heard.get('/apis/authentication.k8s.io/v1/tokenreviews') ?? []
        assert.ok(asked)
        assert.deepEqual([asked.traceparent, asked.tracestate], [undefined, undefined])
      },
    ))
})
