import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isListedUrl, isOwnPath, returnTarget } from './return-target.ts'

const refused: readonly string[] = [
  'https://evil.test/',
  'http://evil.test/',
  'HTTPS://evil.test/',
  '//evil.test/',
  '///evil.test/',
  '////evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  '\\/evil.test',
  '/\\/evil.test',
  '/\t/evil.test',
  '/\n/evil.test',
  '/\r/evil.test',
  '/\r\n/evil.test',
  '\t//evil.test',
  ' //evil.test',
  '\u00a0//evil.test',
  '\u2028//evil.test',
  '\ufeff//evil.test',
  '\u0000//evil.test',
  '/\u0000/evil.test',
  'https:evil.test',
  'https:/evil.test',
  'https:///evil.test',
  'https:\\\\evil.test',
  'https://door.test@evil.test/',
  'https://door.test:443@evil.test/',
  'https://door.test.evil.test/',
  'https://evil.test#.door.test/',
  'https://evil.test?.door.test/',
  'https://door.test\u0000.evil.test/',
  'https://door.test%00.evil.test/',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'blob:https://evil.test/x',
  '/%2f%2fevil.test',
  '/%5cevil.test',
  '/%09/evil.test',
  '/.//evil.test',
  '/..//evil.test',
  '/a/..//evil.test',
  '/./\\evil.test',
  '/a/%2e%2e//evil.test',
  'evil.test',
  '@evil.test',
  '.evil.test',
  '?x',
  '/a b',
  '/a\\b',
  `/${'a'.repeat(5000)}`,
]
for (const text of refused)
  test(`${JSON.stringify(text.slice(0, 40))} leads to /`, () => assert.equal(returnTarget(text), '/'))

const taken: readonly string[] = [
  '/',
  '/pipeline/?a=b&c',
  '/_/pipeline/#/runs',
  '/?ns=kubeflow-user-example-com',
  '/#/home',
  '/v1/models/sklearn-iris:predict',
  '/a//b',
  '/%ED%95%9C%EA%B8%80',
  '/a/%2e%2e/b',
  '/jupyter/?next=https://evil.test/',
]
for (const text of taken) test(`${text} is kept as written`, () => assert.equal(returnTarget(text), text))

const listed: readonly (readonly [url: string, domains: readonly string[], want: boolean])[] = [
  ['https://a.apps.test/x', ['.apps.test'], true],
  ['https://apps.test/', ['.apps.test'], true],
  ['https://apps.test/', ['*.apps.test'], false],
  ['https://b.apps.test/', ['*.apps.test'], true],
  ['https://badapps.test/', ['.apps.test'], false],
  ['https://a.apps.test.evil.test/', ['.apps.test'], false],
  ['https://tools.test:8443/', ['tools.test:8443'], true],
  ['https://tools.test/', ['tools.test:8443'], false],
  ['https://tools.test:9/', ['tools.test'], false],
  ['https://tools.test:443/', ['tools.test'], true],
  ['https://tools.test:9/', ['tools.test:*'], true],
  ['https://tools.test:8443@evil.test/', ['tools.test:8443'], false],
  ['https://evil.test\\.apps.test/', ['.apps.test'], false],
  ['https://evil.test%2f.apps.test/', ['.apps.test'], false],
  ['ftp://a.apps.test/', ['.apps.test'], false],
  ['//a.apps.test/', ['.apps.test'], false],
  ['https:a.apps.test/', ['.apps.test'], false],
]
for (const [url, domains, want] of listed)
  test(`${url} ${want ? 'is' : 'is not'} of ${domains}`, () => assert.equal(isListedUrl(url, domains), want))

test('whatever is taken stays on the origin it is used on', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2f',
    '%5c',
    '\t',
    '\n',
    ' ',
    '@',
    ':',
    '?',
    '#',
    'evil.test',
    'a',
    ';',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
  )
  fc.assert(
    fc.property(text, (target) => {
      if (!isOwnPath(target)) return
      for (const origin of ['https://door.test', 'http://door.test:8080']) {
        const url = new URL(target, `${origin}/oauth2/callback?x`)
        assert.equal(url.origin, origin)
        // A second redirect by whoever answers that path relative to it must not leave either.
        assert.ok(!url.pathname.startsWith('//'))
      }
    }),
    { numRuns: 5000 },
  )
})
