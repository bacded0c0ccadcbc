import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPage } from './html.ts'

const here = new URL('http://door.example.com/dex/auth')
const form = '<form method=get action=/oauth2/start><input type=hidden name=rd value=/></form>'

/** A logo is put into oauth2-proxy's page as its file was written. */
const pictures: readonly (readonly [name: string, markup: string])[] = [
  ['with an end tag', '<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>'],
  ['that closes itself', '<svg viewBox="0 0 1 1"/>'],
  ['that closes itself after a space', '<svg xmlns="http://www.w3.org/2000/svg" />'],
  ['that is never closed', '<svg viewBox="0 0 1 1"><path d="M0 0"/>'],
  ['that closes itself before another', '<svg/><svg><text>x</text></svg>'],
]
for (const [name, markup] of pictures)
  test(`a picture ${name} hides nothing that follows`, () => {
    const { forms } = readPage(`<div>${markup}</div>${form}`, here)
    assert.deepEqual(
      forms.map(({ action, fields }) => [action.pathname, fields.map((one) => one.name)]),
      [['/oauth2/start', ['rd']]],
    )
  })

test('what stands inside a picture is none of the page’s words', () => {
  const { texts } = readPage(
    '<p>before</p><svg><title>Logo</title><text>inside</text></svg><p>after</p>',
    here,
  )
  assert.deepEqual(texts, ['before', 'after'])
})
