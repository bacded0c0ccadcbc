/**
 * What `diff` and `prove` say of planted mistakes, asked of a real Envoy that stands for the whole door as
 * it was and as it is with the mistake: each witness fares at both as was said, and the workload it
 * reaches is handed the identity that was said.
 */

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { readClaims } from '../src/cli/prove/read-claims.ts'
import { profileFiles, profileNames } from '../src/compose/profiles.ts'
import { identityHeaders, type ProxyIdentity } from '../src/policy/index.ts'
import { type Difference, diffAccess, prove, type Witness } from '../src/regions/index.ts'
import type { Edit, Profile } from '../src/regions/mistakes/edits.test.ts'
import { harder } from '../src/regions/mistakes/harder.test.ts'
import { mistakes as usual } from '../src/regions/mistakes/planted.test.ts'
import { third } from '../src/regions/mistakes/third.test.ts'
import { type Asked, askedOf, expected, now, seen, standingOf } from './envoy/as-caller.ts'
import { type Standing, startWholeDoors, type WholeDoor } from './envoy/whole-door.ts'

/** One of each mechanism; `KFDOOR_ENVOY=all` plants every mistake there is. */
const chosen = new Set([
  'a slash removed from the exemption',
  'CUSTOM looks at a header nobody sends',
  'the machines’ issuer with a slash',
  'the identity in another header',
  'a Gateway that serves one host',
  'a model by another’s header',
  'a token opens the predictor to every account',
  'mTLS off at the dashboard',
  'an exemption of models by path',
  'the DENY is missing',
  'the auth service skips more',
  'the EnvoyFilter is gone',
])
const all = process.env.KFDOOR_ENVOY === 'all'
const planted = [...usual, ...harder, ...third].filter(
  ([what, profile]) => all || (chosen.has(what) && !(what === 'the DENY is missing' && profile === '26.03')),
)

const released = (profile: Profile, edit: Edit = (text) => text) =>
  standingOf(
    profileFiles(profile, { tls: true, demo: true }).map((input) => ({
      ...input,
      text: edit(input.text, input.file),
    })),
  )
const before = profileNames.map((name) => released(name))
const edited = planted.map(([, profile, edit]) => released(profile, edit))
const { doors, close } = await startWholeDoors([...before, ...edited])
after(close)

interface Side {
  readonly standing: Standing
  readonly whole: WholeDoor
}
const sideOf = (standing: Standing, at: number): Side => ({ standing, whole: doors[at] as WholeDoor })
const optionsOf = ({ mesh, engine }: Standing) => ({ ...viewOptions(mesh), ...engine })

/** What a principal in the mesh sends does not come by the gateway; and only loopback can be sent from here. */
const canBeSent = (principal: string, { from }: Witness) =>
  !/^(?:mesh:|outside)/.test(principal) && (from === undefined || from.startsWith('127.'))

/** Who answers from outside: the ingress gateway. */
const ingress = ({ door }: Standing) =>
  door.gateways.find(({ labels }) => labels.istio === 'ingressgateway') as ProxyIdentity

const identityIn = (headers: readonly (readonly [string, string])[] = []) =>
  Object.fromEntries(headers.filter(([name]) => identityHeaders.includes(name)))

interface Fared {
  readonly asked: Asked
  /** Envoy's answer and who was reached. */
  readonly got: string
  readonly identity: Readonly<Record<string, string>>
}

/** Asks Envoy, and holds its answer against the engine's own about this very request; undefined = nothing listens. */
async function fares(
  { standing, whole }: Side,
  principal: string,
  witness: Witness,
): Promise<Fared | undefined> {
  const proxy = ingress(standing)
  const asked = askedOf(proxy, principal, witness, standing)
  if (asked === undefined) return undefined
  assert.equal(whole.refusal(proxy, asked.port), undefined)
  const want = expected(asked.claimed)
  const answer = await whole.ask(proxy, asked.port, asked.sent, asked.answers)
  const got = seen(answer, want)
  assert.equal(got, want, `${principal} ${JSON.stringify(witness)}`)
  return { asked, got, identity: identityIn('error' in answer ? [] : answer.upstreamHeaders) }
}

const claims = await Promise.all(
  ['door', 'models', 'sign-in'].map((name) => readClaims({ readStdin: async () => '' }, `claims:${name}`)),
).then((lists) => lists.flat())

/** One of each kind of caller and fate. */
function someOf(differences: readonly Difference[]): readonly Difference[] {
  const kinds = new Map<string, Difference>()
  for (const each of differences) {
    const { principal, from, to, witness } = each
    if (!canBeSent(principal, witness)) continue
    const caller = all ? principal : principal.replace(/:[^+]*/, '')
    const fates = [from, to].map(({ verdict, reason, upstream }) => `${verdict} ${reason} ${upstream}`)
    const kind = `${caller} ${fates.join(' ')}`
    if (!kinds.has(kind)) kinds.set(kind, each)
  }
  return [...kinds.values()]
}

const proven = new Map<Standing, ReturnType<typeof prove>>()
function proofsOf(standing: Standing): ReturnType<typeof prove> {
  const known = proven.get(standing) ?? prove(standing.mesh, claims, { ...optionsOf(standing), now })
  proven.set(standing, known)
  return known
}

for (const [index, [what, profile, , list]] of planted.entries()) {
  test(`${profile}: ${what}: what diff and prove say is so at Envoy`, async (context) => {
    const at = profileNames.indexOf(profile)
    const sides = [
      sideOf(before[at] as Standing, at),
      sideOf(edited[index] as Standing, before.length + index),
    ] as const
    const [old, edit] = sides
    const diff = diffAccess(old.standing.mesh, edit.standing.mesh, {
      now,
      old: optionsOf(old.standing),
      new: optionsOf(edit.standing),
    })
    let differences = 0
    let apart = 0
    for (const each of someOf([...diff.gained, ...diff.lost, ...diff.changed])) {
      const { principal, witness } = each
      const got: string[] = []
      for (const [side, fate] of [each.from, each.to].entries()) {
        if (fate.verdict === 'unknown') continue
        const about = `${side === 0 ? 'before' : 'after'} ${JSON.stringify(each)}`
        const fared = await fares(sides[side] as Side, principal, witness)
        if (fared === undefined) {
          assert.equal(fate.verdict, 'unavailable', about)
          got.push('nothing listens')
          continue
        }
        const { verdict, reason } = fared.asked.claimed
        // A door that has no such way in says so in one word; the listener may be there for others.
        if (fate.reason === 'no-listener') assert.equal(verdict, fate.verdict, about)
        else assert.equal(`${verdict} ${reason}`, `${fate.verdict} ${fate.reason}`, about)
        if (fate.verdict === 'allow') assert.deepEqual(fared.identity, fate.identity, about)
        got.push(`${fared.got} ${JSON.stringify(fared.identity)}`)
      }
      differences++
      if (got.length === 2 && got[0] !== got[1]) apart++
    }
    let violated = 0
    // Claims of a door are about what is open: what closes it breaks none.
    const opens = list === 'public' || list === 'gained'
    const [held, proofs] = opens ? sides.map(({ standing }) => proofsOf(standing)) : []
    for (const [number, { name, outcome, principal = '', witness, got }] of (proofs ?? []).entries()) {
      if (outcome !== 'violated' || witness === undefined || !canBeSent(principal, witness)) continue
      const fared = await fares(edit, principal, witness)
      assert.equal(fared?.asked.claimed.verdict, got?.verdict, name)
      violated++
      if (held?.[number]?.outcome !== 'holds') continue
      // It held: the same request fared otherwise.
      const was = await fares(old, principal, witness)
      assert.notDeepEqual([was?.got, was?.identity], [fared?.got, fared?.identity], name)
    }
    assert.equal(apart, differences, 'Envoy tells old and new apart at each of them')
    assert.ok(differences + violated > 0)
    context.diagnostic(`${differences} differences Envoy tells apart, ${violated} broken claims`)
  })
}
