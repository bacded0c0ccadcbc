import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalizePath, pathRules } from './path-normalization.ts'

const rows: readonly (readonly [level: string, path: string, want: string | undefined, why: string])[] = [
  ['DEFAULT', '/a/b?x=/../y', '/a/b?x=/../y', 'the query stays'],
  ['DEFAULT', '/x/../../a', '/a', 'never above the root'],
  ['DEFAULT', '/a/.', '/a/', 'a dot at the end leaves the slash'],
  ['DEFAULT', '/a/..', '/', 'as do two'],
  ['DEFAULT', '/a/%2E%2e/b', '/b', 'escaped dots are dots'],
  ['DEFAULT', '/a/.b', '/a/.b', 'a dot before a name is part of it'],
  ['DEFAULT', '/a.b/..c', '/a.b/..c', 'two dots before a name too'],
  ['DEFAULT', '/%61dmin', '/admin', 'unreserved characters are decoded'],
  ['DEFAULT', '/a%2fb%5Cc%20', '/a%2fb%5Cc%20', 'others are kept as written'],
  ['DEFAULT', '/a\\b', '/a/b', 'a backslash is a slash'],
  ['DEFAULT', '/a|b"', '/a%7Cb%22', 'what no URL may hold is escaped'],
  ['DEFAULT', '/%zz', '/%zz', 'a bad escape is kept'],
  ['DEFAULT', '/a%00', undefined, 'a NUL is refused'],
  ['DEFAULT', '//a', '//a', 'slashes are not merged'],
  ['MERGE_SLASHES', '//a///b//', '/a/b/', 'slashes are merged'],
  ['MERGE_SLASHES', '//', '//', 'of nothing but slashes two are left'],
  ['MERGE_SLASHES', '////?x', '//?x', 'however many there were'],
  ['MERGE_SLASHES', '/a%2f%2fb', '/a%2f%2fb', 'escaped ones are not'],
  ['DECODE_AND_MERGE_SLASHES', '/x%2f..%5Ca', '/a', 'decoded first, then resolved'],
  ['NONE', '/../%61//b', '/../%61//b', 'nothing'],
  ['NONE', '/%00', '/%00', 'not even refused'],
  ['DEFAULT', '*', '*', 'OPTIONS * has no path'],
]
for (const [level, path, want, why] of rows) {
  test(`${level} ${path}: ${why}`, () => {
    const outcome = normalizePath(path, pathRules(level))
    assert.deepEqual(outcome, want === undefined ? { kind: 'reject' } : { kind: 'path', path: want })
  })
}

test('an edge profile sends escaped slashes away, or refuses them', () => {
  const rules = { ...pathRules('DEFAULT'), mergeSlashes: true }
  const redirect = normalizePath('/a%2f%2Fb?q', { ...rules, escapedSlashes: 'unescape-and-redirect' })
  assert.deepEqual(redirect, { kind: 'redirect', path: '/a/b?q' })
  assert.equal(normalizePath('/a%5cb', { ...rules, escapedSlashes: 'reject' }).kind, 'reject')
})
