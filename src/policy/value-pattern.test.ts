import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lowerCase, matchesValue, parseValuePattern } from './value-pattern.ts'

const rows: readonly (readonly [pattern: string, value: string, want: boolean, why: string])[] = [
  ['/dex', '/dex', true, 'exact'],
  ['/dex', '/dex/', false, 'exact leaves a longer text'],
  ['/dex/*', '/dex/auth', true, 'one star at the end is a prefix'],
  ['/dex/*', '/dex/', true, 'a prefix may be the whole'],
  ['/dex/*', '/dex', false, 'the slash belongs to the prefix'],
  ['/dex/**', '/dex/auth', false, 'the first of two stars is a literal'],
  ['/dex/**', '/dex/*x', true, 'and a path that has it is taken'],
  ['*/healthz', '/a/healthz', true, 'one star at the beginning is a suffix'],
  ['*/healthz', '/healthz', true, 'a suffix may be the whole'],
  ['*x*', 'ax*', true, 'with both ends starred the leading one counts, the other is literal'],
  ['*x*', 'axb', false, 'so this is no `contains`'],
  ['a*b', 'a*b', true, 'a star inside is a literal'],
  ['a*b', 'axb', false, 'and no wildcard'],
  ['*', 'x', true, 'a lone star takes anything'],
  ['*', '', false, 'but something has to be there'],
  ['*', 'a\nb', false, 'and be one line'],
  ['', '', true, 'the empty text is exact'],
]

for (const [pattern, value, want, why] of rows) {
  test(`${pattern} ${want ? 'takes' : 'leaves'} ${JSON.stringify(value)}: ${why}`, () => {
    assert.equal(matchesValue(parseValuePattern(pattern), value), want)
  })
}

test('lower case is that of ASCII: other letters stay', () => {
  assert.equal(lowerCase('App.Example.COM'), 'app.example.com')
  assert.equal(lowerCase('É'), 'É')
})
