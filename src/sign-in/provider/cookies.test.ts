import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HeaderList } from '../../policy/index.ts'
import { setCookie, soleCookie } from './cookies.ts'

const rows: readonly (readonly [headers: HeaderList, want: string | undefined, why: string])[] = [
  [[['cookie', 's=1']], '1', 'alone'],
  [[['Cookie', 'a=0; s=1; b=2']], '1', 'between others, any case of the header'],
  [[['cookie', 'a=0;s=1']], '1', 'without a space'],
  [[['cookie', 'a=0;  s=1 ']], '1', 'with more of them'],
  [[['cookie', 's=a=b==']], 'a=b==', 'the value may hold ='],
  [[['cookie', 's=']], '', 'empty'],
  [[['cookie', 's=1; s=2']], undefined, 'twice'],
  [[['cookie', 's=1; s=1']], undefined, 'twice the same'],
  [
    [
      ['cookie', 's=1'],
      ['cookie', 's=2'],
    ],
    undefined,
    'twice, in two headers',
  ],
  [
    [
      ['cookie', 'a=0'],
      ['cookie', 's=1'],
    ],
    '1',
    'in the second header',
  ],
  [[['cookie', 'xs=1']], undefined, 'a longer name that ends so'],
  [[['cookie', 's1=1; sx=2']], undefined, 'a longer name that begins so'],
  [[['cookie', 'a=s=1']], undefined, 'inside another value'],
  [[['cookie', 'S=1']], undefined, 'names have a case'],
  [[['x-cookie', 's=1']], undefined, 'another header'],
  [[['cookie', `${'a'.repeat(70_000)}=0; s=1`]], undefined, 'beyond the budget'],
]
for (const [headers, want, why] of rows)
  test(`the cookie is ${want === undefined ? 'none' : `"${want}"`}: ${why}`, () =>
    assert.equal(soleCookie(headers, 's'), want))

test('a cookie is HttpOnly always, Secure where asked, None only with Secure', () => {
  const attributes = { path: '/', secure: false, sameSite: 'None' } as const
  assert.equal(
    setCookie('s', 'v', attributes, 0, 60_000),
    's=v; Path=/; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; HttpOnly; SameSite=Lax',
  )
  assert.match(
    setCookie('s', 'v', { ...attributes, secure: true }, 0, 1000),
    /; HttpOnly; Secure; SameSite=None$/,
  )
})
