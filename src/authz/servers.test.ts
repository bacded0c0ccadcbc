/** One decision, asked for in each of the ways proxies have. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:http2'
import { type AddressInfo, connect as connectTo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createAuthorize, type SignIn } from './authorize.ts'
import { createGrpcServer } from './grpc/grpc-server.ts'
import { Reader, Writer } from './grpc/wire.ts'
import type { Decided } from './http-server.ts'
import { createHttpServer } from './http-server.ts'
import { identityHeaders } from './identity-headers.ts'
import { createMachines } from './machines/machines.ts'
import { testIssuer } from './testing/tokens.ts'
import { trustedProxies } from './trusted.ts'

const person = { userId: 'user@example.com', groups: ['team-a', 'team-b'] }
/** A session is the cookie `s=1`; `/public/` needs none; programs ask for JSON. */
const signIn: SignIn = {
  check: async ({ path, headers }) => {
    const header = (name: string) => headers.find(([one]) => one === name)?.[1]
    if (header('cookie') === 's=1')
      return {
        status: path.startsWith('/oauth2/auth') ? 202 : 200,
        headers: [
          ['content-type', 'text/plain'],
          ['x-auth-request-email', person.userId],
        ],
        about: { kind: 'admitted', user: person, by: 'cookie' },
      }
    if (header('cookie') === 's=broken') throw new Error('the store at 10.0.0.1 does not answer')
    if (header('cookie') === 's=mallory')
      return { status: 403, headers: [], body: 'no', about: { kind: 'refused' } }
    if (path.startsWith('/public/')) return { status: 200, headers: [], about: { kind: 'exempt' } }
    if (path.startsWith('/oauth2/')) return { status: 200, headers: [], body: 'a page' }
    return header('accept') === 'application/json'
      ? { status: 401, headers: [], about: { kind: 'nobody', api: { login: '/oauth2/start' } } }
      : {
          status: 302,
          headers: [
            ['location', '/dex/auth'],
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
          ],
          about: { kind: 'nobody' },
        }
  },
}
const issuer = testIssuer('https://door.test/dex', Date.now)
const decisions: Decided[] = []
/** All of one length, so that answers have. */
let ids = 1000

function serve(pathPrefix: string, trusted: readonly string[] = []) {
  const door = {
    authorize: createAuthorize({
      signIn,
      machines: createMachines({
        clock: Date.now,
        issuers: [
          {
            issuer: issuer.issuer,
            audiences: ['door'],
            keys: issuer.keys,
            claims: {
              user: 'sub',
              groups: 'groups',
              userPrefix: '',
              groupsPrefix: '',
              transformers: [],
              required: {},
              allowedGroups: [],
              allowedUsers: [],
            },
          },
        ],
      }),
      identity: identityHeaders({ user: 'kubeflow-userid', groups: 'kubeflow-groups', userPrefix: '' }),
      nameSessions: true,
      newId: () => `id-${++ids}`,
    }),
    trusted: trustedProxies(trusted),
    pathPrefix,
    isOwnPath: (path: string) => path.startsWith('/oauth2/'),
  }
  const options = {
    door: () => door,
    decided: (one: Decided) => void decisions.push(one),
    ready: () => [],
    probes: true,
  }
  return { http: createHttpServer(options), grpc: createGrpcServer(options) }
}

const servers = { bare: serve(''), prefixed: serve('/check'), trusting: serve('/check', ['127.0.0.0/8']) }
before(async () => {
  for (const { http, grpc } of Object.values(servers)) {
    await new Promise<void>((done) => http.server.listen(0, '127.0.0.1', done))
    await new Promise<void>((done) => grpc.server.listen(0, '127.0.0.1', done))
  }
})
after(() => {
  for (const { http, grpc } of Object.values(servers)) {
    http.end()
    http.server.close()
    grpc.end()
    grpc.server.close()
  }
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}
type Name = keyof typeof servers

function ask(
  name: Name,
  path: string,
  headers: Readonly<Record<string, string | string[]>> = {},
  method = 'GET',
): Promise<Answer> {
  const { port } = servers[name].http.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, headers: { host: 'door.test', ...headers }, method, agent: false },
      (response) => {
        let body = ''
        response.on('data', (part) => {
          body += part
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        )
      },
    )
    request.on('error', reject)
    request.end()
  })
}

const session = { cookie: 's=1' }
const json = { accept: 'application/json' }
type Row = readonly [
  what: string,
  server: Name,
  path: string,
  headers: Readonly<Record<string, string | string[]>>,
  status: number,
  reason?: string,
]
const rows: readonly Row[] = [
  ['a session', 'bare', '/pipeline/', session, 200, 'session'],
  ['a session, below the prefix', 'prefixed', '/check/pipeline/', session, 200, 'session'],
  ['two slashes after the prefix', 'prefixed', '/check//pipeline/', session, 200, 'session'],
  ['the prefix and nothing', 'prefixed', '/check', session, 400, 'bad-check'],
  ['the prefix and a query', 'prefixed', '/check?/public/x', session, 400, 'bad-check'],
  ['something else that begins like the prefix', 'prefixed', '/checks/public/x', session, 404],
  ['a path beside the prefix', 'prefixed', '/public/x', session, 404],
  ['nobody, a browser', 'bare', '/pipeline/', {}, 302, 'not-signed-in'],
  ['nobody, a program', 'bare', '/pipeline/', json, 401, 'not-signed-in'],
  ['an exempt path', 'bare', '/public/x', {}, 200, 'exempt'],
  [
    'an exempt path in a header of anybody',
    'prefixed',
    '/check/x',
    { 'x-forwarded-uri': '/public/x' },
    302,
    'not-signed-in',
  ],
  ["a probe's name", 'bare', '/x', { 'user-agent': 'kube-probe/1.33' }, 302, 'not-signed-in'],
  ['a probe', 'bare', '/ping', {}, 200],
  [
    'a probe through a gateway',
    'bare',
    '/ping',
    { 'x-envoy-expected-rq-timeout-ms': '600' },
    302,
    'not-signed-in',
  ],
  ['known and not allowed', 'bare', '/', { cookie: 's=mallory' }, 403, 'not-admitted'],
  ['a store that fails', 'bare', '/', { cookie: 's=broken' }, 503, 'failed'],
  [
    'a bad token beside a session',
    'bare',
    '/',
    { ...session, authorization: 'Bearer a.b.c' },
    200,
    'session',
  ],
  [
    'a token of nobody',
    'bare',
    '/',
    { authorization: `Bearer ${issuer.token({ iss: 'x' })}` },
    401,
    'token-not-accepted',
  ],
  ['a token', 'bare', '/', { authorization: `Bearer ${issuer.token()}` }, 200, 'token'],
  [
    'a token, the scheme in capitals',
    'bare',
    '/',
    { authorization: `BEARER ${issuer.token()}` },
    200,
    'token',
  ],
  ['a page of the sign-in', 'prefixed', '/oauth2/sign_in', {}, 200, 'sign-in'],
  ['nginx and oauth2-proxy’s endpoint', 'prefixed', '/oauth2/auth', session, 202, 'session'],
  ['nginx, nobody', 'prefixed', '/auth-request', {}, 401, 'not-signed-in'],
  ['nginx, a session', 'prefixed', '/auth-request', session, 200, 'session'],
  [
    'nginx, a path of somebody not trusted',
    'prefixed',
    '/auth-request',
    { 'x-original-uri': '/public/x' },
    401,
    'not-signed-in',
  ],
  ['nginx, an exempt path', 'trusting', '/auth-request', { 'x-original-uri': '/public/x' }, 200, 'exempt'],
  ['Traefik, an exempt path', 'trusting', '/forward-auth', { 'x-forwarded-uri': '/public/x' }, 200, 'exempt'],
  [
    'Traefik, the path twice',
    'trusting',
    '/forward-auth',
    { 'x-forwarded-uri': ['/public/x', '/y'] },
    302,
    'not-signed-in',
  ],
  ['Traefik, nobody', 'trusting', '/forward-auth', { 'x-forwarded-uri': '/x' }, 302, 'not-signed-in'],
  [
    'its endpoint where every path is a check',
    'bare',
    '/forward-auth',
    { 'x-forwarded-uri': '/public/x' },
    302,
    'not-signed-in',
  ],
]

/** What an answer says, whenever and by whichever reader it was given. */
function withoutCircumstances({ status, headers, body }: Answer): unknown {
  const { date, connection, 'keep-alive': kept, 'x-kfdoor-decision': decision, ...said } = headers
  return [status, said, body.replaceAll(String(decision), 'ID')]
}

describe('over HTTP', () => {
  for (const [what, server, path, headers, status, reason] of rows)
    it(`${what}: ${status}${reason ? ` ${reason}` : ''}`, async () => {
      const from = decisions.length
      const answer = await ask(server, path, headers)
      assert.equal(answer.status, status)
      assert.equal(decisions[from]?.verdict.reason, reason)
      // A tab in any header, and Node's parser reads the request.
      const byNode = await ask(server, path, { ...headers, 'x-unusual': 'a\tb' })
      assert.deepEqual(withoutCircumstances(byNode), withoutCircumstances(answer))
    })

  it('names every identity header, and has the rest taken out', async () => {
    const { headers } = await ask('bare', '/', {
      ...session,
      'kubeflow-userid': 'admin',
      kubeflow_userid: 'admin',
    })
    assert.equal(headers['kubeflow-userid'], 'user@example.com')
    assert.equal(headers['kubeflow-groups'], 'team-a,team-b')
    const removed = String(headers['x-envoy-auth-headers-to-remove']).split(',')
    assert.ok(removed.includes('x-forwarded-user') && removed.includes('kubeflow_userid'))
    assert.ok(!removed.includes('kubeflow-userid') && !removed.includes('x-auth-request-email'))
    const exempt = await ask('bare', '/public/x', { 'kubeflow-userid': 'admin' })
    assert.match(
      String(exempt.headers['x-envoy-auth-headers-to-remove']),
      /^kubeflow-userid,kubeflow-groups,/,
    )
    assert.equal(exempt.headers['kubeflow-userid'], undefined)
  })

  it('refuses a program with what it needs, and names the decision', async () => {
    const { headers, body } = await ask('bare', '/x?a=1', json)
    assert.equal(headers['www-authenticate'], 'Bearer realm="kfdoor"')
    assert.equal(headers['set-cookie'], undefined)
    const { code, decision, error, hint, login, message } = JSON.parse(body)
    assert.deepEqual([code, error, login], ['KFD1201', 'not_signed_in', '/oauth2/start'])
    assert.equal(decision, decisions.at(-1)?.verdict.id)
    assert.ok(hint && message)
  })

  it('says nothing of a rule or a name to whoever it refuses', async () => {
    const { body } = await ask('bare', '/', { authorization: `Bearer ${issuer.token({ aud: 'elsewhere' })}` })
    assert.doesNotMatch(body, /elsewhere|door\.test|"door"/)
    const broken = await ask('bare', '/', { cookie: 's=broken' })
    assert.doesNotMatch(broken.body, /10\.0\.0\.1/)
    const last = decisions.at(-1)?.verdict
    assert.match((last?.kind === 'deny' && last.detail) || '', /10\.0\.0\.1/)
  })

  const asked = 'GET / HTTP/1.1\r\nHost: door.test\r\nCookie: s=1\r\n'
  for (const [what, request] of [
    ['a plain request', `${asked}\r\n`],
    ['one that Node reads', `${asked}X-Unusual: a\tb\r\n\r\n`],
    ['nothing', ''],
  ] as const)
    it(`lets a client go that leaves after ${what}`, { timeout: 60_000 }, async () => {
      const { port } = servers.bare.http.server.address() as AddressInfo
      const socket = connectTo(port, '127.0.0.1')
      if (request === '') socket.once('connect', () => socket.end())
      else socket.write(request)
      // Only the server's own end closes it.
      socket.once('data', () => socket.end())
      await once(socket, 'close')
    })

  it('takes two credentials for none', async () => {
    const headers = { authorization: [`Bearer ${issuer.token()}`, 'Bearer x'] }
    assert.equal((await ask('bare', '/', headers)).status, 400)
  })
})

// --- gRPC ------------------------------------------------------------------------------------------

interface Http {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

function checkRequest({ method = 'GET', path, headers = {} }: Http): Uint8Array {
  const http = new Writer().text(2, method).text(5, 'door.test')
  if (path !== undefined) http.text(4, path)
  for (const [name, value] of Object.entries(headers))
    http.message(3, new Writer().text(1, name).text(2, value))
  return new Writer().message(1, new Writer().message(4, new Writer().message(2, http))).finish()
}

function call(message: Uint8Array | undefined, path = '/envoy.service.auth.v3.Authorization/Check') {
  const { port } = servers.bare.grpc.server.address() as AddressInfo
  return new Promise<{ status: string; message: Buffer }>((resolve, reject) => {
    const client = connect(`http://127.0.0.1:${port}`)
    client.on('error', reject)
    const stream = client.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let status = ''
    const parts: Buffer[] = []
    const note = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status'])
    }
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('error', reject)
    stream.on('close', () => {
      client.close()
      resolve({ status, message: Buffer.concat(parts).subarray(5) })
    })
    if (message === undefined) stream.end('no frame')
    else {
      const frame = Buffer.alloc(5)
      frame.writeUInt32BE(message.length, 1)
      stream.end(Buffer.concat([frame, message]))
    }
  })
}

/** A CheckResponse, read by field numbers. */
function readResponse(bytes: Uint8Array) {
  const found = {
    code: 0,
    status: 0,
    headers: [] as [string, string][],
    append: [] as string[],
    remove: [] as string[],
    body: '',
  }
  const each = (part: Uint8Array, take: (field: number, reader: Reader) => void) => {
    const reader = new Reader(part)
    for (let field = reader.field(); field !== 0; field = reader.field()) take(field, reader)
  }
  each(bytes, (field, top) => {
    if (field === 1)
      each(top.part(), (one, status) => {
        if (one === 1) found.code = status.varint()
        else status.skip()
      })
    else
      each(top.part(), (one, answer) => {
        if (field === 2 && one === 1)
          each(answer.part(), (_, status) => {
            found.status = status.varint()
          })
        else if (one === 2) {
          let name = ''
          each(answer.part(), (part, option) => {
            if (part === 1) {
              const pair: [string, string] = ['', '']
              each(option.part(), (number, header) => {
                pair[number - 1] = header.text()
              })
              found.headers.push(pair)
              name = pair[0]
            } else if (option.part().length > 0) found.append.push(name)
          })
        } else if (field === 2 && one === 3) found.body = answer.text()
        else if (field === 3 && one === 5) found.remove.push(answer.text())
        else answer.skip()
      })
  })
  return found
}

const grpcRows: readonly (readonly [
  what: string,
  http: Http,
  reason: string,
  code: number,
  status: number,
])[] = [
  ['a session', { path: '/x', headers: session }, 'session', 0, 0],
  ['nobody', { path: '/x' }, 'not-signed-in', 7, 302],
  ['nobody, a program', { path: '/x', headers: json }, 'not-signed-in', 16, 401],
  [
    'an exempt path in a copy',
    { path: '/admin', headers: { ':path': '/public/x', 'x-forwarded-uri': '/public/x' } },
    'not-signed-in',
    7,
    302,
  ],
  ['no path', { headers: session }, 'bad-check', 7, 400],
  ['a path without its slash', { path: 'public/x', headers: session }, 'bad-check', 7, 400],
  ['a store that fails', { path: '/x', headers: { cookie: 's=broken' } }, 'failed', 14, 503],
  ['a page of the sign-in', { path: '/oauth2/sign_in' }, 'sign-in', 7, 200],
]

describe('over gRPC', () => {
  for (const [what, http, reason, code, status] of grpcRows)
    it(`${what}: ${reason}`, async () => {
      const answer = await call(checkRequest(http))
      assert.equal(answer.status, '0')
      const response = readResponse(answer.message)
      assert.deepEqual([response.code, response.status], [code, status])
      assert.equal(decisions.at(-1)?.verdict.reason, reason)
    })

  it('overwrites and removes what a client made up', async () => {
    const headers = { ...session, 'kubeflow-userid': 'admin@example.com', KubeFlow_UserId: 'admin' }
    const { message } = await call(checkRequest({ path: '/x', headers }))
    const { headers: set, append, remove } = readResponse(message)
    assert.deepEqual(set[0], ['kubeflow-userid', 'user@example.com'])
    assert.deepEqual(append, [])
    assert.ok(remove.includes('kubeflow_userid') && remove.includes('x-remote-user'))
  })

  it('hands a browser both cookies', async () => {
    const { headers, append } = readResponse((await call(checkRequest({ path: '/x' }))).message)
    const cookies = headers.filter(([name]) => name === 'set-cookie')
    assert.deepEqual(
      cookies.map(([, value]) => value),
      ['a=1', 'b=2'],
    )
    // Envoy drops what a refusal wants appended.
    assert.deepEqual(append, [])
  })

  it('answers its health, and nothing it does not know', async () => {
    const health = await call(new Uint8Array(), '/grpc.health.v1.Health/Check')
    assert.deepEqual([health.status, [...health.message]], ['0', [8, 1]])
    assert.equal((await call(new Uint8Array(), '/x.Y/Z')).status, '12')
    assert.equal((await call(undefined)).status, '3')
    assert.equal((await call(Uint8Array.of(10, 255, 1))).status, '3', 'a message that is cut off')
  })

  it('takes an empty check for a refusal', async () => {
    const answer = await call(new Uint8Array())
    assert.equal(readResponse(answer.message).code, 7)
  })
})
