import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { sharedPath } from '../../../tools/shared.ts'
import { anyToken, examples, neutral } from './examples.ts'
import { problems } from './problems/index.ts'
import { recognise } from './recognise.ts'

const first = (text: string) => recognise(text).matches[0]?.problem.code

for (const { code, text } of examples) {
  test(`${code}: ${text.replace(/\s+/g, ' ').slice(0, 90)}`, () => {
    assert.equal(first(text), code)
  })
}

const html = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;')

const wrappings: Readonly<Record<string, (text: string) => string>> = {
  'in JSON': (text) => JSON.stringify({ level: 'error', msg: text }),
  'in JSON twice': (text) => JSON.stringify({ log: JSON.stringify({ msg: text }) }),
  'in HTML': (text) => `<!DOCTYPE html><html><body><pre>${html(text)}</pre></body></html>`,
  'URL-escaped': (text) => `GET /callback?error=${encodeURIComponent(text)}`,
  'in a log': (text) =>
    text
      .split('\n')
      .map((line) => `2026-11-24T12:00:00Z stderr F ${line}`)
      .join('\n'),
  'in capitals and colours': (text) => `\u001b[31m${text}\u001b[0m`,
}
for (const [name, wrap] of Object.entries(wrappings)) {
  test(`every example is recognised ${name}`, () => {
    const missed = examples.filter(({ code, text }) => first(wrap(text)) !== code)
    assert.deepEqual(
      missed.map(({ code, text }) => [code, first(wrap(text)), text.slice(0, 60)]),
      [],
    )
  })
}

for (const text of neutral) {
  test(`nothing is made of: ${text.slice(0, 60)}`, () => {
    assert.deepEqual(
      recognise(text).matches.map(({ problem }) => problem.code),
      [],
    )
  })
}

test('every row of both references has an example', () => {
  const of = (which: 'door' | 'client') => new Set(examples.flatMap((example) => example[which] ?? []))
  const missing = (seen: ReadonlySet<number>, last: number) =>
    Array.from({ length: last }, (_, index) => index + 1).filter((row) => !seen.has(row))
  assert.deepEqual(missing(of('door'), 40), [])
  assert.deepEqual(missing(of('client'), 39), [])
})

test('every problem has an example, a code of its own, both languages and something to read', () => {
  assert.equal(new Set(problems.map(({ code }) => code)).size, problems.length)
  for (const { code, title, cause, fix, readOn } of problems) {
    assert.match(code, /^KFD2\d{3}$/)
    assert.ok(
      examples.some((example) => example.code === code),
      `${code} has no example`,
    )
    for (const text of [title, cause, fix]) {
      assert.match(text.ko, /[가-힣]/, code)
      assert.doesNotMatch(text.en, /[가-힣]/, code)
      assert.notEqual(text.en.trim(), '')
    }
    assert.ok(readOn.length > 0, code)
  }
})

test('facts are read from the text', () => {
  const text = examples.find(({ code }) => code === 'KFD2305')?.text ?? ''
  assert.deepEqual(recognise(text).matches[0]?.facts, {
    user: 'user@example.com',
    namespace: 'undefined',
    verb: 'list',
    resource: 'runs',
  })
})

test('of a token only issuer, subject, audience and expiry are kept', () => {
  const found = recognise(`Authorization: Bearer ${anyToken}\nJwt is expired`)
  assert.deepEqual(found.tokens, [
    {
      issuer: 'https://kubernetes.default.svc',
      subject: 'system:serviceaccount:team:default-editor',
      audiences: ['istio-ingressgateway.istio-system.svc.cluster.local'],
      expiresAt: 1741231224,
    },
  ])
  for (const part of anyToken.split('.')) assert.ok(!JSON.stringify(found).includes(part))
})

test('a credential never becomes a fact', () => {
  const secret = 'MTY3NDM3NzA5NXxOd3dBTkVnME0xZzFVMHRIU0ZSSVFVNVVOVU5hUkZFelREUk1'
  for (const text of [
    `RuntimeError: HTTP status code '403' for GET against: http://localhost:8080/?state=${secret}`,
    `Cookie: authservice_session=${secret}\n/dex/auth?client_id=${secret}`,
  ]) {
    const facts = JSON.stringify(recognise(text).matches.map((match) => match.facts))
    assert.ok(!facts.toLowerCase().includes(secret.toLowerCase()), facts)
  }
})

test('a fact holds nothing a terminal would act on', () => {
  const text = 'jwt issuer is not configured "iss":"https://dex\u001b]0;title\u0007"'
  assert.deepEqual(recognise(text).matches[0]?.facts, {})
})

test('a megabyte of anything is looked at within a second', () => {
  for (const unit of ['a', ' ', '/dex/', '{"', '%41', '\\u0041', 'eyJa', 'location: ', '401 after ']) {
    const started = performance.now()
    recognise(unit.repeat(1_000_000 / unit.length))
    assert.ok(performance.now() - started < 1000, unit)
  }
})

const recorded = ['request-authentication.jsonl', 'kubeflow-doors.jsonl', 'fuzz-jwt.jsonl'].flatMap(
  (name) => sharedPath(`conformance/cases/${name}`) ?? [],
)
if (recorded.length === 0) {
  test('what real gateways said (left out: no shared folder beside the checkout)', { skip: true })
} else {
  test('whatever a real gateway said about a token or a policy is recognised', () => {
    const said = recorded.flatMap((path) =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { expect?: { body?: string } }).expect?.body ?? ''),
    )
    const texts = [...new Set(said)].filter((text) => /^(Jw|Audiences|RBAC)/.test(text))
    assert.ok(texts.length > 8)
    assert.deepEqual(
      texts.filter((text) => recognise(text).matches[0]?.confidence === undefined),
      [],
    )
  })
}
