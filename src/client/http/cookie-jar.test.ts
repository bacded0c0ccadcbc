/** Cookies as browsers keep them (RFC 6265): what is kept, where it goes, when it ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCookieJar, parseSetCookie } from './cookie-jar.ts'

const NOW = Date.UTC(2026, 10, 25)
const door = 'https://kubeflow.example.com/'

const sent: readonly (readonly [
  set: string,
  from: string,
  to: string,
  want: string | undefined,
  why: string,
])[] = [
  ['s=1', door, door, 's=1', 'to the host that set it'],
  ['s=1', door, 'https://evil.example.com/', undefined, 'never to a neighbour'],
  ['s=1', door, 'https://sub.kubeflow.example.com/', undefined, 'a host-only one not below it either'],
  ['s=1; Domain=example.com', door, 'https://models.example.com/', 's=1', 'to the domain it names'],
  ['s=1; Domain=evil.com', door, door, undefined, "somebody else's domain is not theirs to set"],
  ['s=1; Domain=com', door, door, undefined, 'nor a whole top level'],
  ['s=1; Path=/dex', door, `${door}pipeline`, undefined, 'not outside its path'],
  ['s=1; Path=/dex', door, `${door}dexter`, undefined, 'a path ends at a slash'],
  ['s=1; Path=/dex', door, `${door}dex/auth`, 's=1', 'inside its path'],
  [
    's=1',
    `${door}oauth2/start`,
    `${door}pipeline`,
    undefined,
    'its path is that of the page when it names none',
  ],
  ['s=1; Secure', door, door, 's=1', 'a secure one over TLS'],
  [
    's=1; Secure; Domain=kubeflow.example.com',
    door,
    'http://kubeflow.example.com/',
    undefined,
    'not in the clear',
  ],
  ['s=1; Secure', 'http://kubeflow.example.com/', door, undefined, 'a secure one cannot be set in the clear'],
  ['s=1; Secure', 'http://localhost:8080/', 'http://localhost:8080/', 's=1', 'loopback counts as safe'],
  ['s=; Max-Age=0', door, door, undefined, 'taken back'],
  ['s=1; Max-Age=-1', door, door, undefined, 'over before it began'],
  ['s=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT', door, door, undefined, 'expired long ago'],
  ['s=1; Expires=Tue, 24 Nov 2026 01:23:33 GMT', door, door, 's=1', 'given by a clock that is behind'],
  ['s=; Expires=Tue, 24 Nov 2026 01:23:33 GMT', door, door, undefined, 'taken back an hour ago'],
  ['s=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:01 GMT', door, door, 's=1', 'Max-Age wins over Expires'],
  ['s=1; Max-Age=1200000000000', door, door, 's=1', 'a life of 38 000 years, as oidc-authservice writes it'],
  ['s=a=b|c', door, door, 's=a=b|c', 'a value may have signs in it'],
  ['=x', door, door, undefined, 'no name'],
  ['s=1\r\nX-Evil: 1', door, door, undefined, 'nothing that ends a header'],
  ['__Host-s=1; Path=/', door, door, undefined, '__Host- without Secure'],
  ['__Host-s=1; Path=/; Secure', door, door, '__Host-s=1', '__Host- as it should be'],
]
for (const [set, from, to, want, why] of sent) {
  test(`${JSON.stringify(set)} from ${from} is ${want === undefined ? 'not ' : ''}sent to ${to}: ${why}`, () => {
    const jar = createCookieJar(() => NOW)
    jar.take(new URL(from), [set])
    assert.equal(jar.header(new URL(to)), want)
  })
}

test('every part of a split session is kept and sent', () => {
  const jar = createCookieJar(() => NOW)
  const parts = [0, 1, 2].map((n) => `oauth2_proxy_kubeflow_${n}=${'x'.repeat(3900)}${n}; Path=/; HttpOnly`)
  jar.take(new URL(door), parts)
  assert.equal(jar.header(new URL(door))?.split('; ').length, 3)
})

test('a cookie set again replaces the one before; one of another path stands beside it', () => {
  const jar = createCookieJar(() => NOW)
  jar.take(new URL(door), ['s=1; Path=/', 's=2; Path=/', 's=3; Path=/dex'])
  assert.equal(jar.header(new URL(`${door}dex/auth`)), 's=3; s=2')
})

test('Expires is read by the clock of the door, not by ours', () => {
  const hour = 3_600_000
  // The door is an hour ahead: what it lets live for a day lives for a day here.
  const line = `s=1; Expires=${new Date(NOW + 25 * hour).toUTCString()}`
  assert.equal(parseSetCookie(line, new URL(door), NOW, hour)?.expiresAt, NOW + 24 * hour)
})

test('a door that sets cookies without end does not fill the memory', () => {
  const jar = createCookieJar(() => NOW)
  jar.take(
    new URL(door),
    Array.from({ length: 5000 }, (_, n) => `c${n}=1`),
  )
  assert.equal(jar.all().length, 3000)
})
