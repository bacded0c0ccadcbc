/** The real API server the other suites stand on: what it is asked for here, they may rely on. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Cluster, clusterIssuer, startCluster } from './parts/kubernetes.ts'

describe('a real API server', () => {
  let cluster: Cluster
  before(async () => {
    cluster = await startCluster({ users: { 'user@example.com': ['team-a'] } })
  })
  after(() => cluster?.close())

  test('knows its users, and lets only the admin in without a role', async () => {
    const path = '/api/v1/namespaces/default/configmaps'
    assert.equal((await cluster.call('GET', path)).status, 200)
    assert.equal((await cluster.call('GET', path, { token: cluster.token('user@example.com') })).status, 403)
    assert.equal((await cluster.call('GET', path, { token: 'nobody' })).status, 401)
    assert.throws(() => cluster.token('else@example.com'), /not started with/)
  })

  test('makes a token for a service account, and reviews it for its audience only', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    const named = (name: string) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
    })
    assert.equal((await cluster.call('POST', accounts, { body: named('editor') })).status, 201)
    const asked = await cluster.call('POST', `${accounts}/editor/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: ['door'] } },
    })
    assert.equal(asked.status, 201)
    const { token } = asked.body.status
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    assert.equal(claims.iss, clusterIssuer)
    const review = async (audiences: readonly string[]) => {
      const answer = await cluster.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token, audiences },
        },
      })
      return answer.body.status
    }
    const good = await review(['door'])
    assert.equal(good.authenticated, true)
    assert.equal(good.user.username, 'system:serviceaccount:default:editor')
    assert.notEqual((await review(['elsewhere'])).authenticated, true)
  })

  test('takes an object by server-side apply, and refuses what no schema knows', async () => {
    const path = '/api/v1/namespaces/default/configmaps/one?fieldManager=test'
    const options = { contentType: 'application/apply-patch+yaml' }
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: b}\n'
    assert.equal((await cluster.call('PATCH', path, { ...options, body })).status, 201)
    assert.equal((await cluster.call('PATCH', path, { ...options, body })).status, 200)
    const strict = await cluster.call('PATCH', `${path}&fieldValidation=Strict`, {
      ...options,
      body: `${body}dada: {}\n`,
    })
    assert.ok(strict.status >= 400, JSON.stringify(strict.body))
  })

  test('is reached by a kubeconfig that only its owner reads', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-kubeconfig-'))
    try {
      const path = join(folder, 'config')
      cluster.kubeconfig(path)
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const config = JSON.parse(readFileSync(path, 'utf8'))
      assert.equal(config.clusters[0].cluster.server, cluster.url)
      assert.deepEqual(
        config.users.map(({ name }: { name: string }) => name),
        ['admin', 'user@example.com'],
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
