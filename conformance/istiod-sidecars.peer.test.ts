/**
 * Where a pod's calls go that leave it, by the real istiod's routes on random meshes: Sidecar resources, VirtualServices
 * of the mesh, and what is exported to whom; and the engine says the same.
 *
 * `KFDOOR_SEED` repeats a run, `KFDOOR_MESHES` makes it longer or shorter.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../src/envoy-config/index.ts'
import { compileDoor, type Door, decideFromInside } from '../src/policy/index.ts'
import type { Pushed } from './istiod/ask-istiod.ts'
import { agreeOnMeshes, byAge } from './istiod/random-meshes.ts'

const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const meshes = Number(process.env.KFDOOR_MESHES ?? 200)
const services = ['web.apps', 'api.apps', 'web.other', 'db.third'] as const
const hosts = services.map((each) => `${each}.svc.cluster.local`)

const place = fc.constantFrom('apps', 'other', 'istio-system')
const lists = fc.array(
  fc.constantFrom(
    ...['./*', '*/*', 'apps/*', 'other/*', '~/*', 'istio-system/*', '*/*.third.svc.cluster.local'],
    ...hosts.flatMap((host) => [`*/${host}`, `./${host}`, `${host.split('.')[1]}/${host}`]),
  ),
  { minLength: 1, maxLength: 3 },
)
const sidecar = fc
  .record({
    namespace: fc.constantFrom('apps', 'apps', 'istio-system'),
    selects: fc.constantFrom(undefined, undefined, 'caller', 'another'),
    egress: fc.option(fc.array(lists, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 6 }),
    mode: fc.constantFrom(undefined, undefined, 'REGISTRY_ONLY', 'ALLOW_ANY'),
  })
  .map(({ namespace, selects, egress, mode }) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { namespace },
    spec: {
      ...(selects && namespace !== 'istio-system' && { workloadSelector: { labels: { app: selects } } }),
      // Of several without a port istiod's webhook takes one.
      ...(egress && { egress: [{ hosts: [...new Set(egress.flat())] }] }),
      ...(mode && { outboundTrafficPolicy: { mode } }),
    },
  }))
const exports = fc.constantFrom(undefined, undefined, ['*'], ['.'], ['apps'], ['other'])
const virtualService = fc
  .record({
    namespace: place,
    names: fc.constantFrom(...hosts, '*.apps.svc.cluster.local', '*.svc.cluster.local'),
    gateways: fc.constantFrom(undefined, ['mesh'], ['mesh', 'apps/door'], ['apps/door']),
    exportTo: exports,
    to: fc.constantFrom(...hosts),
  })
  .map(({ namespace, names, gateways, exportTo, to }) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { namespace },
    spec: {
      hosts: [names],
      ...(gateways && { gateways }),
      ...(exportTo && { exportTo }),
      http: [{ route: [{ destination: { host: to, port: { number: 80 } } }] }],
    },
  }))
const config = fc.record({
  outboundTrafficPolicy: fc.constantFrom({ mode: 'ALLOW_ANY' }, { mode: 'REGISTRY_ONLY' }),
  defaultVirtualServiceExportTo: fc.constantFrom(['*'], ['*'], ['.'], []),
  defaultServiceExportTo: fc.constantFrom(['*'], ['*'], ['*'], ['.'], []),
})
const mesh = fc
  .record({
    mesh: config,
    sidecars: fc.array(sidecar, { maxLength: 3 }),
    routes: fc.array(virtualService, { maxLength: 3 }),
    kept: fc.constantFrom(undefined, undefined, '.', 'apps', '*'),
  })
  .map(({ mesh: own, sidecars, routes, kept }) => [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: { mesh: JSON.stringify(own) },
    },
    ...services.map((each) => {
      const [name = '', namespace = ''] = each.split('.')
      const annotations = { ...(kept && name === 'db' && { 'networking.istio.io/exportTo': kept }) }
      return {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace, annotations },
        spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8000 }] },
      }
    }),
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'caller', namespace: 'apps', labels: { app: 'caller' } },
      spec: { serviceAccountName: 'caller', containers: [{ name: 'c', image: 'c' }] },
    },
    ...byAge([...sidecars, ...routes]),
  ])

test('a call leaves a pod as istiod has it', { timeout: 1_800_000 }, async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:peers -- conformance/istiod-sidecars.peer.test.ts`,
  )
  const proxy = {
    kind: 'sidecar',
    namespace: 'apps',
    labels: { app: 'caller' },
    serviceAccount: 'caller',
  } as const
  const all = fc.sample(mesh, { seed, numRuns: meshes })
  const told = await agreeOnMeshes(context, all, [proxy], function* (parsed, pushed) {
    const door = compileDoor(parsed)
    for (const host of hosts) {
      for (const sent of [host, host.replace('.svc.cluster.local', '')]) {
        const [want, got] = [routed(pushed[0] as Pushed, sent), leaving(door, host, sent)]
        const kind = want.startsWith('outbound') ? (want.endsWith(host) ? 'there' : 'elsewhere') : want
        yield { kind, want, got, about: sent }
      }
    }
  })
  assert.ok(told.size >= 4 || meshes < 100, 'the meshes decide too little')
})

/** The cluster of a call to port 80, a status, or whether it is passed or blocked as to somebody unknown. */
function leaving(door: Door, host: string, sent: string): string {
  const request = {
    method: 'GET',
    scheme: 'http',
    host: sent,
    path: '/',
    headers: [],
    port: 80,
    sourceIp: '127.0.0.1',
  } as const
  const call = { host, port: 80, caller: { namespace: 'apps', name: 'caller' } }
  const { hops, steps } = decideFromInside(
    door,
    request,
    { answers: [], now: 1, verified: () => false },
    call,
  )
  const unlisted = steps.find(({ reason }) => /^egress-(passed|blocked)$/.test(reason))
  if (unlisted !== undefined) return unlisted.reason.slice('egress-'.length)
  const [first] = hops
  if (first === undefined || first.workload !== undefined) return `outbound|80||${host}`
  const { decision } = first
  if (decision.kind === 'forward') return decision.upstream
  return decision.kind === 'reply' ? String(decision.status) : decision.kind
}

function routed({ routes, clusters, listeners }: Pushed, host: string): string {
  const known = routes?.find(({ name }) => name === '80')
  const virtualHosts = (known?.virtualHosts ?? []) as readonly {
    domains: readonly string[]
    routes: readonly Json[]
  }[]
  const found =
    virtualHosts.find(({ domains }) => domains.includes(host)) ??
    virtualHosts.find(({ domains }) =>
      domains.some((each) => each.startsWith('*.') && host.endsWith(each.slice(1))),
    ) ??
    virtualHosts.find(({ domains }) => domains.includes('*'))
  if (found === undefined) {
    const last = listeners?.find(({ name }) => name === 'virtualOutbound')
    return JSON.stringify(last ?? {}).includes('"cluster":"PassthroughCluster"') ? 'passed' : 'blocked'
  }
  const [first] = found.routes as readonly {
    route?: { cluster?: string }
    directResponse?: { status: number }
  }[]
  if (first?.directResponse !== undefined) {
    return first.directResponse.status === 502 ? 'blocked' : String(first.directResponse.status)
  }
  const cluster = first?.route?.cluster ?? ''
  if (cluster === 'PassthroughCluster') return 'passed'
  return clusters?.some(({ name }) => name === cluster) ? cluster : '503'
}
