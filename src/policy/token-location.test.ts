import assert from 'node:assert/strict'
import { test } from 'node:test'
import { meshOf } from './builders.test.ts'
import { findTokens, locationsOf, withoutToken } from './token-location.ts'

function locations(written: string) {
  const mesh = meshOf(`
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec:
  jwtRules:
  - issuer: i
    ${written}
`)
  const rule = mesh.requestAuthentications[0]?.jwtRules[0]
  assert.ok(rule)
  return locationsOf(rule)
}

const usual = locations('')
const own = locations('fromHeaders: [{ name: X-Tok }, { name: X-Pre, prefix: "T " }]')
const many = locations('fromCookies: [b, a]\n    fromParams: [q]\n    fromHeaders: [{ name: x-tok }]')

type Headers = readonly (readonly [string, string])[]
const rows: readonly (readonly [typeof usual, Headers, string, readonly string[], string])[] = [
  [usual, [['authorization', 'Bearer t']], '/', ['t'], 'the usual header'],
  [usual, [['authorization', 'bearer t']], '/', [], 'the prefix keeps its case'],
  [usual, [['authorization', 'Basic x Bearer t']], '/', ['t'], 'and is found anywhere'],
  [usual, [['authorization', 'Bearer  "t"']], '/', ['t"'], 'the token begins at the first character of one'],
  [usual, [['authorization', 'Bearer ""']], '/', ['Bearer ""'], 'without any it is the whole value'],
  [usual, [['authorization', 'Bearer']], '/', [], 'the space belongs to the prefix'],
  [usual, [['authorization', 'Bearer t,Bearer u']], '/', ['t,Bearer u'], 'joined lines are one bad token'],
  [usual, [], '/?access_token=t&access_token=u', ['t'], 'the usual parameter, the first of them'],
  [usual, [], '/?access_token=', [''], 'an empty parameter is a token'],
  [usual, [['authorization', 'Bearer t']], '/?access_token=u', ['t', 'u'], 'both places count'],
  [own, [['authorization', 'Bearer t']], '/?access_token=u', [], 'named places replace the usual ones'],
  [
    own,
    [
      ['x-tok', 't'],
      ['x-tok', 'u'],
    ],
    '/',
    ['t', 'u'],
    'each line of a header is a token',
  ],
  [
    own,
    [
      ['x-tok', 't'],
      ['x-pre', 'T u'],
    ],
    '/',
    ['u', 't'],
    'headers in order of name and prefix',
  ],
  [
    many,
    [
      ['cookie', 'a=1; b="2"; a=3'],
      ['x-tok', 't'],
    ],
    '/?q=p',
    ['t', 'p', '1', '2'],
    'then parameters, then cookies',
  ],
]

for (const [places, headers, path, want, why] of rows) {
  test(why, () => {
    assert.deepEqual(
      findTokens(places, headers, path).map((token) => token.text),
      want,
    )
  })
}

test('a token is taken away with its header or parameter; a cookie stays', () => {
  const headers: Headers = [
    ['x-tok', 't'],
    ['cookie', 'a=t'],
  ]
  const from = (where: 'header' | 'param' | 'cookie', name: string) =>
    withoutToken({ text: 't', where, name }, headers, '/p?q=t&r=1')
  assert.deepEqual(from('header', 'x-tok'), { headers: [['cookie', 'a=t']], path: '/p?q=t&r=1' })
  assert.deepEqual(from('param', 'q'), { headers, path: '/p?r=1' })
  assert.deepEqual(from('cookie', 'a'), { headers, path: '/p?q=t&r=1' })
})
