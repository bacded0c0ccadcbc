/** One question, one answer: `map`, `what-can` and `diff` say of a request what `explain` says of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import {
  assumedKeys,
  compileDoor,
  type Door,
  type Principal,
  parsePrincipal,
  type Verdict,
} from '../policy/index.ts'
import { accessMap } from './access-map.ts'
import { askExplain } from './ask-explain.fixture.ts'
import type { Claim } from './claim.ts'
import { diffAccess } from './diff.ts'
import { anOddMesh, changed } from './odd-mesh.test.ts'
import { prove } from './prove.ts'
import { aMesh } from './random-mesh.test.ts'
import type { Witness } from './witness.ts'

const now = 1_800_000_000
const options = { fetched: assumedKeys }
const verdicts: readonly Verdict[] = ['allow', 'deny', 'challenge', 'redirect', 'not-found', 'unavailable']
const full = process.env.KFDOOR_REGIONS === 'full'

const meshOf = (text: string): Mesh => parseMesh([{ file: 'random.yaml', text }]).mesh

/** undefined = `explain` cannot be asked: it is not told where a request comes from, or it goes to a pod. */
function explained(door: Door, principal: string, witness: Witness): string | undefined {
  if (witness.from !== undefined || witness.sni !== undefined) return undefined
  const result = askExplain(door, principal, witness, now)
  // A door on a laptop stands for the usual ports, so `explain` answers for those where nothing listens.
  const { port, protocol } = new URL(witness.url)
  const asked = Number(port || (protocol === 'https:' ? 443 : 80))
  if ('problem' in result) return `unavailable ${result.problem}`
  if (!result.inside && result.request.port !== asked) return undefined
  // Nor does `explain` ask a gateway about a Host that it can only find inside.
  if (result.inside === true && !/^(mesh:|outside)/.test(principal)) return undefined
  return `${result.verdict} ${result.reason}`
}

test('every row of a random door’s map is what explain says of its witness', () => {
  let asked = 0
  fc.assert(
    fc.property(aMesh, (text) => {
      const mesh = meshOf(text)
      const door = compileDoor(mesh, options)
      const rows = accessMap(mesh, { ...options, now })
      for (const { principal, verdict, reason, witness } of rows) {
        // What is not known of a region may be known of one request.
        if (verdict === 'unknown') continue
        const said = explained(door, principal, witness)
        if (said === undefined) continue
        asked++
        assert.equal(said, `${verdict} ${reason}`, `${principal} ${JSON.stringify(witness)}`)
      }
      // `what-can` asks for one caller alone.
      for (const name of ['anonymous', 'user:somebody-else@example.com', 'mesh:apps/b', 'outside+forged']) {
        const own = accessMap(mesh, {
          ...options,
          now,
          principals: [parsePrincipal(name) as Principal],
        })
        assert.deepEqual(
          own,
          rows.filter(({ principal }) => principal === name),
        )
      }
    }),
    { numRuns: full ? 200 : 25, seed: 11 },
  )
  assert.ok(asked > 200)
})

test('map, diff and prove name the reason explain names, at doors that use what seldom is used', () => {
  let asked = 0
  const same = (door: Door, principal: string, witness: Witness, wanted: string) => {
    if (wanted.startsWith('unknown ')) return
    const said = explained(door, principal, witness)
    if (said === undefined) return
    asked++
    assert.equal(said, wanted, `${principal} ${JSON.stringify(witness)}`)
  }
  fc.assert(
    fc.property(anOddMesh, anOddMesh, fc.nat(), (one, other, at) => {
      const meshes = [meshOf(one), meshOf(changed(one, other, at))] as const
      const doors = meshes.map((mesh) => compileDoor(mesh, options)) as [Door, Door]
      for (const { principal, verdict, reason, witness } of accessMap(meshes[0], { ...options, now })) {
        same(doors[0], principal, witness, `${verdict} ${reason}`)
      }
      const diff = diffAccess(meshes[0], meshes[1], { now, old: options, new: options })
      for (const { principal, witness, from, to } of [...diff.gained, ...diff.lost, ...diff.changed]) {
        same(doors[0], principal, witness, `${from.verdict} ${from.reason}`)
        same(doors[1], principal, witness, `${to.verdict} ${to.reason}`)
      }
      const claims = verdicts.map(
        (verdict): Claim => ({ name: verdict, kind: 'never', reaches: { verdict: [verdict] } }),
      )
      for (const { principal, witness, got } of prove(meshes[0], claims, { ...options, now })) {
        if (principal && witness && got) same(doors[0], principal, witness, `${got.verdict} ${got.reason}`)
      }
    }),
    { numRuns: full ? 300 : 12, seed: 23 },
  )
  assert.ok(asked > 200)
})

test('what diff says of two random doors is what explain says of its witnesses at both', () => {
  let asked = 0
  fc.assert(
    fc.property(aMesh, aMesh, (one, other) => {
      const meshes = [meshOf(one), meshOf(other)] as const
      const doors = meshes.map((mesh) => compileDoor(mesh, options))
      const { gained, lost, changed } = diffAccess(meshes[0], meshes[1], {
        now,
        old: options,
        new: options,
      })
      for (const { principal, witness, from, to } of [...gained, ...lost, ...changed]) {
        for (const [side, fate] of [from, to].entries()) {
          const said = explained(doors[side] as Door, principal, witness)
          if (said === undefined) continue
          asked++
          const about = `${side} ${principal} ${JSON.stringify(witness)}`
          assert.equal(said, `${fate.verdict} ${fate.reason}`, about)
        }
      }
      // Nobody can gain what the other way round nobody loses.
      const back = diffAccess(meshes[1], meshes[0], {
        now,
        old: options,
        new: options,
      })
      assert.equal(back.lost.length > 0, gained.length > 0)
      assert.equal(back.gained.length > 0, lost.length > 0)
    }),
    { numRuns: full ? 60 : 4, seed: 13 },
  )
  assert.ok(asked > 50)
})
