/**
 * `kfdoor expose` and `unexpose` from end to end on a real API server with each release's door in it: planned
 * from the cluster, carried out, read back as predicted, undone to the byte, and taken back by its marks.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { applyPlan } from '../src/compose/change/apply-plan.ts'
import { openPlace } from '../src/compose/change/open-place.ts'
import { readTexts } from '../src/compose/change/read-texts.ts'
import { rollBack } from '../src/compose/change/roll-back.ts'
import { parseMesh } from '../src/mesh/index.ts'
import {
  expose,
  type Intended,
  type Plan,
  planOf,
  readRawDoor,
  unexpose,
  usualAudience,
} from '../src/planner/index.ts'
import type { AccessDiff } from '../src/regions/index.ts'
import { changedIn, clearTo, dumpOf } from './change/cluster-dump.ts'
import { accessBetween, readDoor, withoutPlaces } from './change/rows.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const shared = fileURLToPath(new URL('../../shared/fixtures/kubeflow/', import.meta.url))

describe('an exposed model on a real API server', {
  skip: existsSync(shared) ? false : 'the fixtures of four releases are not beside the checkout',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-expose-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const env = { XDG_STATE_HOME: join(folder, 'state') }
  let cluster: Cluster
  let empty: ReadonlyMap<string, string>

  before(async () => {
    cluster = await startCluster()
    cluster.kubeconfig(kubeconfig)
    await installKinds(cluster)
    empty = await dumpOf(cluster)
  })
  after(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function plan(
    intent: string,
    intend: (world: Parameters<typeof expose>[0]) => Intended,
  ): Promise<Plan> {
    const { inputs, source } = await readTexts(['cluster:'], async () => '', { env: {}, kubeconfig })
    const view = viewOptions
    const now = Math.floor(Date.now() / 1000)
    const world = { door: readRawDoor(inputs), mesh: parseMesh(inputs).mesh, now, view }
    const options = { intent, subject: 'sklearn-iris', command: ['kfdoor', intent], source, now, view }
    return planOf(world.door, intend(world), options)
  }

  for (const fixture of ['v1.9', 'v1.6']) {
    test(`${fixture}: applied as predicted, rolled back to the byte, and taken back by its marks`, async () => {
      await clearTo(cluster, empty)
      await loadYaml(cluster, [join(shared, fixture)], 'kubectl')
      const was = await dumpOf(cluster)
      const seen = await readDoor(kubeconfig)
      const opening = await plan('expose', (world) =>
        expose(world, {
          kind: 'model',
          name: 'sklearn-iris',
          to: [{ kind: 'sa', namespace: 'kubeflow-user-example-com', name: 'default-viewer' }],
          public: false,
          audience: usualAudience,
          jwksUri: 'http://keys.istio-system.svc.cluster.local/keys',
          timeout: '300s',
        }),
      )
      const place = await openPlace(opening, { env, kubeconfig, say: () => {} })
      try {
        assert.equal((await applyPlan(opening, place)).outcome, 'applied')
        assert.equal(changedIn(was, await dumpOf(cluster)).length, opening.spec.changes.length)
        // Those found in the YAML; the plan asks about the named account with its audience beside them.
        const found = accessBetween(seen, await readDoor(kubeconfig)) as AccessDiff
        const predicted = withoutPlaces(opening.spec.access) as AccessDiff
        assert.deepEqual(found.public, [])
        const named = ({ principal }: { readonly principal: string }) =>
          principal.includes('aud=istio-ingressgateway')
        assert.deepEqual(
          found.gained,
          predicted.gained.filter((each) => !named(each)),
        )
        assert.equal((await rollBack(opening, place)).outcome, 'rolled-back')
        assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
        assert.equal((await applyPlan(opening, place)).outcome, 'applied')
        const closing = await plan('unexpose', ({ door }) =>
          unexpose(door, { kind: 'model', name: 'sklearn-iris' }),
        )
        assert.equal((await applyPlan(closing, place)).outcome, 'applied')
        assert.deepEqual(changedIn(was, await dumpOf(cluster)), [])
      } finally {
        place.close()
      }
    })
  }

  test('v1.9: to anyone, and two that share the fence, each taken back by what is noted at it', async () => {
    await clearTo(cluster, empty)
    await loadYaml(cluster, [join(shared, 'v1.9')], 'kubectl')
    // Which plan wrote an object last is noted at it, and stays.
    const decided = async () =>
      new Map(
        [...(await dumpOf(cluster))].map(([path, text]) => {
          const { spec, metadata } = JSON.parse(text)
          const { 'kfdoor.dev/plan': _, ...annotations } = metadata.annotations ?? {}
          return [path, JSON.stringify([spec, annotations])]
        }),
      )
    const was = await decided()
    const common = {
      audience: usualAudience,
      jwksUri: 'http://keys.istio-system.svc.cluster.local/keys',
      timeout: '300s',
    }
    const carryOut = async (each: Plan) => {
      const place = await openPlace(each, { env, kubeconfig, say: () => {} })
      try {
        assert.equal((await applyPlan(each, place)).outcome, 'applied')
      } finally {
        place.close()
      }
    }
    const model = { kind: 'model', name: 'sklearn-iris' } as const
    const page = { kind: 'service', name: 'katib-ui', namespace: 'kubeflow' } as const
    const to = (name: string) => [{ kind: 'sa', namespace: 'team-a', name } as const]
    const opened = (ask: Parameters<typeof expose>[1]) => plan('expose', (world) => expose(world, ask))
    const closed = (what: typeof model | typeof page) => plan('unexpose', ({ door }) => unexpose(door, what))

    await carryOut(await opened({ ...common, ...model, to: [], public: true }))
    await carryOut(await closed(model))
    assert.deepEqual(changedIn(was, await decided()), [])

    await carryOut(await opened({ ...common, ...page, to: to('etl'), public: false }))
    const alone = await decided()
    await carryOut(await opened({ ...common, ...model, to: to('ci'), public: false }))
    await carryOut(await closed(model))
    assert.deepEqual(changedIn(alone, await decided()), [])
    await carryOut(await closed(page))
    assert.deepEqual(changedIn(was, await decided()), [])
  })
})
