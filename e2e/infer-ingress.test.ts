/**
 * `infer` where only a cluster is known: the ingress gateway is found by its Service. The API server is a
 * small one of the test's own, which answers what a real one does to these questions; the gateway is a
 * door of this machine.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Door, run, startDoor } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-ingress-'))
const model = [
  'infer',
  'kubeflow-user-example-com/sklearn-iris',
  '-d',
  '{"instances": [[6.8, 2.8, 4.8, 1.4]]}',
]
let door: Door
let service: Record<string, unknown> | undefined
let doorPort = 0
let env: NodeJS.ProcessEnv

const api = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  const path = decodeURIComponent(request.url ?? '')
  if (path.startsWith('/api/v1/nodes')) {
    const addresses = [
      { type: 'Hostname', address: 'node-1' },
      { type: 'InternalIP', address: '127.0.0.1' },
    ]
    return response.end(JSON.stringify({ items: [{ status: { addresses } }] }))
  }
  if (path === '/api/v1/services?labelSelector=istio=ingressgateway')
    return response.end(JSON.stringify({ items: service ? [service] : [] }))
  if (path.startsWith('/api/v1/services')) return response.end('{"items": []}')
  return response.writeHead(404).end('{}')
})

before(async () => {
  door = await startDoor(['--no-tls', '--profile', '26.03'])
  doorPort = Number(new URL(door.ready.url).port)
  api.listen(0, '127.0.0.1')
  await new Promise((done) => api.once('listening', done))
  const server = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  writeFileSync(
    join(folder, 'config'),
    JSON.stringify({
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: 'x' } }],
    }),
  )
  // Stands in for kubectl, whose port-forward it is: it says the line kubectl says.
  const kubectl = join(folder, 'kubectl')
  writeFileSync(kubectl, `#!/bin/sh\necho "Forwarding from 127.0.0.1:${doorPort} -> 8080"\nexec sleep 30\n`)
  chmodSync(kubectl, 0o700)
  env = {
    ...door.env,
    PATH: `${folder}:${process.env.PATH}`,
    KUBECONFIG: join(folder, 'config'),
    ...{ HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder },
    ...{ KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' },
  }
})
after(async () => {
  api.closeAllConnections()
  api.close()
  await door.stop()
  rmSync(folder, { recursive: true, force: true })
})

const aService = (more: { readonly port?: object; readonly status?: object }) => ({
  metadata: { name: 'istio-ingressgateway', namespace: 'istio-system' },
  spec: {
    ports: [
      { name: 'http2', port: 80, ...more.port },
      { name: 'https', port: 443 },
    ],
  },
  ...(more.status && { status: more.status }),
})
const rows: readonly (readonly [by: string, of: () => Record<string, unknown>])[] = [
  [
    'LoadBalancer',
    () => ({
      ...aService({ status: { loadBalancer: { ingress: [{ ip: '127.0.0.1' }] } } }),
      spec: { ports: [{ name: 'http2', port: doorPort }] },
    }),
  ],
  ['NodePort', () => aService({ port: { nodePort: doorPort } })],
  ['port-forward', () => aService({})],
]
for (const [by, of] of rows) {
  test(`the gateway is found by its ${by}, and the model answers`, async () => {
    service = of()
    const { code, out, err } = await run(model, { env })
    assert.equal(code, 0, err)
    assert.deepEqual(JSON.parse(out), { predictions: [1] })
    assert.match(
      err,
      new RegExp(`ingress gateway of the cluster is at http://127\\.0\\.0\\.1:${doorPort} \\(${by}\\)`),
    )
  })
}

test('a cluster without a gateway is said, with the next command', async () => {
  service = undefined
  const { code, err } = await run([...model, '--context', 'test'], { env })
  assert.equal(code, 2)
  assert.match(err, /no way to the cluster's ingress gateway .* say where it is: `--url/)
})
