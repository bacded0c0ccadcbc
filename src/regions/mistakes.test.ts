/**
 * Realistic mistakes planted in a release's YAML: `diff` finds each one, with a request that fares
 * differently at both doors. Edits that change nothing are told apart from them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOptions } from '../cli/map/view-options.ts'
import { profileFiles } from '../compose/profiles.ts'
import { type Mesh, type MeshInput, parseMesh } from '../mesh/index.ts'
import { assumedKeys, compileDoor } from '../policy/index.ts'
import { askExplain } from './ask-explain.fixture.ts'
import { type AccessDiff, type Difference, diffAccess } from './diff.ts'
import type { Edit, Profile } from './mistakes/edits.test.ts'
import { harder } from './mistakes/harder.test.ts'
import { neutral as neutralUsual } from './mistakes/neutral.test.ts'
import { neutralMore } from './mistakes/neutral-more.test.ts'
import { mistakes as usual } from './mistakes/planted.test.ts'
import { third } from './mistakes/third.test.ts'

const now = 1_800_000_000
/** All of them with `KFDOOR_REGIONS=full`, in some minutes; else every twelfth. */
const full = process.env.KFDOOR_REGIONS === 'full'
const mistakes = [...usual, ...harder, ...third]
const neutral = [...neutralUsual, ...neutralMore]
const taken = (at: number) => full || at % 12 === 0
function meshOf(
  profile: Profile,
  edit: Edit = (text) => text,
): { readonly mesh: Mesh; readonly edited: boolean } {
  const files = profileFiles(profile, { tls: true, demo: true })
  const inputs: MeshInput[] = files.map((input) => ({ ...input, text: edit(input.text, input.file) }))
  const { mesh } = parseMesh(inputs)
  return { mesh, edited: inputs.some(({ text }, at) => text !== files[at]?.text) }
}

const originals = new Map<Profile, Mesh>()
function diffOf(
  profile: Profile,
  edit: Edit,
): { readonly diff: AccessDiff; readonly meshes: readonly [Mesh, Mesh] } {
  const before = originals.get(profile) ?? meshOf(profile).mesh
  originals.set(profile, before)
  const after = meshOf(profile, edit).mesh
  const diff = diffAccess(before, after, { now, old: viewOptions(before), new: viewOptions(after) })
  return { diff, meshes: [before, after] }
}

/** What `explain` says of a witness; `arrived` = before the application's own check. */
function said(mesh: Mesh, { principal, witness }: Difference, arrived: boolean): string {
  const door = compileDoor(mesh, { fetched: assumedKeys })
  const result = askExplain(door, principal, witness, now, viewOptions(mesh).signIn?.answer)
  if ('problem' in result) return 'unavailable'
  return arrived && (result.arrived ?? result).decision.verdict === 'allow' ? 'allow' : result.verdict
}

for (const [at, [what, profile, edit, list]] of mistakes.entries()) {
  if (!taken(at)) continue
  test(`${profile}: ${what} is found (${list})`, () => {
    assert.ok(meshOf(profile, edit).edited, 'the edit finds its place')
    const { diff, meshes } = diffOf(profile, edit)
    assert.ok(
      diff[list].length > 0,
      JSON.stringify(diff, (_, each) => (Array.isArray(each) ? each.slice(0, 2) : each)),
    )
    if (list === 'deadRules') return
    const [first] = diff[list]
    assert.ok(first)
    // `explain` is not told where a request comes from.
    if (first.witness.sni !== undefined || first.witness.from !== undefined) return
    // Nor is it where nothing listens: it answers for the usual ports there.
    if ([first.from, first.to].some(({ reason }) => reason === 'no-listener')) return
    const byRoles = [first.from, first.to].some(({ reason }) => reason.startsWith('access-'))
    for (const [side, fate] of [first.from, first.to].entries()) {
      const got = said(meshes[side] as Mesh, first, !byRoles)
      assert.equal(got === 'allow', fate.verdict === 'allow', `${side} ${got} ${JSON.stringify(first)}`)
    }
  })
}

for (const [at, [what, profile, edit]] of neutral.entries()) {
  if (!taken(at)) continue
  test(`${profile}: ${what} makes no difference`, () => {
    assert.ok(what === 'nothing' || meshOf(profile, edit).edited, 'the edit finds its place')
    const { deadRules, ...diff } = diffOf(profile, edit).diff
    assert.deepEqual(Object.fromEntries(Object.entries(diff).filter(([, list]) => list.length > 0)), {})
    // A policy that selects nobody here is not looked at; none of these makes a rule dead.
    assert.deepEqual(deadRules, [])
  })
}

test('the tables are as long as promised', () => {
  assert.ok(mistakes.length >= 170 && neutral.length >= 100)
})
