/** Questions over all requests, to a door whose gateway is kfdoor's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smallDoor } from '../../../tools/small-door.ts'
import { viewOptions } from '../../cli/map/view-options.ts'
import { type Mesh, parseMesh } from '../../mesh/index.ts'
import { assumedKeys, compileDoor, type Principal, parsePrincipal } from '../../policy/index.ts'
import { accessMap, type Claim, diffAccess, prove } from '../../regions/index.ts'
import { profileFiles } from '../profiles.ts'
import { predict } from '../verify/prediction.ts'
import { hardenedDiff } from './diff.ts'
import { hardenedMap } from './map.ts'
import { hardenedProve } from './prove.ts'

const now = 1_800_000_000

const viewOf = (mesh: Mesh) => ({ ...viewOptions(mesh), now })

/** A gateway that trusts a header as it comes, and one path that is closed. */
const door = (policy: string) =>
  parseMesh([
    {
      file: 'mesh.yaml',
      text: `${smallDoor}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: policy, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
${policy}
`,
    },
  ]).mesh

const trusting = door(`  action: ALLOW
  rules:
  - to: [{operation: {paths: [/open]}}]
  - when: [{key: "request.headers[kubeflow-userid]", values: [admin@example.com]}]
  - to: [{operation: {paths: [/proxied]}}]
    when: [{key: "request.headers[x-forwarded-host]", values: [inside]}]`)

const fates = (rows: readonly { readonly principal: string; readonly verdict: string }[], who: string) =>
  [...new Set(rows.flatMap(({ principal, verdict }) => (principal === who ? [verdict] : [])))].sort()

test('a forged header opens a trusting door of Istio, and no kfdoor gateway', () => {
  const principals = ['anonymous', 'anonymous+forged'].map((text) => parsePrincipal(text) as Principal)
  const istio = accessMap(trusting, { now, principals })
  assert.deepEqual(fates(istio, 'anonymous+forged'), ['allow'])
  const rows = hardenedMap(trusting, { now, principals })
  assert.deepEqual(fates(rows, 'anonymous+forged'), ['allow', 'deny'])
  assert.ok(rows.every(({ witness }) => !witness.headers.some(([name]) => name === 'x-forwarded-host')))
})

for (const profile of ['v1.6', 'v1.9'] as const) {
  test(`${profile}: each row of the map is what the gateway answers to its witness`, () => {
    const { mesh } = parseMesh(profileFiles(profile, { tls: true, demo: true }))
    const engine = compileDoor(mesh, { fetched: assumedKeys })
    const rows = hardenedMap(mesh, viewOf(mesh)).filter(
      ({ door: at }) => at === 'istio-system/ingressgateway',
    )
    assert.ok(rows.some(({ principal }) => principal.endsWith('+forged')))
    const wrong = rows.flatMap((row) => {
      const said = predict(engine, parsePrincipal(row.principal) as Principal, row.witness, {
        answering: 'kfdoor',
        now,
      })
      // A HEAD or an unknown is told by the one witness alone.
      if (row.verdict === 'unknown' || said?.prediction.verdict === row.verdict) return []
      return [
        `${row.principal} ${row.witness.method} ${row.witness.url}: ${row.verdict}, ${said?.prediction.verdict}`,
      ]
    })
    assert.deepEqual(wrong, [])
  })
}

const claim = (over: Partial<Claim>): Claim => ({
  name: 'c',
  kind: 'never',
  reaches: { verdict: ['allow'] },
  ...over,
})

const claims: readonly (readonly [why: string, claim: Claim, istio: string, kfdoor: string])[] = [
  ['a forger gets in', claim({ principal: ['anonymous+forged'], path: ['/admin'] }), 'violated', 'holds'],
  [
    'everybody gets in where it is open',
    claim({ principal: ['anonymous+forged'], path: ['/open'] }),
    'violated',
    'violated',
  ],
  ['nobody known gets in', claim({ principal: ['anonymous'], path: ['/admin'] }), 'violated', 'holds'],
  [
    'without the forgers it is closed',
    claim({ principal: ['anonymous'], notPrincipal: ['*+forged'], path: ['/admin'] }),
    'holds',
    'holds',
  ],
  [
    'a header that says where one comes from',
    claim({ principal: ['anonymous'], notPrincipal: ['*+forged'], path: ['/proxied'] }),
    'violated',
    'unknown',
  ],
  [
    'no client-sent identity reaches a workload',
    claim({
      principal: ['*+forged'],
      notPrincipal: ['mesh:*', 'outside+forged'],
      reaches: { header: [['kubeflow-userid', ['admin@example.com']]] },
    }),
    'violated',
    'holds',
  ],
  [
    'the header is no condition any more',
    claim({ principal: ['anonymous+forged'], path: ['/open'], header: [['kubeflow-userid', ['*']]] }),
    'violated',
    'violated',
  ],
  [
    'always open',
    claim({ kind: 'always', principal: ['anonymous'], path: ['/open'], method: ['GET'] }),
    'holds',
    'holds',
  ],
  [
    'a forger who names somebody else is kept out',
    claim({ kind: 'always', principal: ['anonymous+forged'], path: ['/admin'], method: ['GET'] }),
    'violated',
    'violated',
  ],
]
for (const [why, one, istio, kfdoor] of claims) {
  test(`${why}: ${istio} at Istio, ${kfdoor} at a kfdoor gateway`, () => {
    assert.equal(prove(trusting, [one], { now })[0]?.outcome, istio)
    const [proof] = hardenedProve(trusting, [one], { now })
    assert.equal(proof?.outcome, kfdoor, JSON.stringify(proof))
    if (proof?.outcome === 'violated')
      assert.equal(proof.principal?.endsWith('+forged'), one.principal?.[0]?.endsWith('+forged'))
  })
}

test('pods do not pass the gateway: what a claim says of them is decided as at Istio', () => {
  const { mesh } = parseMesh(profileFiles('v1.9', { tls: true, demo: true }))
  const one = claim({ principal: ['outside+forged'], reaches: { service: ['*'] } })
  const [istio] = prove(mesh, [one], viewOf(mesh))
  assert.deepEqual(hardenedProve(mesh, [one], viewOf(mesh))[0], istio)
})

test('whom only a forged header lets in gains nothing at a kfdoor gateway; what opens for all opens for forgers too', () => {
  const closed = door('  action: ALLOW\n  rules:\n  - to: [{operation: {paths: [/open]}}]')
  const options = { now, old: {}, new: {} }
  const names = (list: readonly { readonly principal: string }[]) =>
    [...new Set(list.map(({ principal }) => principal))].sort()
  const istio = names(diffAccess(closed, trusting, options).gained)
  assert.ok(istio.includes('anonymous+forged'))
  const diff = hardenedDiff(closed, trusting, options)
  assert.deepEqual(names(diff.gained), [])
  const more = door('  action: ALLOW\n  rules:\n  - to: [{operation: {paths: [/open, /more]}}]')
  const opened = hardenedDiff(closed, more, options)
  assert.ok(names(opened.gained).includes('anonymous') && names(opened.gained).includes('anonymous+forged'))
  assert.deepEqual(opened.public.length > 0, true)
})

test('doors that drop other headers are not called the same where rules look at those', () => {
  const rules = '  action: ALLOW\n  rules:\n  - when: [{key: "request.headers[x-team]", values: [a]}]'
  const jwt = `${rules}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  jwtRules: [{issuer: a, jwks: '{"keys":[]}', outputClaimToHeaders: [{header: x-team, claim: team}]}]`
  const { unknown } = hardenedDiff(door(rules), door(jwt), { now, old: {}, new: {} })
  assert.ok(unknown.some((each) => 'reason' in each && /x-team/.test(each.reason)))
})
