/** A plan somebody sent is held to the folders whoever applies it has named. */
import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../base/index.ts'
import { createOf, type Plan, readRawDoor, updateOf } from '../../planner/index.ts'
import { applyToFiles } from './apply-files.ts'

const root = mkdtempSync(join(tmpdir(), 'kfdoor-outside-'))
after(() => rmSync(root, { recursive: true, force: true }))

const policy = (name: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: istio-system}\nspec: {action: DENY}\n`

interface Place {
  /** The folder that is named with -f. */
  readonly mesh: string
  /** A folder beside it, which is not. */
  readonly other: string
}

/** Lays files and answers which the plan says it is about. */
type Lay = (place: Place) => readonly string[]

/** Answers where it is. */
function there(folder: string, name = 'a.yaml'): string {
  writeFileSync(join(folder, name), policy('a'))
  return folder
}

const rows: readonly (readonly [
  what: string,
  lay: Lay,
  within: (place: Place) => string,
  refused: boolean,
])[] = [
  ['the folder itself', ({ mesh }) => [there(mesh)], ({ mesh }) => mesh, false],
  [
    'a file, where its folder is named',
    ({ mesh }) => [join(there(mesh), 'a.yaml')],
    ({ mesh }) => mesh,
    false,
  ],
  [
    'a file, where it is named',
    ({ mesh }) => [join(there(mesh), 'a.yaml')],
    ({ mesh }) => join(mesh, 'a.yaml'),
    false,
  ],
  [
    'a folder below whose name begins with two dots',
    ({ mesh }) => {
      mkdirSync(join(mesh, '..below'))
      there(join(mesh, '..below'))
      return [join(mesh, '..below')]
    },
    ({ mesh }) => mesh,
    false,
  ],
  [
    'the folder, named by a link to it',
    ({ mesh, other }) => {
      there(mesh)
      symlinkSync(mesh, join(other, 'link'))
      return [mesh]
    },
    ({ other }) => join(other, 'link'),
    false,
  ],
  ['an absolute path elsewhere', ({ other }) => [there(other)], ({ mesh }) => mesh, true],
  [
    'a way up and out',
    ({ mesh, other }) => [`${mesh}/../${basename(there(other))}`],
    ({ mesh }) => mesh,
    true,
  ],
  [
    'a folder whose name only begins like it',
    ({ mesh }) => {
      mkdirSync(`${mesh}-too`)
      there(`${mesh}-too`)
      return [`${mesh}-too`]
    },
    ({ mesh }) => mesh,
    true,
  ],
  [
    'a link to a folder elsewhere',
    ({ mesh, other }) => {
      there(other)
      symlinkSync(other, join(mesh, 'link'))
      return [join(mesh, 'link')]
    },
    ({ mesh }) => mesh,
    true,
  ],
  [
    'a link to a file elsewhere, in the folder',
    ({ mesh, other }) => {
      there(other)
      symlinkSync(join(other, 'a.yaml'), join(mesh, 'a.yaml'))
      return [mesh]
    },
    ({ mesh }) => mesh,
    true,
  ],
  [
    'a kustomization that names a file elsewhere',
    ({ mesh, other }) => {
      there(other)
      writeFileSync(join(mesh, 'kustomization.yaml'), 'resources: [../other/a.yaml]\n')
      return [mesh]
    },
    ({ mesh }) => mesh,
    true,
  ],
  [
    'one path of two elsewhere',
    ({ mesh, other }) => [there(mesh), there(other, 'b.yaml')],
    ({ mesh }) => mesh,
    true,
  ],
  ['nothing that is there', ({ other }) => [join(other, 'none', 'none.yaml')], ({ mesh }) => mesh, true],
]

let runs = 0

for (const [what, lay, within, refused] of rows) {
  test(`${what}: ${refused ? 'refused, and nothing written' : 'written'}`, async () => {
    const run = join(root, `run-${runs++}`)
    const place: Place = { mesh: join(run, 'mesh'), other: join(run, 'other') }
    for (const folder of [place.mesh, place.other]) mkdirSync(folder, { recursive: true })
    const plan = planAbout(lay(place))
    const was = bytes(run)
    const env = { XDG_STATE_HOME: join(root, `state-${runs}`) }
    const work = applyToFiles(
      plan,
      { env, now: () => new Date(0), say: () => {} },
      { within: [within(place)] },
    )
    if (!refused) {
      assert.equal((await work).outcome, 'applied')
      assert.notDeepEqual(bytes(run), was)
      return
    }
    await assert.rejects(work, (error: unknown) => {
      assert.ok(isFault(error))
      assert.equal(error.code, 'ERR_USAGE')
      assert.match(error.message, /outside .*nothing was written/)
      return true
    })
    assert.deepEqual(bytes(run), was)
  })
}

/** It edits a policy and makes another. */
function planAbout(paths: readonly string[]): Plan {
  const [raw] = readRawDoor([{ file: 'a', text: policy('a') }]).objects
  const [made] = readRawDoor([{ file: 'b', text: policy('new') }]).objects
  assert.ok(raw && made)
  const edit = updateOf(
    raw,
    (copy) => {
      copy.spec.action = 'ALLOW'
    },
    'opens',
    'a test',
  )
  return {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Plan',
    metadata: { name: 'outside', createdAt: '2026-01-01T00:00:00Z' },
    spec: {
      command: ['test'],
      source: { kind: 'files', paths },
      changes: [edit, createOf(made.object, 'closes', 'a test')],
      access: { gained: [], lost: [], changed: [], public: [], unreachable: [], deadRules: [], unknown: [] },
      findings: { new: [], gone: [] },
      risks: [],
      callers: [],
    },
  }
}

const bytes = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')])
    .sort()
