/** `why --record`: what the file holds may be shown to anybody, whatever the door's answers repeated. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Observed } from '../../client/index.ts'
import { recordExchange } from './record-exchange.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-record-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const path = join(folder, 'seen.json')
const door = new URL('https://kubeflow.example.com/')
const seen = (over: Partial<Observed>): Observed => ({
  method: 'GET',
  path: '/pipeline/apis/v2beta1/runs',
  status: 403,
  headers: {},
  challenged: false,
  took: 1,
  ...over,
})
function recorded(over: Partial<Observed>): string {
  recordExchange(path, door, 1, [seen(over)])
  return readFileSync(path, 'utf8')
}

const jwt = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"sub":"me"}').toString('base64url')}.c2lnbmF0dXJlLW9mLWl0`
const opaque = 'Zm9vYmFyMTIzNDU2Nzg5MFhZWg'

const hidden: readonly (readonly [why: string, over: Partial<Observed>, secret: string])[] = [
  ['a token in the path', { path: `/callback/${jwt}/x` }, 'c2lnbmF0dXJl'],
  ['one in escapes', { path: `/callback/${jwt.replace('eyJ', '%65yJ').replaceAll('.', '%2E')}` }, 'c2lnbmF0'],
  ['one in escapes of escapes', { path: `/callback/${jwt.replaceAll('.', '%252E')}` }, 'c2lnbmF0'],
  ['a short word behind `/token/`', { path: '/reset-password/token/hunter2' }, 'hunter2'],
  ['a parameter of a segment', { path: '/x;jsessionid=AB12CD34' }, 'AB12CD34'],
  ['a redirect with a token', { headers: { location: `https://a.example/${jwt}` } }, 'c2lnbmF0dXJl'],
  ['a redirect with a password', { headers: { location: 'https://me:hunter2@a.example/' } }, 'hunter2'],
  ['a header', { headers: { 'www-authenticate': `Bearer error_description="${jwt}"` } }, 'c2lnbmF0dXJl'],
  ['JSON', { body: '{"error":"no","access_token":"hunter2"}' }, 'hunter2'],
  ['JSON inside', { body: '{"a":[{"password":"hunter2"}]}' }, 'hunter2'],
  ['a number', { body: '{"pin": 1, "client_secret": 48151623}' }, '48151623'],
  ['JSON in a text of JSON', { body: '{"message":"{\\"token\\":\\"hunter2\\"}"}' }, 'hunter2'],
  ['JSON that was cut off', { body: '{"x":[1,2],"refresh_token":"hunter2","y":"' }, 'hunter2'],
  ['a form', { body: 'login=me&password=hunter2&x=1' }, 'hunter2'],
  ['a field of a page', { body: '<input type=hidden name=state value="hunter2">' }, 'hunter2'],
  ['what a header was', { body: 'you sent Authorization: Basic dXNlcjpodW50ZXIy' }, 'dXNlcjpodW50ZXIy'],
  ['a cookie', { body: 'Cookie: authservice_session=hunter2hunter2' }, 'hunter2hunter2'],
  ['Base64 of a token', { body: `got ${Buffer.from(jwt).toString('base64')}` }, 'ZXlKaGJHY2lP'],
  ['what looks like no word', { body: `session ${opaque} is over` }, opaque],
  ['a digest', { body: 'key 5f4dcc3b5aa765d61d8327deb882cf99 is unknown' }, '5f4dcc3b5aa765d6'],
  ['a query in a text', { body: 'see https://a.example/x?code=hunter2&state=1' }, 'hunter2'],
]
for (const [why, over, secret] of hidden) {
  test(`${why} is not in the file`, () => {
    const text = recorded(over)
    assert.ok(JSON.stringify(over).includes(secret.slice(0, 7)), 'the row holds what it hides')
    assert.ok(!text.includes(secret), text)
  })
}

test('what helps is in it: words, names and ids', () => {
  const body =
    '{"error":"RBAC: access denied","run":"9f3c2b1a-1111-2222-3333-444455556666","model":"sklearn-iris-predictor-00001-deployment-5f6d8","ns":"kubeflow-user-example-com"}'
  const text = recorded({
    path: '/serving/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict',
    headers: { server: 'istio-envoy', location: 'https://kubeflow.example.com/dex/auth/local/login?…' },
    body,
  })
  const [request] = (JSON.parse(text) as { requests: Observed[] }).requests
  assert.equal(request?.body, body)
  assert.equal(
    request?.path,
    '/serving/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict',
  )
  assert.equal(request?.headers.location, 'https://kubeflow.example.com/dex/auth/local/login?…')
})

test('a file that was there is replaced by one of 0600, and a link is not followed', () => {
  const [open, target, link] = ['open', 'target', 'link'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(open, 'before')
  chmodSync(open, 0o644)
  recordExchange(open, door, 0, [])
  assert.equal(statSync(open).mode & 0o777, 0o600)
  writeFileSync(target, 'before')
  symlinkSync(target, link)
  recordExchange(link, door, 0, [])
  assert.equal(readFileSync(target, 'utf8'), 'before')
})
