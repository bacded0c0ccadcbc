/** What `m2m enable` asks of a real API server: who signs, whether the keys are there, whether a pod may read them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readIssuer } from '../src/compose/change/read-issuer.ts'
import { type Cluster, clusterIssuer, startCluster } from './parts/kubernetes.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-issuer-'))
const kubeconfig = join(folder, 'kubeconfig')
let cluster: Cluster
before(async () => {
  cluster = await startCluster({ users: { reader: [], pod: ['system:serviceaccounts'] } })
  cluster.kubeconfig(kubeconfig)
})
after(async () => {
  await cluster?.close()
  rmSync(folder, { recursive: true, force: true })
})
const read = async (context: string) => {
  const found = await readIssuer({}, { kubeconfig, context, namespace: 'istio-system' })
  return 'issuer' in found ? [found.issuer, found.keys, found.mayRead] : found.reason
}

test('to an admin it says all', async () => {
  assert.deepEqual(await read('admin'), [clusterIssuer, '1 key is there', true])
})

test('who may only read the keys is not told what others may', async () => {
  assert.deepEqual(await read('pod'), [clusterIssuer, '1 key is there', undefined])
})

test('who may not ask is told so', async () => {
  assert.match(String(await read('reader')), /forbidden.*cannot get path/s)
})

test('where RBAC keeps the keys from pods, that is seen', async () => {
  const binding =
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:service-account-issuer-discovery'
  assert.equal((await cluster.call('DELETE', binding)).status, 200)
  // The authorizer learns of it by a watch, a moment later.
  while ((await read('admin'))[2] === true) await new Promise((again) => setTimeout(again, 50))
  assert.deepEqual(await read('admin'), [clusterIssuer, '1 key is there', false])
})
