/**
 * `infer --context` asks a real API server where the ingress gateway is: the Service as kfdoor's own profile
 * of 26.03 has it, its address as a load balancer or a node gives one. What is forwarded to needs a kubelet,
 * and this cluster has none: that kubectl says so, and is quoted, is what is seen of it here.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { type Door, run, startDoor } from './door.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-ingress-'))
const services = '/api/v1/namespaces/istio-system/services'
const named = `${services}/istio-ingressgateway`

interface Service {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: { readonly ports: readonly { readonly name: string; readonly port: number }[] }
}

/** The Service in front of the gateway, as the profile has it. */
function gatewayService(): Service {
  const text = readFileSync(new URL('../profiles/26.03/release/istio.yaml', import.meta.url), 'utf8')
  const all = parseAllDocuments(text).map((one) => one.toJS() as Service)
  const found = all.find(
    ({ kind, metadata }) => kind === 'Service' && metadata.name === 'istio-ingressgateway',
  )
  assert.ok(found, 'the profile has the Service')
  return found
}

/** A port of those an API server gives to nodes that nobody here listens on. */
async function nodePort(): Promise<number> {
  for (;;) {
    const port = 30_000 + Math.floor(Math.random() * 2700)
    const server = createServer()
    const free = await new Promise<boolean>((done) => {
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => done(true))
    })
    await new Promise((closed) => server.close(closed))
    if (free) return port
  }
}

describe('the ingress gateway of a real API server', { timeout: 1_200_000 }, () => {
  let cluster: Cluster
  let door: Door
  let port = 0
  let env: NodeJS.ProcessEnv

  before(async () => {
    cluster = await startCluster({ users: { stranger: [] } })
    port = await nodePort()
    door = await startDoor(['--no-tls', '--http-port', String(port)])
    const kubeconfig = join(folder, 'kubeconfig')
    cluster.kubeconfig(kubeconfig)
    env = {
      ...door.env,
      KUBECONFIG: kubeconfig,
      ...{ HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
      ...{ KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' },
    }
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'istio-system' } }
    const made = await cluster.call('POST', '/api/v1/namespaces', { body: namespace })
    assert.equal(made.status, 201)
  })
  after(async () => {
    await door?.stop()
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The Service anew, with other ports or another type. */
  async function put(spec: object, status?: object): Promise<void> {
    await cluster.call('DELETE', named)
    const service = gatewayService()
    const body = { ...service, spec: { ...service.spec, ...spec } }
    const made = await cluster.call('POST', services, { body })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    if (status === undefined) return
    const patched = await cluster.call('PATCH', `${named}/status`, {
      body: { status },
      contentType: 'application/merge-patch+json',
    })
    assert.equal(patched.status, 200, JSON.stringify(patched.body))
  }
  const infer = (...more: string[]) =>
    run(
      [
        'infer',
        'kubeflow-user-example-com/sklearn-iris',
        '-d',
        '{"instances": [[6.8, 2.8, 4.8, 1.4]]}',
        ...more,
      ],
      {
        env,
      },
    )
  async function answersBy(way: string): Promise<void> {
    const { code, out, err } = await infer()
    assert.equal(code, 0, err)
    assert.deepEqual(JSON.parse(out), { predictions: [1] })
    assert.match(err, new RegExp(`is at http://127\\.0\\.0\\.1:${port} \\(${way}\\)`))
  }

  test('without one it is said, and what to type', async () => {
    const { code, err } = await infer()
    assert.equal(code, 2)
    assert.match(
      err,
      /no way to the cluster's ingress gateway was found: no Service is labelled .*, or selects such pods; .*`--url/,
    )
  })

  test('who may not read Services is told so', async () => {
    const { code, err } = await infer('--context', 'stranger')
    assert.notEqual(code, 0)
    assert.match(err, /services is forbidden: User "stranger" cannot list resource "services"/)
  })

  test('its load balancer', async () => {
    const ports = [{ name: 'http2', port, targetPort: 8080 }]
    await put({ type: 'LoadBalancer', ports }, { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } })
    await answersBy('LoadBalancer')
  })

  test('a node’s port, where no load balancer came', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } }
    const made = await cluster.call('POST', '/api/v1/nodes', { body: node })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const addresses = [
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: '127.0.0.1' },
    ]
    const patched = await cluster.call('PATCH', '/api/v1/nodes/node-1/status', {
      body: { status: { addresses } },
      contentType: 'application/merge-patch+json',
    })
    assert.equal(patched.status, 200, JSON.stringify(patched.body))
    const ports = [{ name: 'http2', port: 80, targetPort: 8080, nodePort: port }]
    await put({ type: 'NodePort', ports })
    await answersBy('NodePort')
  })

  test('without an address it is kubectl’s, whose words are told where it cannot', async () => {
    await put({ type: 'ClusterIP', ports: [{ name: 'http2', port: 80, targetPort: 8080 }] })
    const { code, err } = await infer()
    assert.equal(code, 2)
    assert.match(
      err,
      /istio-system\/istio-ingressgateway has no address, and kubectl port-forward says: \S.*`--url/s,
    )
  })
})
