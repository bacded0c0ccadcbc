import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outward } from './answer.ts'
import type { Exchange } from './exchange.ts'

const outside = { ports: { 443: 8443, 80: 8080 }, cookies: true }
const at = (host: string) => ({ host }) as Exchange

const locations: readonly (readonly [location: string, host: string, want: string, why: string])[] = [
  ['/dex/auth', 'door.test', '/dex/auth', 'a path stays where it is'],
  ['https://door.test/a?b', 'door.test', 'https://door.test:8443/a?b', 'the mesh says 443, people say 8443'],
  ['http://door.test/', 'door.test', 'http://door.test:8080/', 'plain HTTP too'],
  ['https://door.test:443/', 'door.test', 'https://door.test:8443/', 'a port that is written out'],
  ['https://DOOR.test/', 'door.test:8443', 'https://DOOR.test:8443/', 'names have no case'],
  ['https://door.test:9000/', 'door.test', 'https://door.test:9000/', 'a port that is not the door’s'],
  ['https://elsewhere.test/', 'door.test', 'https://elsewhere.test/', 'somebody else'],
  ['https://door.test.evil.test/', 'door.test', 'https://door.test.evil.test/', 'a name that begins alike'],
  ['ftp://door.test/', 'door.test', 'ftp://door.test/', 'another scheme'],
  ['//door.test/', 'door.test', '//door.test/', 'no scheme'],
]
for (const [location, host, want, why] of locations) {
  test(`Location ${location} leaves as ${want}: ${why}`, () => {
    assert.equal(outward(location, at(host), outside), want)
  })
}

test('a usual port is not written', () => {
  const usual = { ports: { 443: 443, 80: 80 }, cookies: true }
  assert.equal(outward('https://door.test:443/', at('door.test'), usual), 'https://door.test/')
})
