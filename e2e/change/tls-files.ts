/** `tls enable` with files, on a cluster with a door in it: the key goes into the Secret, and nowhere else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Cluster } from '../parts/kubernetes.ts'
import { type Anything, changedIn, dumpOf, timeless } from './cluster-dump.ts'
import { typed } from './commands.ts'

const host = 'kubeflow.example.com'
const secrets = '/api/v1/namespaces/istio-system/secrets'
const gateway = '/apis/networking.istio.io/v1/namespaces/kubeflow/gateways/kubeflow-gateway'

interface Where {
  readonly cluster: () => Cluster
  readonly kubeconfig: string
  /** For the authority's folder and the journals. */
  readonly folder: string
}

export function testTlsFiles({ cluster, kubeconfig, folder }: Where): void {
  const ca = join(folder, 'ca')
  const [cert, key] = [`${ca}/${host}.crt`, `${ca}/${host}.key`]
  const env = { XDG_STATE_HOME: join(folder, 'tls') }
  const type = (words: string, as = 'admin') =>
    typed([...words.split(' '), '--kubeconfig', kubeconfig, ...(as === '' ? [] : ['--context', as])], env)

  async function makeCertificate(): Promise<void> {
    for (const words of [`init --name ${host}`, `server --name ${host}`]) {
      const { code, err } = await typed(['ca', ...words.split(' '), '--dir', ca], env)
      assert.equal(code, 0, err)
    }
  }

  /** The key as PEM and as a Secret has it. */
  const secretTexts = () => {
    const pem = readFileSync(key, 'utf8')
    return [pem.split('\n')[1] ?? pem, Buffer.from(pem).toString('base64').slice(0, 60)]
  }
  const refuseKey = (text: string) => {
    for (const each of secretTexts()) assert.ok(!text.includes(each), 'the key is in it')
  }

  /** Written are the Gateway and the Secret, undone is the Gateway alone. */
  async function there(words: string): Promise<void> {
    const was = await dumpOf(cluster())
    const planned = await type(`${words} -o plan`)
    assert.equal(planned.code, 0, planned.err)
    refuseKey(planned.out + planned.err)
    assert.match(planned.out, /First, the Secret. It holds the key, so it is in no plan/)
    assert.match(planned.out, /the Secret `made-\w+` has to be in `istio-system` before this is applied/)
    assert.deepEqual(changedIn(was, await dumpOf(cluster())), [])

    const applied = await type(`${words} --apply --yes`)
    assert.equal(applied.code, 0, applied.err)
    refuseKey(applied.out + applied.err)
    const [name] = /tls-enable-made-\w+-[0-9a-f]{6}/.exec(applied.out) ?? []
    assert.ok(name, applied.out)
    const secret = /--secret (\S+)/.exec(words)?.[1]
    const { body } = await cluster().call('GET', `${secrets}/${secret}`)
    assert.equal(body.type, 'kubernetes.io/tls')
    const pemOf = (field: string) => Buffer.from(body.data[field], 'base64').toString()
    assert.ok(pemOf('tls.crt').startsWith(readFileSync(cert, 'utf8').trim()))
    assert.equal(pemOf('tls.key'), readFileSync(key, 'utf8'))
    const { servers } = (await cluster().call('GET', gateway)).body.spec
    assert.ok(servers.some(({ tls }: Anything) => tls?.credentialName === secret && tls.mode === 'SIMPLE'))

    const back = await type(`rollback ${name} --yes`, '')
    assert.equal(back.code, 0, back.err)
    const now = await dumpOf(cluster())
    const left = changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path)))
    assert.deepEqual(left, [`/api/v1/secrets istio-system/${secret}`])
    await cluster().call('DELETE', `${secrets}/${secret}`)
  }

  /** Somebody who may read all and make Secrets, and not change a Gateway. */
  async function readerMakesSecrets(method: 'POST' | 'DELETE'): Promise<void> {
    const rbac = 'rbac.authorization.k8s.io'
    const metadata = { name: 'made-reader' }
    const rules = [
      { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
    ]
    const subjects = [{ kind: 'User', apiGroup: rbac, name: 'reader' }]
    const roleRef = { kind: 'ClusterRole', apiGroup: rbac, name: metadata.name }
    for (const [kind, more] of [
      ['ClusterRole', { rules }],
      ['ClusterRoleBinding', { roleRef, subjects }],
    ] as const) {
      const list = `/apis/${rbac}/v1/${kind.toLowerCase()}s`
      const body = { apiVersion: `${rbac}/v1`, kind, metadata, ...more }
      const path = method === 'POST' ? list : `${list}/${metadata.name}`
      const { status } = await cluster().call(method, path, method === 'POST' ? { body } : {})
      assert.ok(status < 300, `${method} ${path}: ${status}`)
    }
  }

  test('tls enable --ca, and --cert with --key: a Secret with the key, a plan without, the Gateway to the byte', async () => {
    await makeCertificate()
    await there(`tls enable --ca ${ca} --host ${host} --secret made-ca`)
    await there(`tls enable --cert ${cert} --key ${key} --host ${host} --secret made-files`)
  })

  test('tls enable --cert --key where the Gateway cannot be changed, or the Secret is another: nothing written', async () => {
    const words = `tls enable --cert ${cert} --key ${key} --host ${host} --secret made-twice --apply --yes`
    const annotate = (value: string | null) =>
      cluster().call('PATCH', gateway, {
        body: { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': value } } },
        contentType: 'application/merge-patch+json',
      })
    const refused = async (as: string, code: number, says: RegExp) => {
      const was = await dumpOf(cluster())
      const answer = await type(words, as)
      assert.equal(answer.code, code, answer.err)
      assert.match(answer.err, says)
      refuseKey(answer.out + answer.err)
      assert.deepEqual(changedIn(was, await dumpOf(cluster())), [])
    }
    await annotate('door:x')
    await refused('admin', 2, /Argo CD/)
    await annotate(null)
    await readerMakesSecrets('POST')
    await refused('reader', 4, /KFD\d{4}: you may not do what plan .*gateways/is)
    await readerMakesSecrets('DELETE')
    const other = { 'tls.crt': 'YQ==', 'tls.key': 'Yg==' }
    const metadata = { name: 'made-twice', namespace: 'istio-system' }
    await cluster().call('POST', secrets, {
      body: { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data: other },
    })
    await refused('admin', 2, /KFD\d{4}: .*Secret istio-system\/made-twice/)
    await cluster().call('DELETE', `${secrets}/made-twice`)
  })
}
