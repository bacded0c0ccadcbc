/**
 * Mistakes and neutral edits on the releases' own YAML, which lies beside the checkout: `diff` finds
 * each mistake, with a request that fares differently at both doors, and `prove` the claim it breaks;
 * neither says anything of an edit that changes nothing. All of them with `KFDOOR_REGIONS=full`, in some
 * minutes; else every twelfth.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withWaysAround } from '../cli/diff/ways-around.ts'
import { viewOptions } from '../cli/map/view-options.ts'
import { readClaims } from '../cli/prove/read-claims.ts'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { assumedKeys, compileDoor } from '../policy/index.ts'
import { askExplain } from './ask-explain.fixture.ts'
import { type AccessDiff, type Difference, diffAccess, type Fate } from './diff.ts'
import { folderOf, objectsOf, type Release } from './mistakes/release-door.test.ts'
import { releaseNeutral } from './mistakes/release-neutral.test.ts'
import { releaseMistakes } from './mistakes/release-planted.test.ts'
import { prove } from './prove.ts'

const now = 1_800_000_000
const full = process.env.KFDOOR_REGIONS === 'full'
const taken = (at: number) => full || at % 12 === 0
const there = folderOf('26.03') !== undefined
const left = '(left out: no shared folder beside the checkout)'
const claims = (await Promise.all(['claims:door', 'claims:sign-in'].map(claimsOf))).flat()

function claimsOf(name: string) {
  return readClaims({ readStdin: async () => '' }, name)
}

const meshOf = (text: string): Mesh => parseMesh([{ file: 'door.yaml', text }]).mesh

const originals = new Map<Release, { readonly mesh: Mesh; readonly text: string }>()
function original(release: Release) {
  const known = originals.get(release)
  if (known !== undefined) return known
  const text = objectsOf(release).text()
  const made = { text, mesh: meshOf(text) }
  originals.set(release, made)
  return made
}

function between(before: Mesh, after: Mesh): AccessDiff {
  const [was, is] = [viewOptions(before), viewOptions(after)]
  const diff = diffAccess(before, after, { now, old: was, new: is })
  return withWaysAround(diff, { mesh: before, view: was }, { mesh: after, view: is }, now)
}

/** What `explain` says of a witness, before the application's own check. */
function said(mesh: Mesh, { principal, witness }: Difference): string {
  const door = compileDoor(mesh, { fetched: assumedKeys })
  const result = askExplain(door, principal, witness, now, viewOptions(mesh).signIn?.answer)
  if ('problem' in result) return 'unavailable'
  return (result.arrived ?? result).decision.verdict === 'allow' ? 'allow' : result.verdict
}

for (const [at, [what, release, edit, lists, broken]] of releaseMistakes.entries()) {
  const name = `${release}: ${what} is found (${lists.join(', ')})`
  if (!there) test.skip(`${name} ${left}`)
  if (!there || !taken(at)) continue
  test(name, () => {
    const { mesh: before, text } = original(release)
    const door = objectsOf(release)
    edit(door)
    assert.notEqual(door.text(), text, 'the edit finds its place')
    const after = meshOf(door.text())
    const diff = between(before, after)
    const count = Object.entries(diff).map(([list, found]) => `${list} ${found.length}`)
    for (const list of lists) assert.ok(diff[list].length > 0, `${list}: ${count}`)
    for (const list of ['gained', 'lost', 'public'] as const) {
      const [first] = diff[list]
      // `explain` is not told where a request comes from.
      if (first === undefined || first.witness.sni !== undefined || first.witness.from !== undefined) continue
      if (/^(mesh|outside)/.test(first.principal)) continue
      for (const [side, mesh] of [before, after].entries()) {
        const fate: Fate | undefined = [first.from, first.to][side]
        assert.equal(
          said(mesh, first) === 'allow',
          fate?.verdict === 'allow',
          `${side} ${JSON.stringify(first)}`,
        )
      }
    }
    if (broken === undefined || broken.length === 0) return
    const proofs = prove(after, claims, { ...viewOptions(after), now })
    for (const claim of broken) {
      const proof = proofs.find((each) => each.name === claim)
      assert.equal(proof?.outcome, 'violated', claim)
      assert.ok(proof?.witness !== undefined, claim)
    }
  })
}

for (const [at, [what, release, edit, rewrite = (text: string) => text]] of releaseNeutral.entries()) {
  const name = `${release}: ${what} makes no difference`
  if (!there) test.skip(`${name} ${left}`)
  if (!there || !taken(at)) continue
  test(name, () => {
    const { mesh: before, text } = original(release)
    const door = objectsOf(release)
    edit(door)
    const now = rewrite(door.text())
    assert.notEqual(now, text, 'the edit finds its place')
    const { deadRules, ...diff } = between(before, meshOf(now))
    assert.deepEqual(Object.fromEntries(Object.entries(diff).filter(([, list]) => list.length > 0)), {})
    assert.deepEqual(deadRules, [])
  })
}

test('the tables are as long as promised', () => {
  assert.ok(releaseMistakes.length >= 120 && releaseNeutral.length >= 60)
})
