/**
 * Every profile parses, and says what the release's own YAML says: object by object, in both
 * directions, without what no door reads.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import { sharedPath } from '../../tools/shared.ts'
import { type Mesh, parseMesh } from '../mesh/index.ts'
import { profileFiles, profileNames, resolveProfile } from './profiles.ts'

/** Kinds that decide, and that a profile must have exactly as the release has them. */
const kinds = [
  'gateways', 'virtualServices', 'authorizationPolicies', 'requestAuthentications', 'peerAuthentications',
  'destinationRules', 'envoyFilters', 'sidecars', 'services', 'roleBindings', 'profiles',
] as const satisfies readonly (keyof Mesh)[] // biome-ignore format: a list

/** What the demo adds to a release; the fixtures have none of it. */
const demoOnly = /demo-models|sklearn-irisv2|-path$|m2m-token-issuer|cluster-jwks-proxy/

const tags: readonly (readonly [tag: string, line: string])[] = [
  ['26.03', '26.03'], ['v1.9.1', 'v1.9'], ['1.10.2', 'v1.9'], ['v1.11.0', 'v1.9'], ['v1.7.0', 'v1.8'], ['1.6', 'v1.6'],
  ['v1.6.1', 'v1.6'], ['26.10', '26.03'],
] // biome-ignore format: a table

for (const [tag, line] of tags) {
  test(`${tag} has the door of ${line}`, () => assert.equal(resolveProfile(tag).name, line))
}

for (const tag of ['1.5', 'v2', 'latest', '', '../26.03']) {
  test(`\`${tag}\` is no profile`, () => assert.throws(() => resolveProfile(tag), /no profile/))
}

for (const name of profileNames) {
  for (const overlays of [
    { tls: true, demo: true },
    { tls: false, demo: false },
  ]) {
    test(`${name} parses without a problem (tls ${overlays.tls}, demo ${overlays.demo})`, () => {
      const { problems } = parseMesh(profileFiles(name, overlays))
      assert.deepEqual(problems, [])
    })
  }

  const fixture = sharedPath(`fixtures/kubeflow/${name}`)
  if (!fixture) {
    test.skip(`${name} says what the release says (left out: no shared folder beside the checkout)`)
    continue
  }
  describe(`${name} says what the release says`, () => {
    const theirs = parseMesh(
      readdirSync(fixture)
        .filter((file) => file.endsWith('.yaml'))
        .map((file) => ({ file, text: readFileSync(join(fixture, file), 'utf8') })),
    ).mesh
    const ours = parseMesh(profileFiles(name, { tls: false, demo: true })).mesh
    for (const kind of kinds) {
      it(kind, () => {
        const mine = ours[kind].filter((one) => !demoOnly.test(one.name))
        assert.deepEqual(bare(mine), bare(theirs[kind]))
      })
    }
    it('mesh settings', () => {
      const { raw: _, ...mine } = ours.meshConfig
      const { raw: __, ...their } = theirs.meshConfig
      assert.deepEqual(withoutPlaces(mine), withoutPlaces(their))
      assert.equal(ours.istioVersion?.value, theirs.istioVersion?.value)
    })
    it('workloads: accounts, ports, images, and every label a selector asks for', () => {
      const asked = askedLabels(theirs)
      const seen = (mesh: Mesh) =>
        mesh.workloads
          .filter((one) => !demoOnly.test(one.name))
          .map((one) => ({
            id: `${one.namespace}/${one.name}`,
            serviceAccount: one.serviceAccount,
            labels: Object.entries(one.podLabels).filter(([key]) => asked.has(key)).sort(), // biome-ignore format: short
            inject: one.podAnnotations['sidecar.istio.io/inject'] ?? one.podLabels['sidecar.istio.io/inject'],
            containers: one.containers.map(({ image, ports }) => ({ image, ports })),
          }))
          .sort((a, b) => a.id.localeCompare(b.id))
      assert.deepEqual(seen(ours), seen(theirs))
    })
    it('namespaces, and which inject sidecars', () => {
      const seen = (mesh: Mesh) =>
        mesh.namespaces.map((one) => `${one.name} ${one.labels['istio-injection'] ?? '-'}`).sort()
      assert.deepEqual(seen(ours), seen(theirs))
    })
  })
}

/** Labels anything selects by. */
function askedLabels(mesh: Mesh): Set<string> {
  const asked = new Set<string>()
  const selectors = [
    ...mesh.gateways, ...mesh.services, ...mesh.authorizationPolicies, ...mesh.requestAuthentications,
    ...mesh.peerAuthentications,
  ].map((one) => one.selector) // biome-ignore format: a list
  for (const selector of selectors) for (const key of Object.keys(selector ?? {})) asked.add(key)
  return asked
}

/** Without places, metadata that decides nothing, and fields a default stands for. */
function bare(objects: readonly { readonly namespace: string; readonly name: string }[]): unknown {
  return objects
    .map((one) => {
      const {
        labels: _,
        annotations: __,
        createdAt: ___,
        apiVersion: ____,
        raw: _____,
        ...rest
      } = one as Record<string, unknown>
      return withoutPlaces({ ...rest, clusterIP: undefined })
    })
    .sort((a, b) => key(a).localeCompare(key(b)))
}

const key = (one: unknown) => {
  const { namespace, name } = one as { namespace: string; name: string }
  return `${namespace}/${name}`
}

function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner) => {
      if (name === 'at' || name === 'dataAt' || name === 'raw') return undefined
      // A Service's targetPort is its port where none is written.
      if (
        inner &&
        typeof inner === 'object' &&
        'port' in inner &&
        'protocol' in inner &&
        'targetPort' in inner
      ) {
        const { targetPort, ...rest } = inner as { targetPort: unknown; port: unknown }
        return targetPort === rest.port ? rest : inner
      }
      return inner
    }),
  )
}
