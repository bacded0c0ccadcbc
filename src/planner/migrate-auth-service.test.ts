import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { aWorld, planFor, refusal } from '../../e2e/change/intent-world.ts'
import { migrateAuthService, type Seat } from './migrate-auth-service.ts'

const rows: readonly (readonly [profile: string, seat: Seat, object: string, file: string])[] = [
  ['26.03', 'oauth2-proxy', 'Deployment oauth2-proxy/oauth2-proxy', 'oauth2-proxy.yaml'],
  ['v1.9', 'oauth2-proxy', 'Deployment oauth2-proxy/oauth2-proxy', 'oauth2-proxy.yaml'],
  ['v1.8', 'authservice', 'StatefulSet istio-system/oidc-authservice', 'authservice-v1.8.yaml'],
  ['v1.6', 'authservice', 'StatefulSet istio-system/authservice', 'authservice-v1.6.yaml'],
]
for (const [profile, seat, object, file] of rows) {
  test(`${profile}: the seat of ${seat} is what deploy/seats has, and nobody’s access changes`, () => {
    const world = aWorld([`profiles/${profile}/release`])
    const { spec } = planFor(
      world,
      migrateAuthService(world, seat, { image: 'kfdoor:0.1.0' }),
      `migrate ${seat}`,
    )
    const [change] = spec.changes
    assert.ok(change?.op === 'update' && spec.changes.length === 1)
    assert.equal(`${change.object.kind} ${change.object.namespace}/${change.object.name}`, object)
    const container = (from: unknown) =>
      (from as { spec: { template: { spec: { containers: Record<string, unknown>[] } } } }).spec.template.spec
        .containers[0] as Record<string, unknown>
    const patch = container(
      parse(readFileSync(new URL(`../../deploy/seats/${file}`, import.meta.url), 'utf8')),
    )
    const [before, after] = [container(change.before), container(change.after)]
    for (const [key, value] of Object.entries(patch)) assert.deepEqual(after[key], value, key)
    for (const key of ['args', 'env', 'envFrom', 'ports', 'volumeMounts'])
      assert.deepEqual(after[key], before[key], key)
    const { gained, lost, changed, public: opened, unknown } = spec.access
    assert.deepEqual([gained, lost, changed, opened, unknown], [[], [], [], [], []])
    assert.match(spec.risks.join('\n'), /is the one Kubeflow publishes/)
    assert.deepEqual(
      migrateAuthService(world.after(spec.changes), seat, { image: 'kfdoor:0.1.0' }).changes,
      [],
    )
  })
}

test('the old service is asked on, where it still runs', () => {
  const { changes, risks } = migrateAuthService(aWorld(['profiles/26.03/release']), 'oauth2-proxy', {
    image: 'kfdoor:0.1.0',
    fallback: 'http://old.oauth2-proxy.svc.cluster.local',
  })
  assert.match(JSON.stringify(changes), /"--fallback","http:\/\/old\.oauth2-proxy\.svc\.cluster\.local"/)
  assert.doesNotMatch(risks.join(), /sign in once more/)
})

test('refused: a door that runs the other one, or a workload that is none', () => {
  const world = aWorld(['profiles/26.03/release'])
  assert.match(
    refusal(() => migrateAuthService(world, 'authservice', { image: 'x' })),
    /no workload of this door runs authservice/,
  )
  assert.match(
    refusal(() => migrateAuthService(world, 'oauth2-proxy', { image: 'x', workload: 'a/b' })),
    /a\/b is no workload/,
  )
})
