import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { type CurlRequest, parseCurl } from './curl.ts'

const files: Readonly<Record<string, string>> = {
  'body.json': '{"a":\n1}',
  jar: '# Netscape\n#HttpOnly_door\tFALSE\t/\tTRUE\t0\tsession\tabc\n',
}
const read = (name: string) => files[name] ?? ''
const sent = (line: CurlRequest) => ({
  ...line,
  headers: line.headers.filter(([name, value]) => name !== 'User-Agent' && value !== '*/*'),
})

type Want = Partial<Omit<CurlRequest, 'headers'>> & { headers?: readonly (readonly [string, string])[] }
const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
const rows: readonly (readonly [words: string, want: Want, why: string])[] = [
  ['curl https://h/p', { method: 'GET', url: 'https://h/p', headers: [] }, 'a plain one'],
  ['curl h/p', { url: 'http://h/p' }, 'without a scheme it is http'],
  ['curl -XPUT --url https://h/', { method: 'PUT' }, 'a letter and its value in one word'],
  ['curl -sSLkX DELETE https://h/', { method: 'DELETE' }, 'flags in one word, the last with a value'],
  ['curl -d a=b -d c=d https://h/', { method: 'POST', body: 'a=b&c=d', headers: [form] }, 'data is a POST'],
  ['curl -G -d a=b https://h/?x=y', { method: 'GET', url: 'https://h/?x=y&a=b' }, '-G makes it a query'],
  ['curl -d @body.json https://h/', { body: '{"a":1}' }, '-d joins the lines of a file'],
  ['curl --data-binary @body.json https://h/', { body: '{"a":\n1}' }, '--data-binary keeps them'],
  ['curl --data-raw @x https://h/', { body: '@x' }, '--data-raw reads no file'],
  ['curl --data-urlencode q=a&b https://h/', { body: 'q=a%26b' }, 'encoded'],
  [
    'curl --json {} https://h/',
    {
      method: 'POST',
      headers: [
        ['Accept', 'application/json'],
        ['Content-Type', 'application/json'],
      ],
    },
    '--json sets two headers',
  ],
  ['curl -H X:1 -H Y; -H Z: https://h/', { headers: [['X', '1'], ['Y', '']] }, 'set, empty, and taken away'],
  ['curl -u a:b https://h/', { headers: [['Authorization', 'Basic YTpi']] }, '-u is Basic'],
  ['curl https://a:b@h/', { url: 'https://h/', headers: [['Authorization', 'Basic YTpi']] }, 'so is user@host'],
  ['curl --oauth2-bearer t https://h/', { headers: [['Authorization', 'Bearer t']] }, 'a token'],
  ['curl -b a=b https://h/', { headers: [['Cookie', 'a=b']] }, 'a cookie'],
  ['curl -b jar https://h/', { headers: [['Cookie', 'session=abc']] }, 'a cookie jar'],
  ['curl -I https://h/', { method: 'HEAD' }, '-I'],
  ['curl -T f https://h/', { method: 'PUT' }, '-T'],
  ['curl https://h/a/../b/./c?x=../y#z', { url: 'https://h/b/c?x=../y' }, 'curl resolves dots itself'],
  ['curl --path-as-is https://h/a/../b', { url: 'https://h/a/../b' }, 'unless told not to'],
  ['curl --resolve h:443:127.0.0.1 --cacert ca.pem -o /dev/null https://h/', { method: 'GET' }, 'the connection'],
] // biome-ignore format: a table
for (const [words, want, why] of rows) {
  test(`${words}: ${why}`, () => {
    const got = sent(parseCurl(words.split(' '), read))
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(got[key as keyof CurlRequest], value, key)
    }
  })
}

const faults: readonly (readonly [words: string, says: RegExp])[] = [
  ['curl', /names no URL/],
  ['curl -X', /`--request` needs a value/],
  ['curl --bogus https://h/', /`--bogus` is not understood/],
  ['curl -Q https://h/', /`-Q` is not understood/],
  ['curl https://h/ https://i/', /two URLs/],
]
for (const [words, says] of faults) {
  test(`${words} is refused`, () => {
    assert.throws(
      () => parseCurl(words.split(' '), read),
      (error) => isFault(error) && says.test(error.message),
    )
  })
}
