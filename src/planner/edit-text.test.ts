import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFiles, profileNames } from '../compose/profiles.ts'
import { appendObject, editObject, removeObject } from './edit-text.ts'
import { readRawObjects } from './raw-door.ts'
import { documentsOf } from './yaml-text.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever the row's text is.
type Fields = Record<string, any>

const rows: readonly (readonly [
  name: string,
  before: string,
  edit: (object: Fields) => void,
  after: string,
])[] = [
  [
    'an item behind the last of a list in brackets',
    'spec:\n  paths: ["/dex/*", \'/oauth2/*\'] # who signs in\n',
    (object) => object.spec.paths.push('/serving/a'),
    'spec:\n  paths: ["/dex/*", \'/oauth2/*\', /serving/a] # who signs in\n',
  ],
  [
    'an item behind the last of a list of lines, before a comment',
    'spec:\n  paths:\n  - /dex/*  # Dex\n  - /oauth2/*\n  # the end\n  other: 1\n',
    (object) => object.spec.paths.push('/x'),
    'spec:\n  paths:\n  - /dex/*  # Dex\n  - /oauth2/*\n  - /x\n  # the end\n  other: 1\n',
  ],
  ['an item before the first', 'a:\n  - b\n', (object) => object.a.unshift('0'), 'a:\n  - "0"\n  - b\n'],
  [
    'an item taken out of the middle',
    'a:\n- b # x\n- c\n- d\n',
    (object) => object.a.splice(1, 1),
    'a:\n- b # x\n- d\n',
  ],
  ['an item taken out of brackets', 'a: [b, c, d]\n', (object) => object.a.splice(1, 1), 'a: [b, d]\n'],
  ['the last two taken out of brackets', 'a: [b, c, d]\n', (object) => object.a.splice(1, 2), 'a: [b]\n'],
  [
    'two taken out of the middle',
    'a:\n- b\n- c\n- d # x\n- e\n',
    (object) => object.a.splice(1, 2),
    'a:\n- b\n- e\n',
  ],
  ['the last taken out of brackets', 'a: [b, c]\n', (object) => object.a.pop(), 'a: [b]\n'],
  ['the only one taken out', 'a:\n- b\nc: 1\n', (object) => object.a.pop(), 'a: []\nc: 1\n'],
  ['a scalar', 'a: "b" # why\nc: d\n', (object) => (object.a = 'e'), 'a: e # why\nc: d\n'],
  ['a field of a mapping in braces', 'a: {b: c}\n', (object) => (object.a.d = ['e']), 'a: {b: c, d: [e]}\n'],
  [
    'a field of a mapping of lines',
    'a:\n    b: c # x\ne: f\n',
    (object) => (object.a.d = { g: [1] }),
    'a:\n    b: c # x\n    d:\n      g:\n        - 1\ne: f\n',
  ],
  [
    'a field taken away',
    'a:\n  b: c\n  d:\n  - 1\n  - 2\n\ne: f\n',
    (object) => delete object.a.d,
    'a:\n  b: c\n\ne: f\n',
  ],
  ['a text that needs quotes', 'a: [b]\n', (object) => object.a.push('c, d]'), 'a: [b, "c, d]"]\n'],
  [
    'a file with line ends of Windows',
    'a:\r\n- b # x\r\nc:\r\n  d: e\r\n',
    (object) => {
      object.a.push('f')
      object.c.g = 'h'
    },
    'a:\r\n- b # x\r\n- f\r\nc:\r\n  d: e\r\n  g: h\r\n',
  ],
  [
    'beside an alias',
    'a: &x {b: c}\nd: *x # same\ne: 1\n',
    (object) => (object.e = 2),
    'a: &x {b: c}\nd: *x # same\ne: 2\n',
  ],
  [
    'beside a merge key',
    'a: &x\n  b: c\n  i: j\nd:\n  <<: *x # all of it\n  e: f\n',
    (object) => {
      object.d.g = 'h'
      object.d.i = 'k'
    },
    'a: &x\n  b: c\n  i: j\nd:\n  <<: *x # all of it\n  e: f\n  i: k\n  g: h\n',
  ],
  [
    'words that YAML 1.1 takes for something else',
    'a: [b]\n',
    (object) => object.a.push('on', 'no', '010', '1_0', '0b1'),
    'a: [b, "on", "no", "010", "1_0", "0b1"]\n',
  ],
  ['what they are, in their place', 'a: yes\nb: 1\n', (object) => (object.b = 2), 'a: yes\nb: 2\n'],
  ['a key that is written twice', 'a: 1\nb: 2\na: 3\n', (object) => (object.b = 4), 'a: 1\nb: 4\na: 3\n'],
  [
    'JSON of several lines',
    '{\n  "a": [\n    "b"\n  ],\n  "c": 1\n}\n',
    (object) => {
      object.a.push('d')
      object.e = { f: 1 }
    },
    '{\n  "a": [\n    "b",\n    "d"\n  ],\n  "c": 1,\n  "e": {"f":1}\n}\n',
  ],
  ['JSON stays JSON', '{"a": ["b"], "c": 1}', (object) => object.a.push('d'), '{"a": ["b", "d"], "c": 1}'],
  [
    'a block of text',
    'data:\n  mesh: |-\n    a: b\n  other: x\n',
    (object) => (object.data.mesh = 'a: c\nd: e'),
    'data:\n  mesh: |-\n    a: c\n    d: e\n  other: x\n',
  ],
  [
    'a second item whose first key stands behind the dash',
    'rules:\n- to: a\n  when: b\n- to: c\n',
    (object) => (object.rules[0].when = 'd'),
    'rules:\n- to: a\n  when: d\n- to: c\n',
  ],
  [
    'the only item, and another behind it',
    'servers: # all\n- hosts: ["*"] # any\n  port: # the one\n    number: 80\n',
    (object) => {
      object.servers[0].tls = { httpsRedirect: true }
      object.servers.push({ port: { number: 443 } })
    },
    'servers: # all\n- hosts: ["*"] # any\n  port: # the one\n    number: 80\n  tls:\n    httpsRedirect: true\n- port:\n    number: 443\n',
  ],
  [
    'the only item, and another behind it, in a text that ends without a line break',
    'servers:\n- hosts: ["*"] # any\n  port: 80',
    (object) => {
      object.servers[0].tls = true
      object.servers.push({ port: 443 })
    },
    'servers:\n- hosts: ["*"] # any\n  port: 80\n  tls: true\n- port: 443',
  ],
  [
    'the only item in braces, and another behind it',
    'servers: [{port: 80}] # all\n',
    (object) => {
      object.servers[0].tls = true
      object.servers.push({ port: 443 })
    },
    'servers: [{port: 80, tls: true}, {port: 443}] # all\n',
  ],
  [
    'the last item, and another before it',
    'a:\n- b: 1 # one\n  c: 2 # two\n',
    (object) => (object.a = [{ d: 3 }, { b: 1, c: 4 }]),
    'a:\n- d: 3\n- b: 1 # one\n  c: 4 # two\n',
  ],
  [
    'an item that stays while the one before it goes',
    'a:\n- b: 1\n- c: 2 # two\n  d: 3 # three\n',
    (object) => (object.a = [{ c: 2, d: 4 }]),
    'a:\n- c: 2 # two\n  d: 4 # three\n',
  ],
  [
    'an item that gets a field while the one behind it goes',
    'a:\n- b: 1 # one\n- c: 2\nd: 3\n',
    (object) => (object.a = [{ b: 1, e: 5 }]),
    'a:\n- b: 1 # one\n  e: 5\nd: 3\n',
  ],
  [
    'a field of the last entry, and another entry behind that',
    'a:\n  b:\n    c: 1 # one\n',
    (object) => {
      object.a.b.d = 2
      object.a.e = 3
    },
    'a:\n  b:\n    c: 1 # one\n    d: 2\n  e: 3\n',
  ],
]

for (const [name, before, edit, after] of rows) {
  test(`edits ${name}`, () => {
    const object = documentsOf(before)[0]?.toJS() as Fields
    edit(object)
    assert.equal(editObject(before, { document: 0 }, object), after)
  })
}

test('one document of several, and an item of a List, leave the others alone', () => {
  const text = '# head\na: 1\n---\nb: 2 # two\n---\nkind: List\nitems:\n- c: 3\n- d: 4 # four\n'
  assert.equal(editObject(text, { document: 1 }, { b: 5 }), text.replace('b: 2', 'b: 5'))
  assert.equal(editObject(text, { document: 2, item: 1 }, { d: 5 }), text.replace('d: 4', 'd: 5'))
  assert.equal(removeObject(text, { document: 1 }), text.replace('---\nb: 2 # two\n', ''))
  assert.equal(removeObject(text, { document: 2, item: 0 }), text.replace('- c: 3\n', ''))
  assert.equal(removeObject('a: 1\n', { document: 0 }), '')
  assert.equal(appendObject('a: 1', { b: 2 }), 'a: 1\n---\nb: 2\n')
  assert.equal(appendObject('a: 1\r\n', { b: 2 }), 'a: 1\r\n---\r\nb: 2\r\n')
})

test('documents that end with `...`, with and without a `---` behind it', () => {
  for (const [text, first, second] of [
    ['a: 1\n...\nb: 2\n', 'b: 2\n', 'a: 1\n...\n'],
    ['a: 1\n...\n---\nb: 2\n...\n', '---\nb: 2\n...\n', 'a: 1\n...\n'],
    ['# x\n---\na: 1\n...\n# y\n--- # z\nb: 2\n', '# y\n--- # z\nb: 2\n', '# x\n---\na: 1\n...\n'],
  ] as const) {
    assert.equal(removeObject(text, { document: 0 }), first)
    assert.equal(removeObject(text, { document: 1 }), second)
    assert.equal(editObject(text, { document: 1 }, { b: 3 }), text.replace('b: 2', 'b: 3'))
  }
})

test('an object is read as the API server reads it: words of YAML 1.1, merge keys, the last of two alike', () => {
  const [raw] = readRawObjects({
    file: 'x',
    text: 'apiVersion: v1\nkind: X\nmetadata: {name: n}\nbase: &b {c: yes, d: 010, e: 1}\nmore:\n  <<: *b\n  e: off\n  f: "no"\nbase: x\n',
  })
  assert.deepEqual(raw?.object.more, { c: true, d: 8, e: false, f: 'no' })
  assert.equal(raw?.object.base, 'x')
})

for (const name of profileNames) {
  test(`of ${name}, an edit of any object changes its lines alone, and its inverse gives the text back`, () => {
    for (const input of profileFiles(name, { tls: true, demo: true })) {
      for (const raw of readRawObjects(input)) {
        const object = JSON.parse(JSON.stringify(raw.object)) as Fields
        object.metadata.annotations = { ...object.metadata.annotations, 'kfdoor.dev/until': '2030-01-01' }
        if (Array.isArray(object.spec?.rules?.[0]?.to?.[0]?.operation?.notPaths)) {
          object.spec.rules[0].to[0].operation.notPaths.push('/serving/a/b/*')
        }
        const edited = editObject(input.text, raw, object)
        const lines = new Set(input.text.split('\n'))
        const fresh = edited.split('\n').filter((line) => !lines.has(line))
        assert.ok(fresh.length <= 4, `${input.file} ${raw.name.name}: ${fresh.join('\n')}`)
        assert.equal(editObject(edited, raw, raw.object), input.text, `${input.file} ${raw.name.name}`)
      }
    }
  })
}
