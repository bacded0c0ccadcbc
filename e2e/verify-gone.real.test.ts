/**
 * `--verify` where something is gone: the API server while the door is asked, while it is waited for or while the plan is
 * undone, the door itself, its certificate. What stands is said, the exit code tells, `plan status` agrees, and what is left
 * to do works once everybody is back. The API server is real, the door answers what it is told.
 */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { viewOptions } from '../src/cli/map/view-options.ts'
import { readTexts } from '../src/compose/change/read-texts.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'
import { createOf, planOf, planText, readRawDoor } from '../src/planner/index.ts'
import { typed } from './change/commands.ts'
import { type FaultyProxy, startFaultyProxy } from './parts/faulty-proxy.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-verify-gone-'))
const kubeconfig = join(folder, 'kubeconfig')
const planFile = join(folder, 'plan.yaml')
const policies = '/apis/security.istio.io/v1/namespaces/istio-system/authorizationpolicies'
let cluster: Cluster
let proxy: FaultyProxy
let url = ''
const closers: (() => void)[] = []
let name = ''
let states = 0
/** What the door answers; asked before each answer. */
let answer: (response: ServerResponse) => void = () => {}

const mesh = `apiVersion: v1
kind: Namespace
metadata: {name: istio-system}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: istio-system}
spec: {selector: {app: app}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: istio-system}
spec: {hosts: ['*'], gateways: [gateway], http: [{route: [{destination: {host: app.istio-system.svc.cluster.local, port: {number: 80}}}]}]}
`
const shut = (path: string) =>
  createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `shut-${path}`, namespace: 'istio-system' },
      spec: {
        selector: { matchLabels: { istio: 'ingressgateway' } },
        action: 'DENY',
        rules: [{ to: [{ operation: { paths: [`/${path}`] } }] }],
      },
    },
    'closes',
    'a test',
  )

const open = (response: ServerResponse) =>
  void response.writeHead(200, { server: 'istio-envoy', 'x-envoy-upstream-service-time': '1' }).end('app')
const closed = (response: ServerResponse) =>
  void response.writeHead(403, { server: 'istio-envoy' }).end('RBAC: access denied')

const listener: RequestListener = ({ method }, response) =>
  method === 'TRACE' ? open(response) : answer(response)
const door = createServer(listener)
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port

before(async () => {
  cluster = await startCluster()
  await installKinds(cluster)
  const file = join(folder, 'mesh.yaml')
  writeFileSync(file, mesh)
  await loadYaml(cluster, [file], 'kubectl')
  proxy = await startFaultyProxy(cluster)
  proxy.kubeconfig(kubeconfig, ['admin'])
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${portOf(door)}`
  const { inputs, source } = await readTexts(['cluster:admin'], async () => '', { env: {}, kubeconfig })
  const plan = planOf(
    readRawDoor(inputs),
    { changes: [shut('one'), shut('two')], risks: [], callers: [] },
    { intent: 'shut', subject: 'both', command: ['test'], source, now: Date.now() / 1000, view: viewOptions },
  )
  assert.ok(plan.spec.access.lost.length > 0)
  name = plan.metadata.name
  writeFileSync(planFile, planText(plan, 'yaml'))
})
after(async () => {
  for (const close of closers) close()
  door.close()
  door.closeAllConnections()
  await proxy?.close()
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  proxy.cut(false)
  proxy.plan(() => 'pass')
  answer = closed
  states++
  for (const each of ['one', 'two']) await cluster.call('DELETE', `${policies}/shut-${each}`)
})

const type = (...words: readonly string[]) =>
  typed([...words, '--kubeconfig', kubeconfig], { XDG_STATE_HOME: join(folder, `state-${states}`) })
const verified = (...more: readonly string[]) =>
  type('apply', planFile, '--yes', '--verify', url, '--timeout', '0', ...more)
const status = async () => {
  const { out, code } = await type('plan', 'status', name, '-o', 'json')
  const { state, steps, unseen } = JSON.parse(out)
  return { code, state, steps: steps.map((step: { state: string }) => step.state), unseen }
}
/** The door answers so, and from its first answer on the API server does not. */
const losing = (then: typeof answer) => (response: ServerResponse) => {
  proxy.cut(true)
  then(response)
}
const both = (state: string) => [state, state]

test('the API server goes while the door is asked: it is asked all the same', async () => {
  answer = losing(closed)
  const { code, err } = await verified('--auto-rollback')
  assert.equal(code, 0, err)
  assert.match(err, /asked the door: [1-9]\d* as predicted, 0 otherwise/)
  const lost = await status()
  assert.deepEqual([lost.state, lost.steps, lost.code], ['applied', both('written'), 0])
  assert.match(lost.unseen, /cannot/)
})

test('it goes, and the door lets through what was not predicted: not rolled back, and that is said', async () => {
  answer = losing(open)
  const { code, err } = await verified('--auto-rollback')
  assert.equal(code, 1, err)
  assert.match(err, /KFD1920: the live door lets through/)
  assert.match(err, /not rolled back.*\n/)
  assert.match(err, /undo it with `kfdoor rollback shut-both/)
  assert.doesNotMatch(err, /the plan was rolled back/)
  assert.deepEqual((await status()).state, 'applied')
  proxy.cut(false)
  assert.deepEqual((await status()).steps, both('written'))
  assert.equal((await type('rollback', name, '--yes')).code, 0)
  assert.deepEqual([(await status()).state, (await status()).steps], ['rolled-back', both('undone')])
})

test('it goes in the middle of that rollback: said as begun, and finished later', async () => {
  answer = open
  let deleted = 0
  proxy.plan(({ method }) => {
    if (method !== 'DELETE' || ++deleted < 2) return 'pass'
    proxy.cut(true)
    return 'drop-before'
  })
  const { code, err } = await verified('--auto-rollback')
  assert.equal(code, 1, err)
  assert.match(err, /KFD1920/)
  assert.doesNotMatch(err, /the plan was rolled back/)
  assert.match(err, /not rolled back to its end/)
  const halfway = await status()
  assert.deepEqual([halfway.state, halfway.code], ['rolling-back', 1])
  proxy.cut(false)
  proxy.plan(() => 'pass')
  assert.equal((await type('rollback', name, '--yes')).code, 0)
  assert.equal((await status()).state, 'rolled-back')
})

test('it goes before the last write: the door is not asked, and `--continue` asks it', async () => {
  let asked = 0
  answer = (response) => {
    asked++
    closed(response)
  }
  proxy.plan(({ number }) => {
    if (number < 2) return 'pass'
    proxy.cut(true)
    return 'drop-before'
  })
  const { code, err } = await verified('--auto-rollback')
  assert.equal(code, 3, err)
  assert.match(err, /KFD1918/)
  assert.equal(asked, 0)
  assert.equal((await status()).state, 'applying')
  proxy.cut(false)
  proxy.plan(() => 'pass')
  const done = await verified('--continue')
  assert.equal(done.code, 0, done.err)
  assert.ok(asked > 0)
})

test('it goes once all is undone, before the door is read: undone, and that is said', async () => {
  await type('apply', planFile, '--yes')
  let deleted = 0
  proxy.plan(({ method }) => {
    // Nobody tells when a rollback has read what it wants: its last write is its last request.
    if (method === 'DELETE' && ++deleted === 2) setImmediate(() => proxy.cut(true))
    return 'pass'
  })
  answer = open
  const { code, err } = await type('rollback', name, '--yes', '--verify', url, '--timeout', '0')
  assert.equal(code, 3, err)
  assert.match(err, /is undone and stays so; the door could not be asked/)
  proxy.cut(false)
  assert.equal((await status()).state, 'rolled-back')
})

test('a door that has the change later: waited for, and said as otherwise where it may not be', async () => {
  const late = await verified('--auto-rollback')
  assert.equal(late.code, 0, late.err)
  await type('rollback', name, '--yes')
  let rounds = 0
  answer = (response) =>
    rounds++ < 6 ? response.writeHead(404, { server: 'istio-envoy' }).end() : closed(response)
  const waited = await type('apply', planFile, '--yes', '--verify', url, '--timeout', '60', '--auto-rollback')
  assert.equal(waited.code, 0, waited.err)
  await type('rollback', name, '--yes')
  rounds = -1_000_000
  const told = await verified('--auto-rollback')
  assert.equal(told.code, 1, told.err)
  assert.match(told.err, /KFD1925/)
  assert.equal((await status()).state, 'applied')
})

test('a door that opens later: reached as soon as it is there', async () => {
  const later = createServer(listener)
  await new Promise<void>((resolve) => later.listen(0, '127.0.0.1', resolve))
  const port = portOf(later)
  await new Promise((resolve) => later.close(resolve))
  proxy.plan(({ number }) => {
    // The change itself opens the port, a moment later.
    if (number === 2) setTimeout(() => later.listen(port, '127.0.0.1'), 1_500)
    return 'pass'
  })
  const there = `http://127.0.0.1:${port}`
  const { code, err } = await type('apply', planFile, '--yes', '--verify', there, '--timeout', '60')
  later.close()
  later.closeAllConnections()
  assert.equal(code, 0, err)
})

const unreached: readonly (readonly [
  what: string,
  words: () => Promise<readonly string[]>,
  code: number,
  says: RegExp,
])[] = [
  ['where nobody listens', async () => ['http://127.0.0.1:1'], 3, /KFD1802/],
  ['whose name nobody knows', async () => ['http://door.invalid'], 3, /KFD18\d\d/],
  [
    'with a certificate nobody trusts',
    async () => [await untrusted()],
    3,
    /KFD18\d\d: [\s\S]*--certificate-authority/,
  ],
]
for (const [what, words, exit, says] of unreached) {
  test(`a door ${what}: what is written stays, and that is said`, async () => {
    const [address = ''] = await words()
    const asking = ['--verify', address, '--timeout', '0']
    const { code, err } = await type('apply', planFile, '--yes', ...asking, '--auto-rollback')
    assert.equal(code, exit, err)
    assert.match(err, says)
    assert.match(err, /is carried out and stays so; the door could not be asked/)
    assert.equal((await status()).state, 'applied')
    const back = await type('rollback', name, '--yes', ...asking)
    assert.equal(back.code, exit, back.err)
    assert.match(back.err, /is undone and stays so; the door could not be asked/)
    assert.equal((await status()).state, 'rolled-back')
  })
}
test('with a certificate nobody trusts, and told not to look: asked', async () => {
  const words = ['--verify', await untrusted(), '--timeout', '0', '--insecure-skip-tls-verify']
  const { code, err } = await type('apply', planFile, '--yes', ...words)
  assert.equal(code, 0, err)
})

/** A door that shows a certificate of an authority of its own. */
async function untrusted(): Promise<string> {
  const names = doorNames(['localhost'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
  const server = createTlsServer({ cert, key: keyPem(key) }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => void server.close())
  return `https://localhost:${portOf(server)}`
}
