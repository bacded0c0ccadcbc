import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canICommand } from '../commands/can-i.ts'

async function run(...words: string[]) {
  const said: string[] = []
  let code: number | undefined
  await canICommand({
    out: (text) => void said.push(text),
    err: () => {},
    env: {},
    tty: { in: false, out: false, err: false },
    readStdin: async () => '',
    exit: (value) => {
      code = value
    },
  })
    .exitOverride()
    .parseAsync([...words, '-f', 'profile:26.03'], { from: 'user' })
  return { out: said.join('\n'), code }
}

const user = ['--as', 'user:user@example.com']
const rows: readonly (readonly [words: string[], code: number, says: RegExp, why: string])[] = [
  [['https://localhost/pipeline/', ...user], 0, /^yes$/, 'signed in'],
  [['GET', 'https://localhost/pipeline/'], 1, /^no - challenge \(provider-denied, profile:.*:\d+\)$/, 'not so'],
  [['POST', 'https://localhost/kfam/v1/bindings', ...user, '-q'], 1, /^$/, 'quiet: the code says it'],
  [['http://nowhere.at.all/', '--as', 'outside'], 6, /^unknown \(external/, 'nobody can tell'],
  [['https://localhost/pipeline/', ...user, '-o', 'json'], 0, /"verdict":"allow"/, 'as JSON'],
] // biome-ignore format: a table
for (const [words, code, says, why] of rows) {
  test(`can-i ${words.join(' ')}: ${why}`, async () => {
    const result = await run(...words)
    assert.match(result.out, says)
    assert.equal(result.code, code)
  })
}
