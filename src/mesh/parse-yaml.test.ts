import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../base/index.ts'
import { limits, parseYaml } from './parse-yaml.ts'
import { plain } from './tree.ts'

function read(text: string): { values: unknown[]; problems: string[] } {
  const problems: Problem[] = []
  const values = parseYaml({ file: 'a.yaml', text }, problems).map(plain)
  return { values, problems: problems.map(({ code, at }) => `${code}:${at.line}`) }
}

const rows: readonly (readonly [about: string, text: string, values: unknown[], problems: string[]])[] = [
  ['nothing', '', [], []],
  ['comments', '# a\n---\n# b\n', [], []],
  ['one document', 'a: 1\n', [{ a: 1 }], []],
  ['a document on the marker’s line', '--- {a: 1}\n--- # and\nb: 2\n', [{ a: 1 }, { b: 2 }], []],
  ['an end marker', 'a: 1\n...\nb: 2\n', [{ a: 1 }, { b: 2 }], []],
  ['a directive', '%YAML 1.1\n---\na: 1\n', [{ a: 1 }], []],
  ['a byte order mark', '\uFEFFa: 1\n', [{ a: 1 }], []],
  ['lines of Windows', 'a: 1\r\n---\r\nb: |\r\n  x\r\n', [{ a: 1 }, { b: 'x\n' }], []],
  ['JSON', '{"a": [1, "b", null], "c": "\\u00e4\\/"}', [{ a: [1, 'b', null], c: 'ä/' }], []],
  ['JSON with tabs', '{\n\t"a": 1\n}', [{ a: 1 }], []],
  ['numbers that were quoted', 'a: "80"\nb: \'80\'\nc: !!str 80\n', [{ a: '80', b: '80', c: '80' }], []],
  ['an anchor and an alias', 'a: &x {b: 1}\nc: *x\n', [{ a: { b: 1 }, c: { b: 1 } }], []],
  [
    'a merge key',
    'a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n',
    [{ a: { b: 1, c: 2 }, d: { c: 3, b: 1 } }],
    [],
  ],
  ['a quoted merge key', '"<<": 1\n', [{ '<<': 1 }], []],
  [
    'a broken document between others',
    'a: 1\n---\nb: "x\n---\nc: 3\n',
    [{ a: 1 }, { c: 3 }],
    ['yaml-syntax:4'],
  ],
  ['a bracket nobody closed', 'a: [1\n---\nb: 2\n', [{ b: 2 }], ['yaml-syntax:2']],
  ['a tab for indentation', 'a:\n\tb: 1\n', [], ['yaml-syntax:2']],
  ['the same key twice', 'a: 1\nb: 2\na: 3\n', [{ a: 3, b: 2 }], ['duplicate-key:3']],
  ['an alias without an anchor', 'a: *x\n', [], ['unknown-alias:1']],
  ['an alias inside its own anchor', 'a: &x\n  b: *x\n', [], ['cyclic-alias:2']],
  ['a list for a key', '? [a, b]\n: 1\n', [], ['yaml-syntax:1']],
  ['a merge key with a word', 'a:\n  <<: b\n', [], ['yaml-syntax:2']],
]

for (const [about, text, values, problems] of rows) {
  test(`${about}: ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), { values, problems }))
}

test('`__proto__` is a key like any other', () => {
  const [value] = read('__proto__: {polluted: yes}\nconstructor: 1\n').values as [Record<string, unknown>]
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
})

test('aliases that double each other are stopped before they cost anything', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let n = 1; n < 10; n++)
    lines.push(
      `a${n}: &a${n} [${Array(10)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
    )
  assert.deepEqual(read(lines.join('\n')).problems, ['too-many-values:6'])
})

test('more aliases than anybody writes by hand', () => {
  const list = `a: &a 1\nb: [${Array(limits.aliases + 1)
    .fill('*a')
    .join(', ')}]`
  assert.deepEqual(read(list).problems, ['too-many-aliases:2'])
})

test('nesting is limited, however deep it goes', () => {
  assert.deepEqual(read('['.repeat(60) + ']'.repeat(60)).problems, [])
  assert.deepEqual(read('['.repeat(100) + ']'.repeat(100)).problems, ['too-deep:1'])
  assert.deepEqual(read('['.repeat(20_000) + ']'.repeat(20_000)).problems, ['too-deep:1'])
})

test('a document of more than 4 MiB is left out, and its neighbours are read', () => {
  const { values, problems } = read(`a: 1\n---\n# ${'x'.repeat(limits.characters)}\nb: 2\n---\nc: 3\n`)
  assert.deepEqual(values, [{ a: 1 }, { c: 3 }])
  assert.deepEqual(problems, ['too-large:2'])
})
