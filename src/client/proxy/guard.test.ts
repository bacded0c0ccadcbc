/** Whom the local proxy answers, by every spelling a stranger may try. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guard, SECRET_HEADER } from './guard.ts'

const secret = 'S3cr3tS3cr3tS3cr3tS3cr3tS3cr3tS3'
const hosts = new Set(['127.0.0.1:4180', 'localhost:4180', '[::1]:4180'])

interface Row {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly secret?: string
}
const ask = ({ method = 'GET', url = `/${secret}/x?y`, headers = {}, ...options }: Row) => {
  const all = { host: '127.0.0.1:4180', ...headers }
  const rawHeaders = Object.entries(all).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [name, one]),
  )
  const seen = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, [value].flat().join(', ')]),
  )
  return guard({ method, url, headers: seen, rawHeaders }, { hosts, secret, ...options })
}

test('its owner gets through, by each of its names, in any case', () => {
  for (const host of [...hosts, 'LocalHost:4180']) {
    assert.deepEqual(ask({ headers: { host } }), { kind: 'pass', path: '/x?y' })
  }
  const absolute = { url: `http://LOCALHOST:4180/${secret}/x?y`, headers: { host: 'localhost:4180' } }
  assert.deepEqual(ask(absolute), { kind: 'pass', path: '/x?y' })
  assert.deepEqual(ask({ url: '/x', headers: { [SECRET_HEADER]: secret } }), { kind: 'pass', path: '/x' })
  assert.deepEqual(ask({ url: `/${secret}` }), { kind: 'pass', path: '/' })
  assert.deepEqual(ask({ url: `/${secret}?a` }), { kind: 'pass', path: '/?a' })
})

const hostsOfStrangers = [
  ...['evil.test', 'evil.test:4180', 'localhost.evil.test:4180', 'evil.test#localhost:4180', ''],
  ...['localhost', '127.0.0.1', '[::1]', 'localhost:80', 'localhost:04180', 'localhost:4180:4180'],
  ...['localhost.:4180', '127.0.0.1.:4180', '127.1:4180', '127.0.1:4180', '2130706433:4180', '0x7f.1:4180'],
  ...['0x7f000001:4180', '0177.0.0.1:4180', '127.0.0.2:4180', '0.0.0.0:4180', '[::]:4180', '::1:4180'],
  ...['[::ffff:127.0.0.1]:4180', '[::ffff:7f00:1]:4180', '[0:0:0:0:0:0:0:1]:4180', '[::1%lo]:4180'],
  ...['127.0.0.1.nip.io:4180', 'localtest.me:4180', 'ip6-localhost:4180', 'user@localhost:4180'],
  ...[
    'localhost:4180, evil.test',
    ' localhost:4180x',
    'localhost%3a4180',
    'ⓛocalhost:4180',
    'loc\u0000alhost:4180',
  ],
]
for (const host of hostsOfStrangers) {
  test(`Host \`${host}\` is not this proxy`, () => {
    const found = ask({ headers: { host } })
    assert.equal(found.kind === 'refuse' && found.status, 421)
  })
}

test('a Host that is there twice, or not at all, is nobody’s', () => {
  for (const host of [['127.0.0.1:4180', '127.0.0.1:4180'], ['127.0.0.1:4180', 'evil.test'], []]) {
    assert.equal(ask({ headers: { host } }).kind, 'refuse')
  }
  const both = ['host', '127.0.0.1:4180', ':authority', 'evil.test']
  const found = guard({ method: 'GET', url: `/${secret}/`, headers: {}, rawHeaders: both }, { hosts, secret })
  assert.equal(found.kind, 'refuse')
})

const targets: readonly (readonly [url: string, status: number])[] = [
  ['http://evil.test/', 421],
  [`http://evil.test/${secret}/x`, 421],
  ['http://127.0.0.1:4180@evil.test/', 421],
  [`http://127.0.0.1:4180.evil.test/${secret}/`, 421],
  ['https://127.0.0.1:4181/', 421],
  ['http:///x', 421],
  ['ftp://127.0.0.1:4180/', 400],
  ['javascript:alert(1)', 400],
  ['evil.test:443', 400],
  ['x', 400],
]
for (const [url, status] of targets) {
  test(`the target ${url} is ${status}`, () => {
    const found = ask({ url })
    assert.equal(found.kind === 'refuse' && found.status, status)
  })
}

const origins = [
  ...['http://evil.test', 'null', '', 'http://localhost:4180.evil.test', 'http://localhost', 'file://'],
  ...['http://localhost:4181', 'chrome-extension://abc', 'http://evil.test:4180', 'http://127.0.0.1:4180/'],
  ...['http://127.0.0.1:4180 http://evil.test', 'http://user@127.0.0.1:4180', 'ws://127.0.0.1:4180'],
]
for (const origin of origins) {
  test(`Origin \`${origin}\` is another site`, () => {
    const found = ask({ headers: { origin } })
    assert.equal(found.kind === 'refuse' && found.status, 403)
  })
}
test('an Origin or a site that is told twice is nobody’s', () => {
  const own = 'http://127.0.0.1:4180'
  const head = { method: 'GET', url: `/${secret}/`, rawHeaders: ['host', '127.0.0.1:4180'] }
  for (const headers of [{ origin: [own, own] }, { 'sec-fetch-site': ['none', 'none'] }]) {
    const told = headers as unknown as Parameters<typeof guard>[0]['headers']
    assert.equal(guard({ ...head, headers: told }, { hosts, secret }).kind, 'refuse')
  }
})

for (const site of ['cross-site', 'same-site', 'Same-Origin', '', 'none, cross-site']) {
  test(`Sec-Fetch-Site \`${site}\` is another site`, () => {
    const found = ask({ headers: { 'sec-fetch-site': site } })
    assert.equal(found.kind === 'refuse' && found.status, 403)
  })
}
for (const referer of [
  'http://evil.test/127.0.0.1:4180',
  'about:blank',
  'http://127.0.0.1:4180.evil.test/x',
  'x',
]) {
  test(`Referer \`${referer}\` is another site’s`, () => {
    const found = ask({ headers: { referer } })
    assert.equal(found.kind === 'refuse' && found.status, 403)
  })
}

const guesses = [
  ...['/', '//', `/${secret.slice(0, -1)}/x`, `/${secret}x/x`, `/${secret.toLowerCase()}/x`, `//${secret}/x`],
  ...[`/./${secret}/x`, `/x/../${secret}/x`, `/x?/${secret}/`, `/%53${secret.slice(1)}/x`, `/${secret}%2Fx`],
  ...[`/;${secret}/x`, `/${secret};/x`, `/${secret}#/x`, `/${secret}\\x`, `/ ${secret}/x`],
]
for (const url of guesses) {
  test(`the path ${url.replaceAll(secret, 'SECRET')} holds no secret`, () => {
    const found = ask({ url })
    assert.equal(found.kind === 'refuse' && found.status, 401)
    assert.ok(!JSON.stringify(found).includes(secret), 'and is not told it')
  })
}

for (const method of ['TRACE', 'TRACK']) {
  test(`${method} would send the credential back`, () => {
    const found = ask({ method })
    assert.equal(found.kind === 'refuse' && found.status, 405)
  })
}
