import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import { parseMesh } from '../src/mesh/index.ts'
import { deployFiles } from './deploy/write.ts'

const root = fileURLToPath(new URL('../deploy/', import.meta.url))
const files = deployFiles()
const there = globSync('{kustomize,helm,mesh,seats}/**/*.yaml', { cwd: root })

test('what lies below deploy/ is what the source says; `node tools/deploy.ts` writes it', () => {
  assert.deepEqual([...there].sort(), [...files.keys()].sort())
  for (const [path, text] of files) assert.equal(readFileSync(join(root, path), 'utf8'), text, path)
})

interface Container {
  readonly name: string
  readonly securityContext: Record<string, unknown>
}
const podsOf = (text: string) =>
  parseAllDocuments(text)
    .map((one) => one.toJS())
    .filter((one) => one?.kind === 'Deployment' || one?.kind === 'StatefulSet')

test('no pod runs as root, writes its root file system, or has a capability', () => {
  let seen = 0
  for (const path of there.filter((one) => one.startsWith('kustomize/')))
    for (const { spec } of podsOf(readFileSync(join(root, path), 'utf8'))) {
      const pod = spec.template.spec
      assert.deepEqual(
        [pod.securityContext.runAsNonRoot, pod.securityContext.seccompProfile.type],
        [true, 'RuntimeDefault'],
      )
      for (const container of pod.containers as Container[]) {
        seen++
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  assert.ok(seen >= 2)
})

test('no secret stands in a manifest, and none is made up', () => {
  for (const [path, text] of files) {
    assert.ok(!/kind: Secret\b/.test(text), path)
    assert.ok(!/(client-secret|password): *['"]?\w{8,}/.test(text), path)
  }
})

test('the settings of the ConfigMap are settings that are taken', async () => {
  const { readAuthzSettings } = await import('../src/compose/serve-authz/read-settings.ts')
  const [map] = parseAllDocuments(files.get('kustomize/base/settings.yaml') ?? '').map((one) => one.toJS())
  const text = (map.data['authz.yaml'] as string).replaceAll(
    '/etc/kfdoor/secrets/',
    `${root}../tools/deploy/none/`,
  )
  const { problems } = readAuthzSettings({ file: 'authz.yaml', text }, {})
  // Only what lies in the Secret is missing here.
  assert.deepEqual(problems.map(({ message }) => /none\/([\w-]+)/.exec(message)?.[1] ?? message).sort(), [
    'client-secret',
    'login-key',
  ])
})

test('the mesh side is read without a problem, and never opens when nobody answers', () => {
  const mesh = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n${(files.get('mesh/extension-providers.yaml') ?? '').replace(/^/gm, '    ')}\n`
  for (const overlay of ['kubeflow-http', 'kubeflow-grpc']) {
    const { mesh: read, problems } = parseMesh([
      { file: 'mesh.yaml', text: mesh },
      { file: 'overlay.yaml', text: files.get(`kustomize/overlays/${overlay}/mesh.yaml`) ?? '' },
    ])
    assert.deepEqual(
      problems.filter(({ severity }) => severity === 'error'),
      [],
    )
    assert.deepEqual(
      read.meshConfig.extensionProviders.map(({ name, kind }) => [name, kind]),
      [
        ['kfdoor-http', 'envoyExtAuthzHttp'],
        ['kfdoor-grpc', 'envoyExtAuthzGrpc'],
      ],
    )
    const asked = read.authorizationPolicies.find(({ action }) => action?.value === 'CUSTOM')
    assert.equal(asked?.provider?.value, `kfdoor-${overlay.slice('kubeflow-'.length)}`)
  }
  assert.ok(!/failOpen: true/.test(mesh))
  assert.equal(parse(files.get('helm/kfdoor/values.yaml') ?? '').mesh.enabled, false)
})
