/**
 * What `prove` and `diff` say of all requests holds for requests at random, at doors that use what seldom is
 * used: nobody is found to do what is said to be impossible, and no change goes by unnoticed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { assumedKeys, type Principal, type Verdict } from '../policy/index.ts'
import { type Caller, callerOf, nameOf } from './caller.ts'
import type { Claim } from './claim.ts'
import { diffAccess } from './diff.ts'
import { findPrincipals } from './find-callers.ts'
import { anOddMesh, changed } from './odd-mesh.test.ts'
import { aRequest, fateOf, type Sent } from './odd-requests.test.ts'
import type { Outcome } from './outcome.ts'
import { prove } from './prove.ts'
import { View } from './view.ts'

const now = 1_800_000_000
const options = { fetched: assumedKeys }
const full = process.env.KFDOOR_REGIONS === 'full'
const requests = fc.array(aRequest, { minLength: 60, maxLength: full ? 200 : 60 })

const meshOf = (text: string): Mesh => parseMesh([{ file: 'odd.yaml', text }]).mesh
/** A connection that ends before a request is read is no request to a door. */
const enters = ({ reason }: Outcome) =>
  !/^(no-listener|no-filter-chain|listener-is-|client-cert)/.test(reason)

const verdicts: readonly Verdict[] = [
  'allow',
  'deny',
  'challenge',
  'redirect',
  'not-found',
  'unavailable',
  'unknown',
]

/** For each caller: that nothing of his comes to this verdict, nor to this Service. */
function claimsOf(callers: readonly Caller[]): readonly Claim[] {
  return callers.flatMap(({ name, principal }): Claim[] => {
    const who = {
      kind: 'never' as const,
      principal: [name],
      ...(!principal.forged && { notPrincipal: [`${name}+forged`] }),
    }
    return [
      ...verdicts.map((verdict) => ({ ...who, name: `${name} ${verdict}`, reaches: { verdict: [verdict] } })),
      ...['a', 'b'].map((service) => ({
        ...who,
        name: `${name} @${service}`,
        reaches: { service: [`${service}.apps`] },
      })),
    ]
  })
}

test('what is proved never to happen does not happen to random requests', () => {
  let asked = 0
  fc.assert(
    fc.property(anOddMesh, requests, (text, list) => {
      const mesh = meshOf(text)
      const view = new View(mesh, options)
      const callers = findPrincipals(mesh).map((principal) => callerOf(mesh, principal, now))
      const held = new Set(
        prove(mesh, claimsOf(callers), { ...options, now }).flatMap(({ name, outcome }) =>
          outcome === 'holds' ? [name] : [],
        ),
      )
      for (const sent of list) {
        for (const caller of callers) {
          const fate = fateOf(view, caller, sent, now)
          if (fate === undefined || !enters(fate)) continue
          asked++
          const about = `${caller.name} ${JSON.stringify(sent)} ${fate.reason}`
          assert.ok(!held.has(`${caller.name} ${fate.verdict}`), `${fate.verdict}: ${about}`)
          const service = fate.service?.split('.')[0]
          if (fate.verdict === 'allow') assert.ok(!held.has(`${caller.name} @${service}`), about)
        }
      }
    }),
    { numRuns: full ? 300 : 12, seed: 17 },
  )
  assert.ok(asked > 500)
})

type Kind = 'gained' | 'lost' | 'changed'

function kindOf(from: Outcome, to: Outcome): Kind | undefined {
  if (from.verdict === 'unknown' || to.verdict === 'unknown') return undefined
  const [was, is] = [from.verdict === 'allow', to.verdict === 'allow']
  if (was !== is) return is ? 'gained' : 'lost'
  const moved = from.upstream !== to.upstream || JSON.stringify(from.identity) !== JSON.stringify(to.identity)
  return is && moved ? 'changed' : undefined
}

type End = { readonly verdict: string; readonly upstream?: string | null }

/** What differences of one kind are told apart by. */
function keyOf(kind: Kind, who: string, from: End, to: End): string {
  const [was, is] = [from.upstream ?? null, to.upstream ?? null]
  return `${kind} ${who} ${from.verdict} ${to.verdict} ${kind === 'lost' ? was : is} ${kind === 'changed' ? was : ''}`
}

test('no random request fares otherwise at a changed door unless the difference is told', () => {
  let told = 0
  fc.assert(
    fc.property(anOddMesh, anOddMesh, fc.nat(), requests, (one, other, at, list) => {
      const meshes = [meshOf(one), meshOf(changed(one, other, at))] as const
      const views = meshes.map((mesh) => new View(mesh, options)) as [View, View]
      const diff = diffAccess(meshes[0], meshes[1], { now, old: options, new: options })
      const known = new Set(
        (['gained', 'lost', 'changed'] as const).flatMap((kind) =>
          diff[kind].map(({ principal, from, to }) => keyOf(kind, principal, from, to)),
        ),
      )
      const open = diff.unknown.flatMap((each) => ('principal' in each ? [each.principal] : ['']))
      const principals = new Map(meshes.flatMap(findPrincipals).map((each) => [nameOf(each), each] as const))
      for (const [name, principal] of principals) {
        if (open.includes('') || open.includes(name)) continue
        for (const sent of list) {
          const [from, to] = meshes.map((mesh, side) => fate(mesh, views[side] as View, principal, sent))
          const kind = from && to && kindOf(from, to)
          if (kind === undefined) continue
          told++
          const said = `${from?.verdict} ${from?.reason} ${from?.upstream} → ${to?.verdict} ${to?.reason} ${to?.upstream}`
          assert.ok(
            known.has(keyOf(kind, name, from as Outcome, to as Outcome)),
            `${name} ${said} ${JSON.stringify(sent)}`,
          )
        }
      }
    }),
    { numRuns: full ? 300 : 12, seed: 19 },
  )
  assert.ok(told > 100)
})

function fate(mesh: Mesh, view: View, principal: Principal, sent: Sent): Outcome | undefined {
  return fateOf(view, callerOf(mesh, principal, now), sent, now)
}
