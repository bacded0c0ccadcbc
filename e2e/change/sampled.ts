/** Plans held against requests drawn at random and asked of the engine alone: nothing here is told what regions claim. */
import assert from 'node:assert/strict'
import { type Mesh, type MeshInput, parseMesh } from '../../src/mesh/index.ts'
import { applyChanges, inverseOf, type Plan, readRawDoor } from '../../src/planner/index.ts'
import { compileDoor, type Door, explain, type Principal, parsePrincipal } from '../../src/policy/index.ts'
import type { ViewOptions, Witness } from '../../src/regions/index.ts'

export interface Sample {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly principal: string
}

interface Moment {
  readonly door: Door
  readonly view: ViewOptions
}

export interface Told {
  readonly asked: number
  readonly gained: number
  readonly lost: number
  readonly moments: number
}

const now = 1_800_000_000

/** What became of it: where it arrived, `no`, or undefined where nobody can tell. */
function fate({ door, view }: Moment, { principal, ...request }: Sample, connectTo?: string) {
  const result = explain(door, {
    scheme: 'http',
    ...request,
    ...(connectTo !== undefined && { connectTo }),
    principal: parsePrincipal(principal) as Principal,
    now,
    ...(view.signIn && { provider: view.signIn.answer }),
  })
  if ('problem' in result) return 'no'
  const { verdict, decision, workload, steps } = result
  // The application's own check is no part of the door.
  const arrived = steps.some(({ phase }) => phase === 'application') || verdict === 'allow'
  if (!arrived) return verdict === 'unknown' ? undefined : 'no'
  if (workload !== undefined) return `${workload.namespace}/${workload.name}`
  return decision.kind === 'forward' ? decision.upstream : verdict
}

/**
 * The door after a plan is the one it names; whoever is let through by a sample and was not before is named, with
 * what they reach; no moment lets through what neither end does, but where the plan says so; undone, every object
 * is what it was. The difference is looked for with the engine, request by request.
 */
export function heldBySamples(
  inputs: readonly MeshInput[],
  plan: Plan,
  view: (mesh: Mesh) => ViewOptions,
  samples: readonly Sample[],
): Told {
  const { changes, access, risks } = plan.spec
  const rows = [inputs]
  for (const change of changes) rows.push(applyChanges(rows.at(-1) ?? [], [change], 'new.yaml'))
  const moments = rows.map((texts): Moment => {
    const { mesh } = parseMesh(texts)
    return { door: compileDoor(mesh, view(mesh)), view: view(mesh) }
  })
  const [first, last] = [moments[0], moments.at(-1)] as [Moment, Moment]
  const told = { asked: 0, gained: 0, lost: 0, moments: moments.length }
  // A caller with forged headers is named beside the same without only where they fare otherwise.
  const plain = ({ principal }: { readonly principal: string }) => principal.replace('+forged', '')
  const gained = new Set([...access.gained, ...access.changed].map(plain))
  const lost = new Set([...access.lost, ...access.changed].map(plain))
  const open = access.unknown.length > 0
  const excess = risks.some((risk) => /^after change \d+ and until the last one/.test(risk))
  for (const sample of samples) {
    const [was, is] = [fate(first, sample), fate(last, sample)]
    const about = JSON.stringify(sample)
    told.asked++
    if (was === undefined || is === undefined) continue
    if (is !== 'no' && was !== is) {
      told.gained++
      assert.ok(gained.has(plain(sample)) || open, `${about} gains ${is}, was ${was}, and is not named`)
    }
    if (is === 'no' && was !== 'no') {
      told.lost++
      assert.ok(lost.has(plain(sample)) || open, `${about} loses ${was}, and is not named`)
    }
    if (excess) continue
    for (const [at, moment] of moments.slice(1, -1).entries()) {
      const between = fate(moment, sample)
      if (between === undefined || between === 'no' || between === was || between === is) continue
      assert.fail(`${about} gets to ${between} after change ${at + 1}: before ${was}, at the end ${is}`)
    }
  }
  for (const { principal, witness, from, to } of [...access.gained, ...access.lost]) {
    const sample = sampleOf(principal, witness)
    if (sample === undefined) continue
    const [was, is] = [fate(first, sample.sample, sample.to), fate(last, sample.sample, sample.to)]
    const about = `${principal} ${JSON.stringify(witness)}: ${from.verdict} → ${to.verdict}`
    if (was === undefined || is === undefined) continue
    assert.deepEqual([was !== 'no', is !== 'no'], [from.verdict === 'allow', to.verdict === 'allow'], about)
  }
  const back = applyChanges(rows.at(-1) ?? [], inverseOf(plan).spec.changes, 'new.yaml')
  assert.deepEqual(objects(back), objects(inputs), 'undone, the objects are others')
  return told
}

const objects = (texts: readonly MeshInput[]) =>
  Object.fromEntries(
    readRawDoor(texts)
      .objects.map(({ name, object }) => [JSON.stringify(name), object] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

/** undefined = `explain` is not told where a request comes from. */
function sampleOf(principal: string, { method, url, headers, from, sni }: Witness) {
  const [, scheme, authority = '', path = '/'] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? []
  if (from !== undefined || sni !== undefined || scheme !== 'http') return undefined
  const host = headers.find(([name]) => name === 'host')?.[1] ?? authority
  const rest = headers.filter(([name]) => name !== 'host')
  return { sample: { method, host, path, headers: rest, principal }, to: authority }
}
