/** The real kfp SDKs at the Pipelines API itself, without a door before it. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { createPipelines, type PipelinesOptions } from '../src/behind/pipelines/index.ts'
import { ensureKfp, type KfpTarget, type KfpVersion, walkKfp } from './parts/kfp.ts'

const owner = 'system:serviceaccount:kubeflow-user-example-com:default-editor'
const namespace = 'kubeflow-user-example-com'

async function serve(options: Partial<PipelinesOptions>): Promise<{ host: string; close: () => void }> {
  const pipelines = createPipelines({
    store: ':memory:',
    multiUser: true,
    userIdHeader: 'kubeflow-userid',
    userIdPrefix: '',
    tokenReview: async (token, audiences) =>
      token === 'the-token'
        ? { authenticated: true, username: owner, audiences }
        : { authenticated: false, error: 'no such token' },
    accessReview: async (asked) => ({ allowed: asked.user === owner && asked.namespace === namespace }),
    release: '2.16.0',
    runOutcome: 'pending',
    clock: Date.now,
    log: (line) => process.stderr.write(`${line}\n`),
    ...options,
  })
  const server: Server = createServer(getRequestListener((request) => pipelines.handle(request)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    host: `http://127.0.0.1:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
      pipelines.close()
    },
  }
}

type Row = readonly [
  about: string,
  version: KfpVersion,
  options: Partial<PipelinesOptions>,
  target: Partial<KfpTarget>,
  path: '' | '/pipeline',
]
const token: Partial<KfpTarget> = { namespace, token: 'the-token' }
const rows: readonly Row[] = [
  ['with a token, at ml-pipeline', '2.17.0', {}, token, ''],
  [
    'as the UI server passes it on',
    '2.17.0',
    { runOutcome: 'succeeded' },
    { ...token, expectState: 'SUCCEEDED' },
    '/pipeline',
  ],
  ['a run said to fail', '2.17.0', { runOutcome: 'failed' }, { ...token, expectState: 'FAILED' }, ''],
  ['single-user', '2.17.0', { multiUser: false }, {}, ''],
  ['the server of Kubeflow 1.9', '2.17.0', { release: '2.3.0' }, token, ''],
  ['with a token, at ml-pipeline', '1.8.22', { release: '2.0.5' }, token, ''],
  [
    'the server of Kubeflow 1.6',
    '1.8.22',
    { release: '2.0.0-alpha.5', runOutcome: 'succeeded' },
    { ...token, expectState: 'Succeeded' },
    '/pipeline',
  ],
  ['the server of Kubeflow 26.03', '1.8.22', {}, token, ''],
  ['single-user', '1.8.22', { release: '2.0.0-alpha.5', multiUser: false }, {}, ''],
]

for (const version of ['2.17.0', '1.8.22'] as const) {
  describe(`kfp ${version}`, { timeout: 900_000 }, () => {
    before(() => ensureKfp(version))
    for (const [about, of, options, target, path] of rows.filter((row) => row[1] === version)) {
      it(`walks through the whole API: ${about}`, async () => {
        const server = await serve(options)
        after(server.close)
        const seen = await walkKfp(of, { ...target, host: `${server.host}${path}` })
        assert.equal(seen.kfp, version)
        assert.equal(seen.multi_user, options.multiUser ?? true)
        assert.match(String(seen.note), /kfdoor/)
      })
    }

    it('is refused with another token, in the words of the server', async () => {
      const server = await serve({})
      after(server.close)
      await assert.rejects(
        walkKfp(version, { host: server.host, namespace, token: 'another' }),
        /Review\.Status\.Authenticated is false\. Error no such token/,
      )
    })
  })
}
