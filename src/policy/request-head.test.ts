import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aDoorRequest } from './builders.test.ts'
import type { DoorRequest, HeaderList } from './decision.ts'
import { pathRules } from './path-normalization.ts'
import { type HeadRules, readHead } from './request-head.ts'

const gateway: HeadRules = {
  paths: pathRules('DEFAULT'),
  useRemoteAddress: true,
  trustedHops: 0,
  underscores: 'allow',
}

function read(request: Partial<DoorRequest>, rules: Partial<HeadRules> = {}) {
  const sent = aDoorRequest(request)
  return readHead(sent, { ...gateway, ...rules }, sent.peer)
}

function accepted(request: Partial<DoorRequest>, rules: Partial<HeadRules> = {}) {
  const head = read(request, rules)
  assert.equal(head.kind, 'request')
  if (head.kind !== 'request') throw new Error('refused')
  return head.request
}

const refused: readonly (readonly [request: Partial<DoorRequest>, body: string, why: string])[] = [
  [{ method: 'BREW' }, 'Bad Request', 'a method the codec does not know'],
  [{ path: '/a b' }, 'Bad Request', 'a blank in the target'],
  [{ path: '/\u00e9' }, 'Bad Request', 'not ASCII'],
  [{ path: 'noslash' }, 'Bad Request', 'neither path nor URL'],
  [{ path: '*' }, 'Bad Request', 'no path with another method than OPTIONS'],
  [{ path: 'ftp://app.test/' }, 'Bad Request', 'a scheme that is not the web'],
  [{ headers: [['a b', '1']] }, 'Bad Request', 'a header name with a blank'],
  [{ host: '' }, '', 'no Host'],
  [{ host: 'a b' }, '', 'a Host that is none'],
  [{ path: '/a#f' }, '', 'a fragment'],
  [{ path: '/%00' }, '', 'a NUL'],
]
for (const [request, body, why] of refused) {
  test(`400 for ${why}`, () => {
    const head = read(request)
    assert.ok(head.kind === 'reply')
    assert.deepEqual([head.status, head.body], [400, body])
  })
}

test('https over plain text is forbidden where no proxy before is believed', () => {
  const head = read({ path: 'https://app.test/' })
  assert.deepEqual(head.kind === 'reply' && [head.status, head.body, head.reason], [
    403,
    'Forbidden',
    'https-in-plaintext',
  ])
  assert.equal(read({ path: 'https://app.test/', scheme: 'https' }).kind, 'request')
  assert.equal(read({ path: 'https://app.test/' }, { trustedHops: 1 }).kind, 'request')
})

test('a gRPC call sees a 400 as a gRPC status, unless the codec refused it', () => {
  const headers: HeaderList = [['content-type', 'application/grpc']]
  const head = read({ path: '/%00', headers })
  assert.ok(head.kind === 'reply')
  assert.deepEqual(
    [head.status, head.headers],
    [
      200,
      [
        ['content-type', 'application/grpc'],
        ['grpc-status', '13'],
      ],
    ],
  )
  const codec = read({ path: 'noslash', headers })
  assert.equal(codec.kind === 'reply' && codec.status, 400)
})

test('an absolute target names host, scheme and path', () => {
  const { host, path, scheme } = accepted({ path: 'http://api.test/a?b', host: 'app.test' })
  assert.deepEqual([host, path, scheme], ['api.test', '/a?b', 'http'])
})

const kept: readonly (readonly [sent: HeaderList, name: string, want: string[], why: string])[] = [
  [[['X-A', ' v\t']], 'x-a', ['v'], 'names in lower case, values without blanks around'],
  [[['x-a', '1'], ['X-A', '2']], 'x-a', ['1', '2'], 'repeated headers stay apart'],
  [[['authorization', 'a'], ['Authorization', 'b']], 'authorization', ['a,b'], 'some are joined'],
  [[['connection', 'x-secret, close'], ['x-secret', '1']], 'x-secret', [], 'a nominated header is for this hop'],
  [[['te', 'gzip']], 'te', [], 'te goes'],
  [[['te', 'trailers']], 'te', ['trailers'], 'unless it asks for trailers'],
  [[['te', 'trailers'], ['te', 'trailers']], 'te', ['trailers'], 'once, however often it asks'],
  [[['te', 'gzip, trailers']], 'te', ['trailers'], 'and for nothing else'],
  [[['upgrade', 'websocket']], 'upgrade', [], 'an upgrade nobody asked for'],
  [[['connection', 'Upgrade'], ['upgrade', 'websocket']], 'upgrade', ['websocket'], 'an upgrade'],
  [[['x-forwarded-proto', 'https']], 'x-forwarded-proto', ['http'], 'the client is not believed'],
  [[['x-forwarded-for', '9.9.9.9']], 'x-forwarded-for', ['9.9.9.9,127.0.0.1'], 'the peer is added'],
  [[['x-envoy-original-path', '/evil']], 'x-envoy-original-path', [], 'only the proxy says that'],
  [[['x_y', '1']], 'x_y', ['1'], 'underscores are allowed'],
] // biome-ignore format: a table
for (const [sent, name, want, why] of kept) {
  test(`${name} after ${JSON.stringify(sent)}: ${why}`, () => {
    const { headers } = accepted({ headers: sent })
    assert.deepEqual(
      headers.filter((header) => header[0] === name).map((header) => header[1]),
      want,
    )
  })
}

const clients: readonly (readonly [hops: number, forwarded: string | undefined, want: string])[] = [
  [0, '1.1.1.1', '127.0.0.1'],
  [1, '1.1.1.1, 2.2.2.2', '2.2.2.2'],
  [2, '1.1.1.1, 2.2.2.2', '1.1.1.1'],
  [2, '2.2.2.2', '127.0.0.1'],
  [1, 'garbage', '127.0.0.1'],
  [1, undefined, '127.0.0.1'],
]
for (const [trustedHops, forwarded, want] of clients) {
  test(`with ${trustedHops} trusted proxies \`${forwarded}\` means ${want}`, () => {
    const headers: HeaderList = forwarded === undefined ? [] : [['x-forwarded-for', forwarded]]
    assert.equal(accepted({ headers }, { trustedHops }).remoteIp, want)
  })
}

test('a sidecar believes the last entry of X-Forwarded-For', () => {
  const headers: HeaderList = [['x-forwarded-for', '1.1.1.1, 2.2.2.2']]
  assert.equal(accepted({ headers }, { useRemoteAddress: false }).remoteIp, '2.2.2.2')
})

test('an edge profile refuses or drops names with underscores', () => {
  const headers: HeaderList = [['kubeflow_userid', 'x']]
  assert.equal(read({ headers }, { underscores: 'reject' }).kind, 'reply')
  assert.ok(!accepted({ headers }, { underscores: 'drop' }).headers.some(([name]) => name.includes('_')))
})

test('a certificate counts only when it is trusted; URI names before DNS names before the subject', () => {
  const peer = { uris: ['spiffe://a'], dnsNames: ['b'], subject: 'CN=c', trusted: true }
  assert.deepEqual(accepted({ peer }).principals, ['spiffe://a'])
  assert.deepEqual(accepted({ peer: { ...peer, uris: [] } }).principals, ['b'])
  assert.deepEqual(accepted({ peer: { ...peer, uris: [], dnsNames: [] } }).principals, ['CN=c'])
  assert.deepEqual(accepted({ peer: { ...peer, trusted: false } }).principals, [])
})
