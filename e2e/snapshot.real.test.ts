/** `kfdoor snapshot`, and commands that read a cluster, against a real API server with a release's objects in it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { profileFiles } from '../src/compose/profiles.ts'
import { kfdoor } from './door.ts'
import { type Cluster, startCluster } from './parts/kubernetes.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const shared = fileURLToPath(new URL('../../shared/fixtures/kubeflow/', import.meta.url))

function run(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [kfdoor, ...words], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { out: stdout, err: stderr, code: status }
}

describe('a cluster with the door of a release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-snapshot-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const snapshotFile = join(folder, 'door.yaml')
  const doorFolder = join(folder, 'door')
  let cluster: Cluster

  before(async () => {
    cluster = await startCluster({ users: { reader: [], nobody: [] } })
    cluster.kubeconfig(kubeconfig)
    await installKinds(cluster)
    // The release as this repository has it: its own files, written out so that both sides read the same.
    const { mkdirSync } = await import('node:fs')
    mkdirSync(doorFolder)
    const files = profileFiles('26.03', { tls: false, demo: true })
    for (const [index, { text }] of files.entries())
      writeFileSync(join(doorFolder, `${String(index).padStart(2, '0')}.yaml`), text)
    await loadYaml(cluster, [doorFolder])
    const role = run(['snapshot', '--role'])
    writeFileSync(join(folder, 'role.yaml'), role.out)
    await loadYaml(cluster, [join(folder, 'role.yaml')])
    await cluster.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kfdoor-reader' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
      },
    })
  })
  after(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the shipped role is enough, and reads no Secret', async () => {
    const { out, err, code } = run(['snapshot', '--kubeconfig', kubeconfig, '--context', 'reader'])
    assert.equal(code, 0, err)
    assert.doesNotMatch(err, /left out/)
    const list = parse(out) as { kind: string; items: { kind: string }[] }
    assert.equal(list.kind, 'List')
    assert.equal(list.items.filter(({ kind }) => kind === 'Secret').length, 0)
    writeFileSync(snapshotFile, out)
    const secrets = await cluster.call('GET', '/api/v1/secrets', { token: cluster.token('reader') })
    assert.equal(secrets.status, 403)
  })

  test('nothing in it is a secret of the cluster, nor noise of the API server', async () => {
    await cluster.call('PATCH', '/api/v1/namespaces/auth/configmaps/dex?fieldManager=person&force=true', {
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: 'dex',
          namespace: 'auth',
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'all-of-it' },
        },
        data: {
          'config.yaml': [
            'issuer: http://dex.auth.svc.cluster.local:5556/dex',
            'connectors:',
            '- type: ldap',
            '  config:',
            '    bindDN: cn=reader',
            '    bindPW: very-hidden-one',
            'staticPasswords:',
            '- email: someone@example.com',
            "  hash: '$2a$10$very-hidden-two'",
            'staticClients:',
            '- id: x',
            '  secret: very-hidden-three',
          ].join('\n'),
        },
      }),
    })
    const { out } = run([
      'snapshot',
      '--kubeconfig',
      kubeconfig,
      '--context',
      'admin',
      '--with-secrets',
      '--anonymize',
    ])
    assert.doesNotMatch(out, /very-hidden/)
    assert.doesNotMatch(out, /someone@example\.com/)
    assert.doesNotMatch(out, /last-applied|managedFields|resourceVersion|all-of-it/)
    assert.match(out, /bindPW: scrubbed:[0-9a-f]{16}/)
    assert.match(out, /bindDN: cn=reader/)
  })

  test('secrets in odd places, taken by the API server with Istio’s own schemas, are in no answer about it', async () => {
    const odd = join(folder, 'odd.yaml')
    writeFileSync(odd, oddPlaces)
    await loadYaml(cluster, [odd])
    const asked = [
      ['snapshot'],
      ['snapshot', '--with-secrets', '--anonymize'],
      ['lint', '-o', 'json'],
      ['map', '-o', 'json'],
      ['explain', 'http://odd.example.com/hooks?token=x', '--trace', '-o', 'json'],
    ]
    for (const words of asked) {
      const { out, err, code } = run([...words, '--kubeconfig', kubeconfig])
      assert.ok(code !== 2 && out !== '', err)
      assert.doesNotMatch(out + err, /hunter2|aHVudGVyM/, words.join(' '))
      if (words[0] === 'snapshot') assert.match(out, /name: odd-filter[\s\S]*scrubbed:/)
    }
  })

  const questions: readonly (readonly string[])[] = [
    ['https://kubeflow.example.com/', '--as', 'anonymous'],
    ['https://kubeflow.example.com/', '--as', 'user:user@example.com'],
    [
      'https://kubeflow.example.com/pipeline/apis/v2beta1/runs',
      '--as',
      'sa:kubeflow-user-example-com/default-editor',
    ],
    ['POST', 'https://kubeflow.example.com/kfam/v1/bindings', '--as', 'user:user@example.com+forged'],
  ]
  for (const words of questions) {
    test(`${words.join(' ')}: snapshot, cluster and files give one answer`, () => {
      const pick = (text: string) => {
        const { verdict, reason, upstream } = JSON.parse(text) as Record<string, unknown>
        return { verdict, reason, upstream }
      }
      const port = ['-o', 'json']
      const files = run([
        'explain',
        ...words.map((each) => each.replace('https:', 'http:')),
        ...port,
        '-f',
        doorFolder,
      ])
      const snapshot = run([
        'explain',
        ...words.map((each) => each.replace('https:', 'http:')),
        ...port,
        '--snapshot',
        snapshotFile,
      ])
      const live = run(['explain', ...words.map((each) => each.replace('https:', 'http:')), ...port], {
        KUBECONFIG: kubeconfig,
      })
      assert.ok(files.out !== '', files.err)
      assert.deepEqual(pick(snapshot.out), pick(files.out), snapshot.err)
      assert.deepEqual(pick(live.out), pick(files.out), live.err)
    })
  }

  test('who may read nothing is told so, with what to do', () => {
    const { err, code } = run(['snapshot', '--kubeconfig', kubeconfig, '--context', 'nobody'])
    assert.equal(code, 4)
    assert.match(err, /KFD1901/)
    assert.doesNotMatch(err, /at .*\.ts/)
  })

  test('a context that is not there, and a server that is not there', () => {
    assert.equal(run(['snapshot', '--kubeconfig', kubeconfig, '--context', 'none']).code, 2)
    const dead = join(folder, 'dead')
    writeFileSync(dead, readFileSync(kubeconfig, 'utf8').replaceAll(cluster.url, 'https://127.0.0.1:1'))
    assert.equal(run(['snapshot', '--kubeconfig', dead]).code, 3)
  })

  const releases = ['v1.6', 'v1.8', 'v1.9', '26.03'] as const
  for (const release of releases) {
    test(`the fixtures of ${release} load, and their snapshot has no error of its own`, {
      skip: sharedOnly(release),
    }, async () => {
      // Selectors of Deployments cannot be changed, so every release has a cluster of its own.
      const own = await startCluster()
      after(() => own.close())
      const config = join(folder, `kubeconfig-${release}`)
      own.kubeconfig(config)
      await installKinds(own)
      await loadYaml(own, [join(shared, release)])
      const { out, err, code } = run(['snapshot', '--kubeconfig', config])
      assert.equal(code, 0, err)
      writeFileSync(snapshotFile, out)
      const lint = run(['lint', '--snapshot', snapshotFile, '-o', 'json'])
      const { findings } = JSON.parse(lint.out) as {
        findings: { code: string; severity: string; message: string }[]
      }
      assert.deepEqual(
        findings
          .filter(({ code: each, severity }) => each === 'KFD0200' && severity === 'error')
          .map(({ message }) => message),
        [],
      )
    })
  }
})

/** `hunter2`, all of it. */
const oddPlaces = `
apiVersion: v1
kind: ConfigMap
metadata: {name: dex-odd, namespace: auth}
data:
  config.yaml: |
    defaults: &pw hunter2
    connectors:
    - {type: ldap, config: {bindPW: *pw}}
    signer: {kty: oct, k: hunter2}
    plugin: '{"clientSecret":"hunter2"}'
  old.cfg: |
    client_secret = """
    hunter2
    """
  users.xml: <user name="x" password="hunter2"/>
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: odd-filter, namespace: auth}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    patch:
      operation: ADD
      value:
        name: odd
        typed_config:
          generic_secret: {secret: {inline_string: hunter2}}
          credential: {inline_bytes: aHVudGVyMg==}
          headers: [{name: x-api-key, string_match: {exact: hunter2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: odd
  namespace: auth
  annotations: {tool.example.com/original: '{"apiVersion":"v1","kind":"Secret","data":{"a":"aHVudGVyMg=="}}'}
spec:
  hosts: [odd.example.com]
  gateways: [kubeflow/kubeflow-gateway]
  http:
  - match: [{uri: {prefix: /hooks}, queryParams: {token: {exact: hunter2}}}]
    headers: {request: {set: {x-internal-key: hunter2}}}
    route: [{destination: {host: dex.auth.svc.cluster.local}}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: odd, namespace: auth}
spec: {jwtRules: [{issuer: odd, jwks: '{"keys":[{"kty":"oct","k":"hunter2"}]}'}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: odd, namespace: auth}
spec:
  selector: {matchLabels: {app: odd}}
  template:
    metadata: {labels: {app: odd}, annotations: {proxy.istio.io/config: "proxyMetadata: {WHATEVER: hunter2}"}}
    spec:
      containers:
      - name: odd
        image: odd
        command: [sh, -c, "curl -u jane:hunter2 -H 'X-Api-Key: hunter2' https://hunter2@x"]
        env: [{name: APP_LICENSE, value: hunter2}]
`

function sharedOnly(release: string): string | false {
  try {
    readFileSync(join(shared, release, '01-namespaces.yaml'))
    return false
  } catch {
    return `no shared folder beside this checkout: the YAML of ${release} is not carried`
  }
}
