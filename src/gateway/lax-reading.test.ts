import assert from 'node:assert/strict'
import { test } from 'node:test'
import { laxPath, laxReading } from './lax-reading.ts'

const rows: readonly (readonly [path: string, reading: string, why: string])[] = [
  ['/a/b', '/a/b', 'nothing to read otherwise'],
  ['/a%2fb', '/a/b', 'an encoded slash is a slash'],
  ['/a/%2e%2e/b', '/b', 'encoded dots are dots'],
  ['/a/..%2fb', '/b', 'both'],
  ['/a%252fb', '/a%252fb', 'decoded once, not twice'],
  ['/a\\b', '/a/b', 'a backslash is a slash'],
  ['/a%5cb', '/a/b', 'an encoded one too'],
  ['//a///b', '/a/b', 'slashes are merged'],
  ['/a/./b/../c', '/a/c', 'dot segments are resolved'],
  ['/../../a', '/a', 'there is nothing above the root'],
  ['/a;x=y/b', '/a/b', 'parameters of a segment are dropped'],
  ['/;/a', '/a', 'a segment of nothing else'],
  ['/a%3bx/b', '/a/b', 'an encoded semicolon too'],
  ['/a%00/b', '/a/b', 'NUL is dropped'],
  ['/%c0%ae%c0%ae/a', '/a', 'overlong dots'],
  ['/a/', '/a/', 'a directory stays one'],
  ['/a/b/..', '/a/', 'so does what ends in dots'],
  ['/a#b', '/a', 'a fragment is none of the path'],
]
for (const [path, reading, why] of rows) {
  test(`${path} may be read as ${reading}: ${why}`, () => assert.equal(laxPath(path), reading))
}

const request = (path: string, host = 'door.example.com') => ({
  method: 'GET',
  scheme: 'https' as const,
  host,
  path,
  headers: [],
  port: 443,
  sourceIp: '127.0.0.1',
  destinationIp: '127.0.0.1',
})

test('an ordinary request has one reading only, and is not copied', () => {
  for (const path of ['/', '/a/b', '/a/b?c=%2f..//;', '/a.b/c-d_e~f', '/a/.b?']) {
    const other = laxReading(request(path))
    if (path === '/a/.b?') assert.equal(other?.path ?? path, path)
    else assert.equal(other, undefined, path)
  }
})

test('the query is nobody’s path', () => {
  assert.equal(laxReading(request('/a//b?c=//d'))?.path, '/a/b?c=//d')
})

const hosts: readonly (readonly [host: string, reading: string])[] = [
  ['Door.Example.COM', 'door.example.com'],
  ['door.example.com.', 'door.example.com'],
  ['door.example.com:443', 'door.example.com'],
  ['[::1]:443', '[::1]'],
]
for (const [host, reading] of hosts) {
  test(`${host} may be read as ${reading}`, () => {
    assert.equal(laxReading(request('/a', host))?.host, reading)
  })
}
