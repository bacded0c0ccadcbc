import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPathTemplate, literalPrefix, matchesPathTemplate, parsePathTemplate } from './path-template.ts'

const rows: readonly (readonly [template: string, path: string, want: boolean, why: string])[] = [
  ['/a/{*}/c', '/a/b/c', true, 'one segment'],
  ['/a/{*}/c', '/a//c', false, 'a segment is not empty'],
  ['/a/{*}/c', '/a/b/b/c', false, 'and has no slash'],
  ['/a/{*}', '/a/%2fx:@', true, 'escapes and signs are part of it'],
  ['/a/{*}', '/a/b/', false, 'a trailing slash is significant'],
  ['/p/{**}', '/p/', true, 'any text may be none'],
  ['/p/{**}', '/p', false, 'the slash before it is literal'],
  ['/p/{**}', '/p/a/b', true, 'and may hold slashes'],
  ['/{**}/end', '/a/b/end', true, 'a literal may follow'],
  ['/{**}/end', '//end', true, 'around no text at all'],
  ['/{**}/end', '/end', false, 'both slashes have to be there'],
  ['/{*}/x/{**}', '/a/x/', true, 'both operators'],
  ['/m/{*}', '/m/a=b;c:d@e', true, 'what a template may write itself'],
  ['/m/{*}', '/m/a*b', true, 'a star too: Envoy 1.40, CVE-2025-46821'],
  ['/m/{*}/x', '/m/a[0]/x', false, 'no brackets'],
  ['/m/{**}', '/m/a/b[0]', false, 'not even where anything goes'],
  ['/m/{**}', '/m/a%5B0%5D', true, 'unless they are escaped'],
  ['/{*}/x/{**}', '/a/y/x/', false, 'one segment is one'],
]

for (const [template, path, want, why] of rows) {
  test(`${template} ${want ? 'takes' : 'leaves'} ${path}: ${why}`, () => {
    assert.equal(matchesPathTemplate(parsePathTemplate(template), path), want)
  })
}

test('an odd template does not multiply its readings', () => {
  const template = parsePathTemplate(`/${'{*}'.repeat(12)}{**}${'{*}'.repeat(12)}!`)
  const path = `/${'a'.repeat(300)}`
  const before = performance.now()
  assert.equal(matchesPathTemplate(template, path), false)
  assert.ok(performance.now() - before < 5000)
  assert.equal(matchesPathTemplate(parsePathTemplate('/{*}-{*}.json'), '/a-b-c.json'), true)
})

test('only braces make a template, and what stands before them is its prefix', () => {
  assert.equal(isPathTemplate('/a/*'), false)
  assert.equal(isPathTemplate('/a/{**}'), true)
  assert.equal(literalPrefix(parsePathTemplate('/a/{*}/b')), '/a/')
  assert.equal(literalPrefix(parsePathTemplate('{**}/b')), '')
})
