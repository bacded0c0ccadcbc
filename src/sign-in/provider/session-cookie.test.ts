import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieHeader, sessionCookie } from './session-cookie.ts'

const carrier = sessionCookie('s')
const attributes = { path: '/', secure: true, sameSite: 'Lax' } as const
const long = Array.from({ length: 9000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
const written = (value: string, headers: readonly (readonly [string, string])[] = []) =>
  carrier.write(headers, value, attributes, 0, 1000).map(([, one]) => one)

test('a long value travels in parts, each small enough for a browser', () => {
  const set = written(long)
  assert.deepEqual(
    set.map((one) => one.split('=', 1)[0]),
    ['s_0', 's_1', 's_2'],
  )
  for (const one of set) assert.ok(Buffer.byteLength(one) < 4096)
  assert.equal(carrier.read([['cookie', cookieHeader(set)]]), long)
  // A proxy may send them in any order and in several headers.
  const [a = '', b = '', c = ''] = cookieHeader(set).split('; ')
  assert.equal(
    carrier.read([
      ['cookie', `${c}; x=1; ${a}`],
      ['cookie', b],
    ]),
    long,
  )
})

test('what the browser has of another value is cleared, and only that', () => {
  assert.deepEqual(written('short'), written('short', [['cookie', 'other=1']]))
  const names = (set: readonly string[]) => set.map((one) => [one.split('=', 1)[0], /Max-Age=0/.test(one)])
  assert.deepEqual(names(written('short', [['cookie', 's_0=a; s_1=b']])), [
    ['s_0', true],
    ['s_1', true],
    ['s', false],
  ])
  assert.deepEqual(names(written(long, [['cookie', 's=a; s_3=b']])), [
    ['s', true],
    ['s_3', true],
    ['s_0', false],
    ['s_1', false],
    ['s_2', false],
  ])
  assert.deepEqual(
    carrier.clear([['cookie', 's=a; s_1=b; t=c']], attributes).map(([, one]) => one.split('=', 1)[0]),
    ['s', 's_1'],
  )
})

const readings: readonly (readonly [cookie: string, want: string | undefined, why: string])[] = [
  ['s=a', 'a', 'one cookie'],
  ['s=a; s_0=b', 'a', 'the whole one counts'],
  ['s=a; s=b', undefined, 'two of one name are nobody'],
  ['s=a; s=b; s_0=c', undefined, 'parts do not heal two of one name'],
  ['s_0=a; s_1=b', 'ab', 'parts'],
  ['s_0=a; s_2=c', 'a', 'what lies after a gap does not belong'],
  ['s_1=b', undefined, 'the first part is missing'],
  ['s_0=a; s_0=b', undefined, 'a part that comes twice'],
  ['s_0=a; s_1=b; s_1=c', undefined, 'a later part that comes twice'],
  ['', undefined, 'none'],
]
for (const [cookie, want, why] of readings)
  test(`\`${cookie}\` is ${want ?? 'nobody'}: ${why}`, () => {
    assert.equal(carrier.read([['cookie', cookie]]), want)
  })
