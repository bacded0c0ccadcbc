/**
 * How proxies speak to Services, by the real istiod's clusters on random meshes: mTLS, plain text, or what each
 * pod can, as PeerAuthentications, DestinationRules and the mesh's configuration have it; and the engine says the same.
 *
 * `KFDOOR_SEED` repeats a run, `KFDOOR_MESHES` makes it longer or shorter.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../src/envoy-config/index.ts'
import { towards } from '../src/policy/client-tls.ts'
import type { ProxyIdentity } from '../src/policy/index.ts'
import { offersMutual } from '../src/policy/peer-authentication.ts'
import type { Pushed } from './istiod/ask-istiod.ts'
import { agreeOnMeshes, byAge } from './istiod/random-meshes.ts'

const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const meshes = Number(process.env.KFDOOR_MESHES ?? 150)
const namespaces = ['apps', 'other', 'istio-system']
const subsets = ['', 'v1', 'v2']

const tls = fc
  .constantFrom('DISABLE', 'SIMPLE', 'ISTIO_MUTUAL', undefined, undefined)
  .map((mode) => (mode === undefined ? {} : { tls: { mode } }))
const place = fc.constantFrom(...namespaces)
const exports = fc.constantFrom(undefined, undefined, [], ['*'], ['.'], ['apps'], ['apps', 'other'], ['~'])

const peerAuthentication = fc
  .record({
    namespace: place,
    mode: fc.constantFrom('DISABLE', 'PERMISSIVE', 'STRICT', 'UNSET'),
    selects: fc.boolean(),
  })
  .map(({ namespace, mode, selects }) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { namespace },
    spec: { mtls: { mode }, ...(selects && { selector: { matchLabels: { app: 'web' } } }) },
  }))

// A port's settings without TLS beside TLS for all say one thing to the cluster, another to its endpoints.
const policy = fc.oneof(
  tls,
  fc.record({ own: tls, port: fc.constantFrom(80, 81) }).map(({ own, port }) => ({
    portLevelSettings: [{ port: { number: port }, ...own, connectionPool: { http: { maxRetries: 1 } } }],
  })),
)
const destinationRule = fc
  .record({
    namespace: place,
    host: fc.constantFrom('web.apps.svc.cluster.local', '*.apps.svc.cluster.local', '*.local', 'web'),
    policy,
    exportTo: exports,
    v1: tls,
  })
  .map(({ namespace, host, policy: trafficPolicy, exportTo, v1 }) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { namespace },
    spec: {
      host,
      trafficPolicy,
      ...(exportTo && { exportTo }),
      subsets: [
        { name: 'v1', labels: { app: 'web' }, trafficPolicy: v1 },
        { name: 'v2', labels: { app: 'web' } },
      ],
    },
  }))
const meshConfig = fc.record({
  enableAutoMtls: fc.constantFrom(true, true, true, false),
  defaultDestinationRuleExportTo: fc.constantFrom(['*'], [], ['.']),
})

const mesh = fc
  .record({
    config: meshConfig,
    objects: fc.array(fc.oneof(peerAuthentication, destinationRule, destinationRule), { maxLength: 7 }),
  })
  .map(({ config, objects }) => [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: { mesh: JSON.stringify(config) },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'apps' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8000 }] },
    },
    ...byAge(objects),
  ])

test('a proxy speaks to a Service as istiod has it', { timeout: 1_800_000 }, async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:peers -- conformance/istiod-client-tls.peer.test.ts`,
  )
  const proxies = namespaces.map(
    (namespace): ProxyIdentity => ({ kind: 'sidecar', namespace, labels: { app: 'caller' } }),
  )
  const all = fc.sample(mesh, { seed, numRuns: meshes })
  const told = await agreeOnMeshes(context, all, proxies, function* (parsed, pushed) {
    for (const [index, { namespace }] of proxies.entries()) {
      for (const subset of subsets) {
        const host = 'web.apps.svc.cluster.local'
        const want = spokenTo(pushed[index] as Pushed, `outbound|80|${subset}|${host}`)
        if (want === undefined) continue
        const { mode } = towards(parsed, { host, port: 80, ...(subset && { subset }) }, namespace)
        const got = mode ?? (offersMutual(parsed, 'apps') ? 'as it can' : 'DISABLE')
        yield { kind: want, want, got, about: `from ${namespace}, subset \`${subset}\`` }
      }
    }
  })
  assert.ok(told.size === 4 || meshes < 100, 'the meshes decide too little')
})

/** undefined = istiod gives it no such cluster. */
function spokenTo({ clusters }: Pushed, name: string): string | undefined {
  const cluster = clusters?.find((each) => each.name === name)
  if (cluster === undefined) return undefined
  if (cluster.transportSocketMatches !== undefined) return 'as it can'
  const socket = cluster.transportSocket as { typedConfig?: { commonTlsContext?: Json } } | undefined
  const context = socket?.typedConfig?.commonTlsContext
  if (context === undefined) return 'DISABLE'
  const [own] = (context.tlsCertificateSdsSecretConfigs ?? []) as readonly { name?: string }[]
  return own?.name === 'default' ? 'ISTIO_MUTUAL' : 'SIMPLE'
}
