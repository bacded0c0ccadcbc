import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RE2JS } from 're2js'
import { onlyMatching, onlySpoken, withNativeTables, withoutProse } from './lighter-page.ts'

const file = fileURLToPath(import.meta.resolve('re2js')).replace(/index\.cjs$/, 'index.js')
const lightened = withNativeTables(onlyMatching(readFileSync(file, 'utf8')))
const { RE2JS: Lighter } = (await import(
  `data:text/javascript;base64,${Buffer.from(lightened).toString('base64')}`
)) as { readonly RE2JS: typeof RE2JS }

test('most of the tables are gone from re2js', () => {
  assert.ok(lightened.length < readFileSync(file, 'utf8').length - 20_000, `${lightened.length} characters`)
})

const patterns = [
  ...['\\p{L}', '\\P{L}', '\\p{Lu}', '(?i)\\p{Lu}', '(?i)\\p{Ll}', '\\p{Nd}', '\\pZ', '[^\\p{P}\\p{S}]'],
  ...['\\p{C}', '\\p{Hangul}', '\\p{Han}', '\\p{Greek}', '(?i)\\p{Greek}', '\\P{Latin}', '(?i)[k-ß]', '\\w'],
]
for (const pattern of patterns) {
  test(`${pattern} takes the same code points`, () => {
    const [one, other] = [RE2JS.compile(pattern), Lighter.compile(pattern)]
    for (let at = 0; at < 0x110000; at += at < 0x3000 ? 1 : 37) {
      const text = String.fromCodePoint(at)
      assert.equal(other.matches(text), one.matches(text), `U+${at.toString(16)}`)
    }
  })
}

for (const pattern of [
  '(a+)(?P<n>b)?',
  '^/v(\\d+)/',
  'x*',
  '[^/]+$',
  '(?i)MODEL|models',
  '(a|ab)(c|bcd)(d*)',
  '.*/ns/([^/]+)/.*',
]) {
  test(`${pattern} is found in the same places`, () => {
    const found = (library: typeof RE2JS) =>
      ['', 'aab ab', '/v1/models/a', 'xx-x', '/ns/abcd/sa/Model'].map((text) => {
        const expression = library.compile(pattern)
        const matcher = expression.matcher(text)
        const places = []
        while (matcher.find())
          places.push([
            matcher.start(),
            matcher.end(),
            matcher.group(0),
            expression.groupCount() > 0 && matcher.group(1),
          ])
        return [expression.matches(text), places]
      })
    assert.deepEqual(found(Lighter), found(RE2JS))
  })
}

test('what it does beside is gone', () => {
  assert.ok(!('split' in Lighter.prototype) && !('replaceAll' in Lighter.compile('a').matcher('a')))
})

test('a rule keeps its code and title, and loses its paragraphs', () => {
  const url = new URL('../src/lint/rules/kfd0214-double-star-path.ts', pathToFileURL(import.meta.filename))
  const bare = withoutProse(readFileSync(url, 'utf8'))
  assert.match(bare, /title: 'a path pattern ends in a double star'/)
  assert.match(bare, /why: '',/)
  assert.match(bare, /remedy: '',/)
})

test('a failure the page speaks of keeps its sentence; the others are gone', () => {
  const rows = (name: string) =>
    onlySpoken(readFileSync(new URL(`../src/base/faults/${name}.ts`, import.meta.url), 'utf8'))
  assert.match(rows('running-faults') + rows('service-faults'), /ERR_USAGE: \{\n\s+number: 'KFD/)
  assert.doesNotMatch(rows('certificate-faults'), /number:/)
})
