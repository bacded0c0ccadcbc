/**
 * The map asks about classes of callers, by bits and once for all routes where it can. Here the same
 * cells are gone through slowly, every caller of every cell asked of the engine: nothing may differ.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { viewOptions } from '../cli/map/view-options.ts'
import { readInputs } from '../compose/read-inputs.ts'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { assumedKeys, type Principal, parsePrincipal } from '../policy/index.ts'
import { accessMap, foldedMap } from './access-map.ts'
import { callerOf, isInside } from './caller.ts'
import { cellsOf } from './cell.ts'
import { findPrincipals } from './find-callers.ts'
import { Judge } from './judge.ts'
import { aFront, aMesh } from './random-mesh.test.ts'
import { RouteNames } from './route-name.ts'
import { View, type ViewOptions } from './view.ts'

const now = 1_800_000_000

/** Every outcome of every caller on every route, by the engine alone; headers only where they open. */
function slowMap(mesh: Mesh, options: ViewOptions): ReadonlyMap<string, ReadonlySet<string>> {
  const view = new View(mesh, options)
  const callers = findPrincipals(mesh).map((principal) => callerOf(mesh, principal, now))
  const judge = new Judge(view, callers, now)
  const names = new RouteNames()
  const found = new Map<string, Set<string>>()
  const routed = new Set<string>()
  const services = new Set(
    mesh.services.flatMap(({ namespace, name }) =>
      ['', '.svc', '.svc.cluster.local'].map((end) => `${name}.${namespace}${end}`),
    ),
  )
  for (const cell of cellsOf([view])) {
    const [spot] = cell.spots
    const route = spot && names.of(cell, spot)
    if (route === undefined || cell.unrouted || cell.unknown !== undefined) continue
    const inside = cell.entrance.service !== undefined
    const place = `${cell.entrance.door} ${route.id} ${route.match} ${route.hosts}`
    // Several headers together are looked at where they lead to a route nothing simpler leads to.
    if (cell.variation.size > 1 && routed.has(place)) continue
    routed.add(place)
    for (const [index, caller] of callers.entries()) {
      if (isInside(caller) !== inside) continue
      const named = services.has(cell.host.replace(/:\d*$/, ''))
      if (!inside && named && caller.principal.kind === 'service-account') continue
      const key = `${place} ${caller.name}`
      const known = found.get(key) ?? new Set()
      const open = [...known].some((text) => text.startsWith('allow '))
      if (cell.variation.size > 0 && open) continue
      const outcome = judge.decideWhole(cell, 0, index)
      if (outcome === undefined) continue
      const { verdict, reason } = outcome.application ?? outcome
      if (cell.variation.size > 0 && known.size > 0 && verdict !== 'allow') continue
      known.add(`${verdict} ${reason} ${outcome.upstream ?? ''}`)
      found.set(key, known)
    }
  }
  return found
}

function fastMap(mesh: Mesh, options: ViewOptions): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const row of accessMap(mesh, { ...options, now })) {
    if (row.outcome.reason === 'too many combinations of headers') continue
    const key = `${row.door} ${row.route.id} ${row.route.match} ${row.route.hosts} ${row.principal}`
    const known = found.get(key) ?? new Set()
    known.add(`${row.verdict} ${row.reason} ${row.outcome.upstream ?? ''}`)
    found.set(key, known)
  }
  return found
}

function assertSame(mesh: Mesh): number {
  const options = viewOptions(mesh)
  const [slow, fast] = [slowMap(mesh, options), fastMap(mesh, options)]
  const plain = (map: ReadonlyMap<string, ReadonlySet<string>>) =>
    [...map].map(([key, texts]) => `${key}: ${[...texts].sort().join(' | ')}`).sort()
  assert.deepEqual(plain(fast), plain(slow))
  return slow.size
}

for (const profile of ['v1.9', 'v1.6']) {
  test(`the map says what the engine says of every caller: profile ${profile}`, async () => {
    const { mesh } = parseMesh(await readInputs([`profile:${profile}`], async () => ''))
    assert.ok(assertSame(mesh) > 500)
  })
}

test('the map says what the engine says of every caller: random meshes', () => {
  fc.assert(
    fc.property(aMesh, (text) => {
      const { mesh, problems } = parseMesh([{ file: 'random.yaml', text }])
      assert.deepEqual(
        problems.filter(({ severity }) => severity === 'error'),
        [],
      )
      assertSame(mesh)
    }),
    { numRuns: process.env.KFDOOR_REGIONS === 'full' ? 300 : 25, seed: 7 },
  )
})

test('a rule of a dry run does not ask the authorizer: it denies, and other paths ask', () => {
  const policy = (name: string, path: string, annotations: string) => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: istio-system${annotations}}
spec:
  action: CUSTOM
  provider: {name: ask}
  rules: [{to: [{operation: {paths: [${path}]}}]}]
`
  const text = `${aFront}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: all, namespace: apps}
spec:
  gateways: [istio-system/door]
  hosts: ["*"]
  http: [{route: [{destination: {host: b.apps.svc.cluster.local}}]}]
${policy('dry', '/admin', ', annotations: {istio.io/dry-run: "true"}')}${policy('asks', '/public', '')}`
  const { mesh } = parseMesh([{ file: 'dry.yaml', text }])
  assertSame(mesh)
  const rows = accessMap(mesh, { now, fetched: assumedKeys })
  const own = rows.filter(
    ({ principal, route }) =>
      principal === 'user:somebody-else@example.com' && route.id === 'apps/all/http[0]',
  )
  assert.deepEqual(own.map(({ verdict, witness }) => `${verdict} ${witness.url}`).sort(), [
    'allow http://x/',
    'allow http://x/public',
    'deny http://x/admin',
  ])
})

test('a connection of bytes has the name of its caller, too', () => {
  const text = `${aFront}
---
apiVersion: v1
kind: Service
metadata: {name: bytes, namespace: apps}
spec: {selector: {app: a}, ports: [{name: tcp, port: 81, targetPort: 8081}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: apps}
spec: {selector: {matchLabels: {app: a}}, rules: [{from: [{source: {notNamespaces: [apps]}}]}]}
`
  const { mesh } = parseMesh([{ file: 'door.yaml', text }])
  const principals = ['mesh:apps/a', 'mesh:team-b/b', 'outside'].map(
    (name) => parsePrincipal(name) as Principal,
  )
  const verdicts = accessMap(mesh, { fetched: assumedKeys, now, principals })
    .filter(({ witness }) => witness.url.includes(':81'))
    .map(({ principal, verdict }) => `${principal} ${verdict}`)
  assert.deepEqual(verdicts.sort(), ['mesh:apps/a deny', 'mesh:team-b/b allow', 'outside allow'])
})

test('folds count as many rows as there are', () => {
  const { mesh } = parseMesh([{ file: 'front.yaml', text: aFront }])
  const folded = foldedMap(mesh, { now, fetched: assumedKeys })
  assert.equal(
    folded.count(() => true),
    folded.rows().length,
  )
})
