/**
 * Models whose generated objects are in the YAML, and the same models alone: the engine makes what
 * KServe's and Knative's controllers made, and answers every question alike, in both directions. Our
 * own profiles, and the releases' recorded objects where those lie beside the checkout.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFiles, profileNames } from '../src/compose/profiles.ts'
import { readInputs } from '../src/compose/read-inputs.ts'
import { type Mesh, type MeshInput, parseMesh } from '../src/mesh/index.ts'
import { assumedKeys, compileDoor, type Door, explain, parsePrincipal } from '../src/policy/index.ts'
import { diffAccess } from '../src/regions/index.ts'
import { sharedPath } from '../tools/shared.ts'

const user = 'kubeflow-user-example-com'
const principals = [
  'anonymous',
  'user:user@example.com',
  'user:other@example.com',
  `sa:${user}/default-editor`,
  'outside',
  'mesh:istio-system/istio-ingressgateway-service-account',
  `mesh:${user}/default-editor`,
  'mesh:other/default',
]
const paths = [
  '/',
  '/v1/models/sklearn-iris:predict',
  `/serving/${user}/sklearn-iris/v1/models/x`,
  '/dex/auth',
]

/** What a controller made of a model, by its name. */
const isMade = ({ kind, name, namespace }: { kind: string; name: string; namespace: string }) =>
  namespace === user &&
  /^sklearn-iris(?!.*-path$)/.test(name) &&
  /^(VirtualService|Service|Pod|Deployment)$/.test(kind)

function without(mesh: Mesh): Mesh {
  const { virtualServices, services, workloads, inferenceServices } = mesh
  return {
    ...mesh,
    virtualServices: virtualServices.filter((one) => !isMade(one)),
    services: services.filter((one) => !isMade(one)),
    workloads: workloads.filter((one) => !isMade(one)),
    // Nor what they told of it.
    inferenceServices: inferenceServices.map((one) => ({
      ...one,
      raw: { ...(one.raw as object), status: undefined },
    })),
  }
}

/** Routes by what they say: not where they stand, nor how old they are. */
function routes(mesh: Mesh): readonly unknown[] {
  const said = mesh.virtualServices
    .filter(isMade)
    .map(({ namespace, name, hosts, gateways, http }) => ({ namespace, name, hosts, gateways, http }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return JSON.parse(JSON.stringify(said, (key, value) => (key === 'at' ? undefined : value)))
}

function answer(door: Door, host: string, path: string, as: string): string {
  const principal = parsePrincipal(as)
  assert.ok(principal)
  const result = explain(door, { method: 'POST', scheme: 'http', host, path, headers: [], principal, now: 1 })
  if ('problem' in result) return result.problem
  const { verdict, reason, hops, decision, workload } = result
  const last = decision.kind === 'forward' ? `${decision.host} ${decision.path}` : decision.kind
  return `${verdict} ${reason} after ${hops.length} at ${workload?.podLabels.app}: ${last}`
}

function compare(name: string, inputs: readonly MeshInput[]): void {
  const { mesh } = parseMesh(inputs)
  const given = compileDoor(mesh, { fetched: assumedKeys })
  const alone = compileDoor(without(mesh), { fetched: assumedKeys })
  assert.ok(mesh.inferenceServices.length > 0, name)
  assert.deepEqual(routes(alone.mesh), routes(given.mesh))
  const wrong: string[] = []
  const hosts = new Set(['example.com', 'kubeflow.example.com', 'sklearn-iris.other.example.com'])
  for (const one of ['sklearn-iris', 'sklearn-iris-predictor', 'sklearn-iris-predictor-default']) {
    for (const suffix of ['', '.svc', '.svc.cluster.local', '.example.com'])
      hosts.add(`${one}.${user}${suffix}`)
  }
  let asked = 0
  for (const host of hosts) {
    for (const path of paths) {
      for (const as of principals) {
        asked++
        const [want, got] = [answer(given, host, path, as), answer(alone, host, path, as)]
        if (want !== got) wrong.push(`${host}${path} as ${as}: given ${want}, made ${got}`)
      }
    }
  }
  assert.deepEqual(wrong.slice(0, 10), [])
  assert.ok(asked > 400)
}

for (const name of profileNames) {
  test(`the models of profile ${name} are routed without their generated objects`, () => {
    compare(name, profileFiles(name, { tls: false, demo: true }))
  })
  const fixture = sharedPath(`fixtures/kubeflow/${name}`)
  const left = fixture === undefined ? ' (left out: no shared folder beside the checkout)' : ''
  test(`the model of release ${name} is routed without its generated objects${left}`, {
    skip: fixture === undefined,
  }, async () => {
    const inputs = await readInputs([fixture ?? ''], async () => '')
    compare(
      name,
      inputs.filter(({ file }) => !file.includes('/variants/')),
    )
  })
}

test('nobody gains or loses where the generated objects are left out', () => {
  const { mesh } = parseMesh(profileFiles('26.03', { tls: false, demo: true }))
  const { gained, lost, changed } = diffAccess(mesh, without(mesh), { now: 1, old: {}, new: {} })
  assert.deepEqual({ gained, lost, changed }, { gained: [], lost: [], changed: [] })
})
