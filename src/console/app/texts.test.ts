import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { allRules } from '../../lint/index.ts'
import { en } from './texts/en.ts'
import { reasonWords } from './texts/engine-words.ts'
import { findingsKo } from './texts/findings-ko.ts'
import { ko } from './texts/ko.ts'
import { reasonsKo } from './texts/reasons-ko.ts'

test('both languages have every text, with the same things to fill in', () => {
  assert.deepEqual(Object.keys(ko), Object.keys(en))
  const holes = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort()
  for (const [key, text] of Object.entries(en)) {
    const other = ko[key as keyof typeof en]
    assert.deepEqual(holes(other), holes(text), key)
    assert.notEqual(other.trim(), '', key)
  }
})

/** Words in the place of a reason: outcomes of a step, verdicts of a filter, a part of `rule-dropped-…`. */
const notReasons = new Set(['denied', 'matched', 'passed', 'rejected', 'unknown', 'unknown-key'])

/** Codes as `src/policy` writes them down: of steps, of decisions, of what behind the door decides. */
function reasonCodes(): ReadonlySet<string> {
  const folder = fileURLToPath(new URL('../../policy/', import.meta.url))
  const written =
    /(?:\breason(?:: | = )|\b(?:step|tell|end)\(\s*'[\w-]+',\s*|\b(?:refuse|undecided|denying|badRequest)\(\s*)'([a-z0-9]+(?:-[a-z0-9]+)*)'/g
  // The ways a token can fail are a table of their own.
  const failures = readFileSync(join(folder, 'jwt-status.ts'), 'utf8').matchAll(/^ {2}'([\w-]+)': /gm)
  const codes = new Set<string>([...failures].map(([, code]) => code as string))
  for (const file of globSync('**/*.ts', { cwd: folder })) {
    if (/\.test\.ts$|^testing\//.test(file)) continue
    const text = readFileSync(join(folder, file), 'utf8').replace(/^.*readonly reason:.*$/gm, '')
    for (const [, code] of text.matchAll(written)) {
      if (!notReasons.has(code as string)) codes.add(code as string)
    }
  }
  return codes
}

test('the reasons of the engine have Korean sentences', () => {
  const codes = reasonCodes()
  assert.ok(codes.size > 90, `${codes.size} codes were found`)
  const waiting = [...codes].filter((code) => !Object.hasOwn(reasonsKo, code))
  assert.deepEqual(waiting, [], 'without Korean words')
})

test('findings have Korean titles, and no other code has one', () => {
  const codes = new Set<string>(allRules.map(({ code }) => code))
  assert.deepEqual(
    Object.keys(findingsKo).filter((code) => !codes.has(code)),
    [],
  )
  const waiting = [...codes].filter((code) => !Object.hasOwn(findingsKo, code))
  assert.deepEqual(waiting, [], 'without a Korean title')
})

const sentences: readonly (readonly [reason: string, words: string, want: string])[] = [
  ['deny-rule-matched', 'a DENY rule matches', 'DENY 규칙이 일치합니다'],
  [
    'near-miss-paths',
    'would have matched but for `paths`: /admin*, */x',
    '`paths`만 아니면 일치했을 것입니다: /admin*, */x',
  ],
  ['token-expired', 'Jwt is expired (issuer https://a.test)', 'JWT가 만료되었습니다 (발급자 https://a.test)'],
  ['token-expired', 'token expired', 'JWT가 만료되었습니다'],
  ['mtls-required', 'port 8080 is STRICT', 'mTLS가 필요합니다 (포트 8080, STRICT)'],
  ['provider-allowed', 'in some new words', '제공자가 통과시킵니다 (in some new words)'],
  ['of-tomorrow', 'something new', 'something new'],
  ['constructor', 'a name every object has', 'a name every object has'],
  ['destination-unknown', 'no service has $1 $&', '$1 $&에 맞는 서비스가 없습니다'],
]
for (const [reason, words, want] of sentences) {
  test(`${reason} "${words}" in Korean`, () => {
    assert.equal(reasonWords(reason, words, 'ko'), want)
    assert.equal(reasonWords(reason, words, 'en'), words)
  })
}
