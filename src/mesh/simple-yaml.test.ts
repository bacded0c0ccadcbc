/** The quick reader and the whole YAML parser give the same tree, or the quick one steps aside. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedPath } from '../../tools/shared.ts'
import type { Problem } from '../base/index.ts'
import { parseYaml } from './parse-yaml.ts'
import { readSimpleYaml } from './simple-yaml.ts'

function both(file: string, text: string): void {
  const problems: { quick: Problem[]; whole: Problem[] } = { quick: [], whole: [] }
  const quick = parseYaml({ file, text }, problems.quick)
  const whole = parseYaml({ file, text, simple: false }, problems.whole)
  assert.deepEqual(quick, whole, text)
  assert.deepEqual(problems.quick, problems.whole)
}

/** `true`: the quick reader takes it. */
const rows: readonly (readonly [text: string, quick: boolean])[] = [
  ['a: 1', true],
  ['--- # x\na: 1\n', true],
  ['a:\nb: ~\nc: # x\n', true],
  ['a:\n- b\n- c: 1\n  d: 2\n-   e: 3\n    f: 4\n- - x\n  - y\n-\n- # c\n  z: 1\n', true],
  ['a:\n  - b\n', true],
  ['a: b # c\nd: e#f\n', true],
  ["a: \"x\\n\\u00e4 # y\" # z\nb: 'it''s'\n", true],
  ['"a b": 1\n\'c\': 2\n80: x\n', true],
  ['a: {b: [1, "2", x y], c: {}, d: []} # e\n', true],
  ['a: [{b: c}, {"d": "e"}]\n', true],
  ['a: |\n  x\n\n    y # z\n  w\n\nb: |-\n  v\n', true],
  ['a:\n- |\n  x\n- y\n', true],
  ['a: http://b:80/c?d=e#f\n', true],
  ['a: [/dex/*, /x]\n', true],
  ['a: -1\nb: -x\nc: ?x\nd: :x\n', true],
  ['a: b\n  c\n', false],
  ['a: "b\n  c"\n', false],
  ['a: {b: 1,\n  c: 2}\n', false],
  ['a: &x 1\nb: *x\n', false],
  ['a: !!str 1\n', false],
  ['a: >\n  b\n', false],
  ['a: |+\n  b\n\n', false],
  ['a: |2\n   b\n', false],
  ['a: |\n\n  b\n', false],
  ['a: |\n    b\n  c\n', false],
  ['<<: {a: 1}\n', false],
  ['a: 1\na: 2\n', false],
  ['a: {b: 1, b: 2}\n', false],
  ['a: b: c\n', false],
  ['a:b\n', false],
  ['a: [b: c]\n', false],
  ['a: {b}\n', false],
  ['a: [1,]\n', false],
  ['a: {b:c}\n', false],
  ['a: "b" c\n', false],
  ['a: [1] x\n', false],
  ['a:\n   b: 1\n  c: 2\n', false],
  ['- a\nb: 1\n', false],
  ['a:\n  - b\n c: 1\n', false],
  ['? a\n: b\n', false],
  ['a: @b\n', false],
  ['a:\tb\n', false],
  ['just text\n', false],
  ['{"a": 1}', false],
]

for (const [text, quick] of rows) {
  test(`${quick ? 'reads' : 'leaves'} ${JSON.stringify(text)}`, () => {
    assert.equal(readSimpleYaml(text, 1, (line) => line) !== undefined, quick)
    both('a.yaml', text)
  })
}

test('text made of everything YAML is made of', () => {
  const parts = [
    'a',
    'b',
    ':',
    ': ',
    '- ',
    '-',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n- ',
    '#',
    ' #',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ', ',
    ',',
    '|',
    '|\n  ',
    '>',
    '&',
    '*',
    '!',
    '?',
    '%',
    '1',
    '0x1',
    'null',
    'yes',
    '~',
    '\\',
    '\\n',
    '.',
    '/',
    '@',
    '`',
    '<<',
    'é',
    '=',
  ]
  let state = 1
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  for (let round = 0; round < 20_000; round++) {
    let text = ''
    for (let length = next(14) + 1; length > 0; length--) text += parts[next(parts.length)]
    both('a.yaml', next(2) === 0 ? text : `k: ${text}`)
  }
})

const folders = ['conformance/configs', 'fixtures/kubeflow', 'fixtures/istio-crds'].map(sharedPath)
if (folders.includes(undefined)) {
  test.skip('every recorded configuration (left out: no shared folder beside the checkout)')
} else {
  test('every recorded configuration', () => {
    for (const folder of folders) {
      for (const name of readdirSync(folder as string, { recursive: true, encoding: 'utf8' })) {
        if (name.endsWith('.yaml')) both(name, readFileSync(join(folder as string, name), 'utf8'))
      }
    }
  })
}
