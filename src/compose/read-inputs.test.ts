import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../base/index.ts'
import { readInputs } from './read-inputs.ts'

const root = mkdtempSync(join(tmpdir(), 'kfdoor-inputs-'))
after(() => rmSync(root, { recursive: true }))

function write(path: string, text = ''): string {
  const full = join(root, path)
  mkdirSync(join(full, '..'), { recursive: true })
  writeFileSync(full, text)
  return full
}

const noStdin = async (): Promise<string> => {
  throw new Error('nobody asked for stdin')
}
const read = async (...paths: string[]) =>
  (await readInputs(paths, noStdin)).map(({ file, text }) => [file.replace(`${root}/`, ''), text])

test('a folder is read whole, by name, and only its YAML and JSON', async () => {
  write('door/b.yaml', 'b')
  write('door/a/c.yml', 'c')
  write('door/d.json', 'd')
  write('door/readme.md', 'no')
  write('door/.git/x.yaml', 'no')
  assert.deepEqual(await read(join(root, 'door')), [
    ['door/a/c.yml', 'c'],
    ['door/b.yaml', 'b'],
    ['door/d.json', 'd'],
  ])
})

test('a file is read whatever it is called', async () => {
  assert.deepEqual(await read(write('mesh.txt', 'x')), [['mesh.txt', 'x']])
})

test('`-` is standard input', async () => {
  assert.deepEqual(await readInputs(['-'], async () => 'a: 1'), [{ file: '<stdin>', text: 'a: 1' }])
})

test('a profile is read by its name', async () => {
  const files = await readInputs(['profile:v1.7.0'], noStdin)
  assert.ok(files.length > 5)
  assert.ok(files.every(({ file }) => file.startsWith('profile:v1.8/')))
})

test('nothing at all from a pipe is refused: its other end may have failed', async () => {
  await assert.rejects(
    readInputs(['-'], async () => ''),
    /no object/,
  )
})

const refused: readonly (readonly [about: string, path: string, code: string, words: RegExp])[] = [
  [
    'a kustomization',
    join(write('kust/kustomization.yaml'), '..'),
    'ERR_FOLDER_NEEDS_RENDERING',
    /kubectl kustomize/,
  ],
  ['a chart', join(write('chart/Chart.yaml'), '..'), 'ERR_FOLDER_NEEDS_RENDERING', /helm template/],
  [
    'a kustomization further down',
    join(write('up/down/kustomization.yml'), '../..'),
    'ERR_FOLDER_NEEDS_RENDERING',
    /up\/down/,
  ],
  ['a path that is not there', join(root, 'nowhere.yaml'), 'ERR_INPUT_UNREADABLE', /nowhere\.yaml/],
  ['a profile nobody has', 'profile:v9', 'ERR_USAGE', /v9/],
  ['a folder without YAML', join(write('none/readme.md', 'a: 1'), '..'), 'ERR_INPUT_UNREADABLE', /no \.yaml/],
  ['a file of comments', write('c.yaml', '# a\r\n---\n\n'), 'ERR_INPUT_UNREADABLE', /no object/],
  [
    'other letters than UTF-8',
    write('l.yaml', 'latin'),
    'ERR_INPUT_UNREADABLE',
    /l\.yaml:2`: the text is not UTF-8/,
  ],
]

writeFileSync(join(root, 'l.yaml'), Buffer.from('a: 1\nb: caf\xe9\n', 'latin1'))
for (const [about, path, code, words] of refused) {
  test(`${about} is refused with ${code}`, async () => {
    await assert.rejects(
      read(path),
      (error) => isFault(error) && error.code === code && words.test(error.message),
    )
  })
}
