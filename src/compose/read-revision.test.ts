import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readRevision, revisionOf } from './read-revision.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-revision-'))
const home = process.cwd()
after(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

test('a folder as a commit has it, also from below the repository’s root', () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { cwd: folder })
  git('init', '-q')
  mkdirSync(join(folder, 'mesh', 'deep'), { recursive: true })
  writeFileSync(join(folder, 'mesh', 'a b.yaml'), 'one: 1\n')
  writeFileSync(join(folder, 'mesh', 'deep', 'c.yml'), 'two: 2\n')
  writeFileSync(join(folder, 'mesh', 'note.txt'), 'no')
  git('add', '.')
  git('commit', '-qm', 'a')
  writeFileSync(join(folder, 'mesh', 'a b.yaml'), 'changed: 1\n')
  process.chdir(folder)
  const read = readRevision({ revision: 'HEAD', path: 'mesh' })
  assert.deepEqual(
    read.map(({ file, text }) => [file, text]),
    [
      ['HEAD:mesh/a b.yaml', 'one: 1\n'],
      ['HEAD:mesh/deep/c.yml', 'two: 2\n'],
    ],
  )
  process.chdir(join(folder, 'mesh'))
  assert.equal(readRevision({ revision: 'HEAD', path: 'deep' }).length, 1)
  assert.throws(() => readRevision({ revision: 'HEAD', path: 'nothing' }), /has no YAML there/)
  assert.throws(() => readRevision({ revision: '--output=x', path: 'mesh' }), /cannot read/)
})

test('what is a revision, and what a file or a profile', () => {
  assert.deepEqual(revisionOf('HEAD~1:mesh'), { revision: 'HEAD~1', path: 'mesh' })
  assert.equal(revisionOf('profile:26.03'), undefined)
  assert.equal(revisionOf('mesh/a.yaml'), undefined)
})
