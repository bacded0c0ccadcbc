import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attributesOf } from './builders.test.ts'
import { readLuaHeaders, runLuaHeaders } from './lua-headers.ts'

const body = (lines: string) => `function envoy_on_request(h)\n${lines}\nend\n`
const client = [['x-a', '1']] as const

const rows: readonly (readonly [lines: string, want: readonly (readonly [string, string])[], why: string])[] =
  [
    [
      'local host = h:headers():get(":authority")\nh:headers():add("X-Host", host)',
      [...client, ['x-host', 'app.example.com']],
      'a copy',
    ],
    ['h:headers():add("x-a", "2") -- why', [...client, ['x-a', '2']], 'an addition'],
    ['h:headers():replace("x-a", "2");', [['x-a', '2']], 'a replacement'],
    ['h:headers():remove("x-a")', [], 'a removal'],
    [
      'local v = h:headers():get("x-none")\nh:headers():add("x-b", v)',
      [...client],
      'nothing to copy ends the script',
    ],
    ['', [...client], 'no statement'],
  ]

for (const [lines, want, why] of rows) {
  test(`understands ${why}`, () => {
    const script = readLuaHeaders(body(lines))
    assert.ok(script)
    assert.deepEqual(runLuaHeaders(script, attributesOf({ headers: client })), want)
  })
}

const beyond = [
  body('h:respond({[":status"] = "403"}, "no")'),
  body('if h:headers():get("x") then h:headers():remove("x") end'),
  body('local a = h:body()'),
  'function envoy_on_response(h)\nend',
]

for (const code of beyond) {
  test(`does not pretend to understand ${JSON.stringify(code)}`, () => {
    assert.equal(readLuaHeaders(code), undefined)
  })
}
