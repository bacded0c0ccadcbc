/** The manifests before the real kustomize, the real helm and the real API server. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'
import { lint } from '../src/lint/index.ts'
import { parseMesh } from '../src/mesh/index.ts'
import { sharedPath } from '../tools/shared.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { applyTo, type Manifest, startRenderers } from './parts/manifests.ts'

const deploy = fileURLToPath(new URL('../deploy/', import.meta.url))
const crds = sharedPath('fixtures/istio-crds')
const read = (path: string): Manifest[] =>
  parseAllDocuments(readFileSync(path, 'utf8'))
    .map((one) => one.toJS() as Manifest | null)
    .filter((one): one is Manifest => one !== null)
const name = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
const sorted = (list: readonly Manifest[]) => [...list].sort((a, b) => (name(a) < name(b) ? -1 : 1))
const isMesh = ({ apiVersion }: Manifest) => apiVersion.includes('istio.io')

/** Only that it is there: the schema of the Prometheus operator is not ours to carry. */
const serviceMonitors: Manifest & Record<string, unknown> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'servicemonitors.monitoring.coreos.com' },
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: { kind: 'ServiceMonitor', plural: 'servicemonitors', singular: 'servicemonitor' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

describe('the manifests', () => {
  let cluster: Cluster
  let render: Awaited<ReturnType<typeof startRenderers>>
  const put = async (manifests: readonly Manifest[]) => {
    for (const dryRun of [true, false])
      for (const manifest of manifests) {
        const { status, message } = await applyTo(cluster, manifest, { dryRun })
        assert.ok(status === 200 || status === 201, `${name(manifest)}: ${status} ${message}`)
      }
  }
  before(async () => {
    render = await startRenderers()
    cluster = await startCluster()
    const definitions = [
      serviceMonitors,
      ...(crds
        ? readdirSync(crds)
            .filter((one) => one.endsWith('.yaml'))
            .flatMap((one) => read(join(crds, one)))
        : []),
    ]
    for (const definition of definitions) {
      const { status, message } = await applyTo(cluster, definition)
      assert.ok(status < 300, `${name(definition)}: ${message}`)
    }
    const served = async () =>
      (await cluster.call('GET', '/apis/monitoring.coreos.com/v1')).status === 200 &&
      (!crds || (await cluster.call('GET', '/apis/security.istio.io/v1')).status === 200)
    while (!(await served())) await new Promise((later) => setTimeout(later, 100))
    for (const one of ['kfdoor', 'istio-system', 'oauth2-proxy'])
      await applyTo(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: one } })
  })
  after(() => cluster?.close())

  test('the base is taken, and applied again changes nothing', async () => {
    const base = render.kustomize(join(deploy, 'kustomize/base'))
    await put(base)
    await put(base)
    const review = await cluster.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: 'system:serviceaccount:kfdoor:kfdoor-authz',
          resourceAttributes: { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' },
        },
      },
    })
    assert.equal(review.body.status.allowed, true)
    const more = await cluster.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: 'system:serviceaccount:kfdoor:kfdoor-authz',
          resourceAttributes: { namespace: 'kfdoor', resource: 'secrets', verb: 'get' },
        },
      },
    })
    assert.notEqual(more.body.status.allowed, true)
  })

  test('a field nobody knows is refused: what is taken was checked', async () => {
    const [first] = render
      .kustomize(join(deploy, 'kustomize/base'))
      .filter(({ kind }) => kind === 'Deployment')
    const { status } = await applyTo(cluster, { ...first, spec: { replica: 2 } } as unknown as Manifest, {
      dryRun: true,
    })
    assert.ok(status >= 400)
  })

  test('every component is taken', async () => {
    for (const one of ['autoscaling', 'monitoring', 'redis'])
      await put(read(join(deploy, `kustomize/components/${one}/${one}.yaml`)))
  })

  for (const overlay of ['kubeflow-http', 'kubeflow-grpc'])
    test(`the overlay ${overlay} is taken${crds ? '' : ' (its mesh objects left out: no CRDs of Istio beside the checkout)'}`, async () => {
      const all = render.kustomize(join(deploy, `kustomize/overlays/${overlay}`))
      assert.equal(all.filter(isMesh).length, 4)
      const found = all.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'kfdoor-authz',
      )
      assert.match(JSON.stringify(found), /KFDOOR_AUTHZ_SESSIONS/)
      await put(crds ? all : all.filter((one) => !isMesh(one)))
    })

  for (const overlay of ['kubeflow-http', 'kubeflow-grpc'])
    test(`our own lint finds nothing in the overlay ${overlay}, put beside a gateway`, () => {
      const mesh = readFileSync(join(deploy, 'mesh/extension-providers.yaml'), 'utf8')
      const around = [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'istio', namespace: 'istio-system' },
          data: { mesh },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Gateway',
          metadata: { name: 'kubeflow-gateway', namespace: 'kubeflow' },
          spec: {
            selector: { istio: 'ingressgateway' },
            servers: [{ hosts: ['*'], port: { name: 'http', number: 80, protocol: 'HTTP' } }],
          },
        },
      ]
      const findings = (objects: readonly unknown[]) => {
        const text = objects.map((one) => stringify(one)).join('---\n')
        const { mesh, problems } = parseMesh([{ file: `${overlay}.yaml`, text }])
        const found = lint({
          mesh,
          problems,
          now: Date.now() / 1000,
          // The service is asked about its own pages, and answers them from the check.
          without: [{ code: 'KFD0202', reason: '/oauth2/ is served by the check itself' }],
        }).findings
        return found.map(({ code, message }) => `${code} ${message}`)
      }
      const all = render.kustomize(join(deploy, `kustomize/overlays/${overlay}`))
      assert.deepEqual(findings([...around, ...all]), [])
      // And it would say so: without the providers the policy asks nobody.
      assert.match(findings([around[1], ...all]).join('\n'), /KFD0205/)
    })

  test('the chart says what the base says, and with everything on is taken too', async () => {
    const chart = join(deploy, 'helm/kfdoor')
    assert.match(render.lint(chart), /0 chart\(s\) failed/)
    const base = render.kustomize(join(deploy, 'kustomize/base')).filter(({ kind }) => kind !== 'Namespace')
    const same = (list: readonly Manifest[]) =>
      JSON.parse(
        JSON.stringify(sorted(list))
          .replace(/"annotations":\{"checksum\/settings":"[0-9a-f]{64}"\},?/, '')
          .replace(/,\}/g, '}'),
        (key, value) => (key === 'authz.yaml' ? parseAllDocuments(value)[0]?.toJS() : value),
      )
    assert.deepEqual(same(render.helm(chart)), same(base))
    const on = ['autoscaling', 'monitoring', 'redis', ...(crds ? ['mesh'] : [])].map(
      (one) => `${one}.enabled=true`,
    )
    const all = render.helm(
      chart,
      ...on,
      'replicas=3',
      'image.repository=registry.example/door',
      'gateway.labels.app=gw',
    )
    assert.match(JSON.stringify(all), /registry\.example\/door:0\.1\.0/)
    assert.match(JSON.stringify(all), /KFDOOR_AUTHZ_REDIS_PASSWORD_FILE/)
    await put(all)
    const few = render.helm(chart, 'networkPolicy.enabled=false', 'podDisruptionBudget.enabled=false')
    assert.equal(few.length, base.length - 2)
  })

  test('a seat changes image and command, and leaves the arguments and the settings', async () => {
    const args = ['--http-address=0.0.0.0:4180', '--config=/etc/oauth2_proxy/oauth2_proxy.cfg']
    const before: Manifest & Record<string, unknown> = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'oauth2-proxy', namespace: 'oauth2-proxy' },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: {
            containers: [
              {
                name: 'oauth2-proxy',
                image: 'oauth2-proxy:v7',
                args,
                env: [{ name: 'OAUTH2_PROXY_CLIENT_ID', value: 'a' }],
              },
            ],
          },
        },
      },
    }
    await put([before])
    const [patch] = read(join(deploy, 'seats/oauth2-proxy.yaml'))
    const { status, body } = await cluster.call(
      'PATCH',
      '/apis/apps/v1/namespaces/oauth2-proxy/deployments/oauth2-proxy?fieldValidation=Strict',
      { body: patch, contentType: 'application/strategic-merge-patch+json' },
    )
    assert.equal(status, 200, body.message)
    const [container] = body.spec.template.spec.containers
    assert.deepEqual(container.args, args)
    assert.equal(container.env[0].value, 'a')
    assert.deepEqual(container.command.slice(-4), ['serve', 'authz', '--compat', 'oauth2-proxy'])
  })
})
