import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeSpan } from './markdown.ts'

const rows: readonly (readonly [text: string, want: string, why: string])[] = [
  ['a b', '`a b`', 'words'],
  ['a|b', '`a\\|b`', 'a bar ends no cell'],
  ['a`b', '``a`b``', 'a tick inside'],
  ['`a', '`` `a ``', 'a tick at the end of the span'],
  ['a``b`c', '```a``b`c```', 'runs of ticks'],
  ['<img src=x>[a](http://b) *c* @team', '`<img src=x>[a](http://b) *c* @team`', 'markup and mentions'],
  ['a\nb\tc\u202ed', '`a b c d`', 'line ends, and what turns a line'],
  ['', '', 'nothing'],
]
for (const [text, want, why] of rows) test(`${why}: ${want}`, () => assert.equal(codeSpan(text), want))

test('a long name is cut, and no letter is halved', () => {
  assert.equal(codeSpan('😀😀😀', 2), '`😀😀`')
})
