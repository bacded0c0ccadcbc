/**
 * Our compact profiles against the releases' own YAML: whoever asks for whatever is answered the
 * same by both, over every route and host either of them names, through the gateways and at the
 * sidecars.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Overlays, profileFiles, profileNames } from '../src/compose/profiles.ts'
import { readInputs } from '../src/compose/read-inputs.ts'
import { type Mesh, parseMesh } from '../src/mesh/index.ts'
import { assumedKeys, compileDoor, type Door, explain, parsePrincipal } from '../src/policy/index.ts'
import { sharedPath } from '../tools/shared.ts'

/** The recorded release has a user's namespace with one model, which the demo overlay holds. */
const asReleased: Overlays = { tls: false, demo: true }

/** What only the demo has, and what only the recorded user made. */
const beyond = /demo-models|sklearn-irisv2|-path$|m2m-token-issuer|cluster-jwks-proxy|my-notebook/
const now = 1_800_000_000

const principals = [
  'anonymous',
  'anonymous+forged',
  'user:user@example.com',
  'user:other@example.com,groups=a+b',
  'sa:kubeflow-user-example-com/default-editor',
  'sa:kubeflow-user-example-com/default-editor,aud=pipelines.kubeflow.org',
  'sa:other/default,iss=https://kubernetes.default.svc',
]
const insiders = [
  'outside',
  'outside+forged',
  'mesh:kubeflow/ml-pipeline-ui',
  'mesh:istio-system/istio-ingressgateway-service-account',
  'mesh:kubeflow-user-example-com/default-editor',
]

for (const name of profileNames) {
  const fixture = sharedPath(`fixtures/kubeflow/${name}`)
  if (fixture === undefined) {
    test(`profile ${name} decides as the release (left out: no shared folder beside the checkout)`, {
      skip: true,
    }, () => {})
    continue
  }
  test(`profile ${name} decides as the release, whoever asks for whatever`, async (context) => {
    const ours = doorOf(parseMesh(profileFiles(name, asReleased)).mesh)
    const inputs = await readInputs([fixture], async () => '')
    const theirs = doorOf(parseMesh(inputs.filter(({ file }) => !file.includes('/variants/'))).mesh)
    const wrong: string[] = []
    let asked = 0
    const compare = (url: string, as: string, method = 'GET') => {
      asked++
      const [a, b] = [answer(ours, url, as, method), answer(theirs, url, as, method)]
      if (a !== b) wrong.push(`${method} ${url} as ${as}: profile ${a}, release ${b}`)
    }
    for (const host of union(ours, theirs, hostsOf)) {
      for (const path of union(ours, theirs, pathsOf)) {
        for (const as of principals) compare(`http://${host}${path}`, as)
      }
    }
    for (const service of union(ours, theirs, servicesOf)) {
      for (const path of ['/', '/healthz', '/apis/v2beta1/runs', '/v1/models/sklearn-iris:predict']) {
        for (const as of insiders) compare(`http://${service}${path}`, as, 'POST')
      }
    }
    context.diagnostic(`${asked - wrong.length} of ${asked} questions are answered alike`)
    assert.deepEqual(wrong.slice(0, 10), [])
    assert.ok(asked > 1000)
  })
}

function doorOf(mesh: Mesh): Door {
  const common = Object.fromEntries(
    Object.entries(mesh).map(([kind, objects]) => [
      kind,
      Array.isArray(objects) ? objects.filter(({ name }: { name: string }) => !beyond.test(name)) : objects,
    ]),
  )
  return compileDoor(common as unknown as Mesh, { fetched: assumedKeys })
}

function answer(door: Door, url: string, as: string, method: string): string {
  const principal = parsePrincipal(as)
  const [, host = '', path = ''] = /^http:\/\/([^/]*)(.*)$/.exec(url) ?? []
  assert.ok(principal)
  const result = explain(door, { method, scheme: 'http', host, path, headers: [], principal, now })
  if ('problem' in result) return result.problem
  const { verdict, decision } = result
  switch (decision.kind) {
    case 'forward': {
      const headers = decision.headers.filter(([name]) => name !== 'authorization').sort()
      return `${verdict} ${decision.upstream} ${decision.host} ${decision.path} ${JSON.stringify(headers)}`
    }
    case 'reply':
      return `${verdict} ${decision.status} ${decision.body}`
    default:
      return `${verdict} ${decision.kind} ${result.reason}`
  }
}

function union(a: Door, b: Door, of: (mesh: Mesh) => readonly string[]): readonly string[] {
  return [...new Set([...of(a.mesh), ...of(b.mesh)])].sort()
}

function hostsOf(mesh: Mesh): readonly string[] {
  return mesh.virtualServices.flatMap(({ hosts }) =>
    hosts.map(({ value }) => (value === '*' ? 'localhost' : value.replace(/^\*/, 'any'))),
  )
}

/** Of each route the path it names, one below it, and one that only begins like it. */
function pathsOf(mesh: Mesh): readonly string[] {
  const paths = new Set([
    '/',
    '/nowhere',
    '/oauth2/start',
    '/dex/auth',
    '/authservice/logout',
    '/v1',
    '/x/ready',
  ])
  for (const { http } of mesh.virtualServices) {
    for (const { match = [] } of http) {
      for (const { uri } of match) {
        if (uri === undefined || uri.kind === 'none' || uri.kind === 'regex') continue
        paths.add(uri.text)
        paths.add(`${uri.text}x`)
        paths.add(`${uri.text.replace(/\/$/, '')}/below`)
      }
    }
  }
  return [...paths]
}

function servicesOf(mesh: Mesh): readonly string[] {
  return mesh.services.flatMap(({ name, namespace, ports }) =>
    ports.map(({ port }) => `${name}.${namespace}.svc.cluster.local:${port}`),
  )
}
