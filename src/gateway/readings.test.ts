import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision, DoorRequest } from '../policy/index.ts'
import { cookieFor } from './answer.ts'
import { clientHeaderFilter } from './client-headers.ts'
import { readClientHello } from './client-hello.ts'
import { deliberate } from './deliberate.ts'
import { forwardOf, plain, replyOf } from './gateway.fixture.ts'
import { isSoundHeaderBlock } from './header-block.ts'
import { laxPath, laxReading } from './lax-reading.ts'
import type { DoorPort } from './options.ts'
import { ServerNames } from './server-names.ts'
import { originForm } from './strict.ts'

const aRequest = (changes: Partial<DoorRequest> = {}): DoorRequest => ({
  method: 'GET',
  scheme: 'https',
  host: 'door.test',
  path: '/public/x',
  headers: [],
  port: 8443,
  sourceIp: '127.0.0.1',
  ...changes,
})

const lax: readonly (readonly [path: string, want: string, why: string])[] = [
  ['/public/../admin/secret', '/admin/secret', 'dot segments'],
  ['/public/..%2fadmin', '/admin', 'an encoded slash'],
  ['/public/..%5cadmin', '/admin', 'an encoded backslash'],
  ['/public\\..\\admin', '/admin', 'backslashes'],
  ['/public/..;/admin', '/admin', 'a parameter behind dots'],
  ['/admin;x=y/secret', '/admin/secret', 'a parameter'],
  ['/;/admin/secret', '/admin/secret', 'a segment that is all parameter'],
  ['//admin//secret', '/admin/secret', 'slashes merge'],
  ['/public/%c0%ae%c0%ae/admin', '/admin', 'overlong dots'],
  ['/public/%e0%80%ae%e0%80%ae%c0%afadmin', '/admin', 'overlong in three bytes'],
  ['/adm%00in', '/admin', 'a NUL vanishes'],
  ['/a%3Bb/c', '/a/c', 'an encoded semicolon'],
  ['/%61dmin', '/admin', 'letters'],
  ['/../..', '/', 'never above the root'],
  ['/admin/', '/admin/', 'a directory stays one'],
  ['/a%252Fb', '/a%252Fb', 'decoded once, not twice'],
  ['/public/%ED%95%9C%EA%B8%80', '/public/%ED%95%9C%EA%B8%80', 'UTF-8 stays as it was written'],
]
for (const [path, want, why] of lax) {
  test(`the laxest reading of ${path} is ${want}: ${why}`, () => assert.equal(laxPath(path), want))
}

test('an ordinary request has one reading only', () => {
  for (const path of [
    '/',
    '/pipeline/apis/v2beta1/runs?filter=%7B%7D&x=../..',
    '/a.b/c-d_e~f',
    '/v1/models/x:predict',
  ]) {
    assert.equal(laxReading(aRequest({ path })), undefined, path)
  }
  assert.equal(laxReading(aRequest({ host: 'Door.Test.:8443' }))?.host, 'door.test')
})

const options = {
  listener: plain,
  invariant: true,
  identity: new Set(['kubeflow-userid']),
  now: () => 0,
  caller: { wait: () => {}, proceed: () => {} },
}
const aDoor = (decide: (request: DoorRequest) => Decision, more: Partial<DoorPort> = {}): DoorPort => ({
  decide,
  verify: () => () => false,
  ask: async () => ({ status: 200, headers: [] }),
  upstream: () => undefined,
  identityHeaders: ['kubeflow-userid'],
  ...more,
})

test('two readings with two verdicts are refused; with istio-parity they are not compared', async () => {
  const door = aDoor((request) => (request.path.startsWith('/public/') ? forwardOf(request) : replyOf(403)))
  const request = aRequest({ path: '/public/..%2fadmin' })
  const refused = await deliberate(door, request, options)
  assert.deepEqual('refusal' in refused && [refused.refusal.status, refused.refusal.reason], [
    400,
    'ambiguous-request',
  ])
  const parity = await deliberate(door, request, { ...options, invariant: false })
  assert.equal('decision' in parity && parity.decision.kind, 'forward')
})

test('two readings that come to the same pass as they were sent', async () => {
  const outcome = await deliberate(
    aDoor((request) => forwardOf(request)),
    aRequest({ path: '/a%2Fb' }),
    options,
  )
  assert.equal(
    'decision' in outcome && outcome.decision.kind === 'forward' && outcome.decision.path,
    '/a%2Fb',
  )
})

test('two readings with another workload, or another identity, are refused', async () => {
  const another = aDoor((request) =>
    forwardOf(request, { upstream: request.path === '/a%2Fb' ? 'one' : 'other' }),
  )
  assert.ok('refusal' in (await deliberate(another, aRequest({ path: '/a%2Fb' }), options)))
  const somebody = aDoor((request) =>
    forwardOf(request, { headers: [['Kubeflow_UserID', request.path === '/a%2Fb' ? 'one' : 'other']] }),
  )
  assert.ok('refusal' in (await deliberate(somebody, aRequest({ path: '/a%2Fb' }), options)))
})

test('a provider that throws has not answered, and one that is asked for ever is given up', async () => {
  const asks: Decision = {
    kind: 'ask',
    verdict: 'challenge',
    reason: 'ask',
    steps: [],
    checks: [],
    check: {
      provider: 'p', service: 's', method: 'GET', path: '/', host: 'h', headers: [], protocol: 'http', timeoutMs: 20,
    }, // biome-ignore format: a row
  }
  let failure: unknown
  const throwing = aDoor(() => asks, { ask: () => Promise.reject(new Error('down')) })
  const once: DoorPort = {
    ...throwing,
    decide: (_request, { answers }) => {
      failure = answers[0]?.failure
      return answers.length > 0 ? replyOf(403) : asks
    },
  }
  await deliberate(once, aRequest(), options)
  assert.equal(failure, 'reset')
  const late: DoorPort = {
    ...once,
    ask: (_check, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  }
  await deliberate(late, aRequest(), options)
  assert.equal(failure, 'timeout')
  const outcome = await deliberate(
    aDoor(() => asks),
    aRequest(),
    options,
  )
  assert.equal('refusal' in outcome && outcome.refusal.reason, 'too-many-checks')
})

const dropped: readonly (readonly [name: string, dropped: boolean])[] = [
  ['kubeflow-userid', true],
  ['Kubeflow-UserID', true],
  ['kubeflow_userid', true],
  ['kubeflow.userid', true],
  ['X-Forwarded-User', true],
  ['x_forwarded_for', true],
  ['X-Auth-Request-Email', true],
  ['x-remote-group', true],
  ['Impersonate-User', true],
  ['x-envoy-original-path', true],
  ['X-HTTP-Method-Override', true],
  ['authorization', false],
  ['Authori_zation', false],
  ['cookie', false],
  ['x-user-note', false],
]
for (const [name, want] of dropped) {
  test(`a client's ${name} is ${want ? 'dropped' : 'kept'}`, () => {
    const filter = clientHeaderFilter(['kubeflow-userid', 'authorization'], 0)
    assert.equal(filter([[name, 'x']]).length, want ? 0 : 1)
  })
}
test('with a trusted proxy in front its X-Forwarded-For is kept', () => {
  const filter = clientHeaderFilter([], 1)
  assert.deepEqual(
    filter([
      ['x-forwarded-for', '1.2.3.4'],
      ['x-forwarded-user', 'x'],
    ]),
    [['x-forwarded-for', '1.2.3.4']],
  )
})

test('server names: exact, longest wildcard, any', () => {
  const names = new ServerNames([
    { hosts: ['*'], value: 'any' },
    { hosts: ['*.example.com', 'Door.Test'], value: 'first' },
    { hosts: ['*.a.example.com'], value: 'second' },
  ])
  const rows = [
    ['x.example.com', 'first'],
    ['x.a.example.com', 'second'],
    ['a.example.com', 'first'],
    ['example.com', 'any'],
    ['DOOR.test', 'first'],
    [undefined, 'any'],
  ] as const
  for (const [name, want] of rows) assert.equal(names.find(name), want, String(name))
  assert.equal(new ServerNames([{ hosts: ['a.test'], value: 1 }]).find('b.test'), undefined)
})

test('bytes that are no ClientHello are told apart from a beginning of one', () => {
  assert.equal(readClientHello(Buffer.from('GET / HTTP/1.1')).kind, 'malformed')
  assert.equal(readClientHello(Buffer.from([22, 3, 1])).kind, 'more')
  assert.equal(readClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])).kind, 'malformed', 'not a hello')
  assert.equal(
    readClientHello(Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255])).kind,
    'malformed',
    'far too long',
  )
  assert.equal(
    readClientHello(Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 1, 3])).kind,
    'malformed',
    'a length outside',
  )
})

const literal = (name: string, value: string) =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value, 'latin1'),
  ])
const blocks: readonly (readonly [about: string, block: Buffer, want: boolean])[] = [
  ['an ordinary field', literal('x', 'y z'), true],
  ['obs-text', literal('x', 'caf\xe9'), true],
  ['CR and LF in a value', literal('x', 'y\r\nz: 1'), false],
  ['NUL in a value', literal('x', 'y\0'), false],
  ['an upper-case name', literal('X', 'y'), false],
  ['a space in a name', literal('x y', 'z'), false],
  ['an index only', Buffer.from([0x82]), true],
  ['a table size', Buffer.from([0x3f, 0xe1, 0x1f]), true],
  // RFC 7541 C.4.1: www.example.com
  ['a Huffman value', Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff', 'hex'), true],
  ['a value cut short', Buffer.from([0, 1, 0x78, 5, 0x79]), false],
  // LF is thirty bits, 0x3ffffffc, then padding.
  ['LF behind Huffman', Buffer.from([0, 1, 0x78, 0x84, 0xff, 0xff, 0xff, 0xf3]), false],
]
for (const [about, block, want] of blocks) {
  test(`a header block with ${about} is ${want ? 'sound' : 'refused'}`, () =>
    assert.equal(isSoundHeaderBlock(block), want))
}

test('an absolute target has to name the Host', () => {
  assert.equal(originForm('http://door.test/x?y', 'Door.test'), '/x?y')
  assert.equal(originForm('http://door.test?y', 'door.test'), '/?y')
  assert.equal(originForm('http://other.test/x', 'door.test'), undefined)
  assert.equal(originForm('admin/secret', 'door.test'), undefined)
})

test('Secure stands on cookies of HTTPS answers, once', () => {
  assert.equal(cookieFor('https', 'a=1; Path=/; secure; HttpOnly'), 'a=1; Path=/; secure; HttpOnly')
  assert.equal(cookieFor('https', 'a=Secure'), 'a=Secure; Secure')
  assert.equal(cookieFor('http', 'a=1; Secure; HttpOnly'), 'a=1; HttpOnly')
})
