import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { files, renderProblems } from './gen-problems.ts'

for (const language of ['en', 'ko'] as const) {
  test(`docs/${files[language].pathname.split('/').at(-1)} is what the table says`, () => {
    const text = renderProblems(language)
    if (process.env.UPDATE_GOLDEN) writeFileSync(files[language], text)
    assert.equal(readFileSync(files[language], 'utf8'), text, 'run node tools/gen-problems.ts')
  })
}
