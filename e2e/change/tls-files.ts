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
    // Every object has another version since then, and is what it was.
    const again = await type(`${words} --apply --yes`)
    assert.equal(again.code, 0, again.err)
    assert.match(again.err, new RegExp(`Secret istio-system/${secret} was there already`))
    assert.equal((await type(`rollback ${name} --yes`, '')).code, 0)
    const now = await dumpOf(cluster())
    const left = changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path)))
    assert.deepEqual(left, [`/api/v1/secrets istio-system/${secret}`])
    await cluster().call('DELETE', `${secrets}/${secret}`)
  }

  const post = (name: string, data: Readonly<Record<string, string>>, namespace = 'istio-system') =>
    cluster().call('POST', `/api/v1/namespaces/${namespace}/secrets`, {
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data },
    })
  const take = (...names: readonly string[]) =>
    Promise.all(names.map((name) => cluster().call('DELETE', `${secrets}/${name}`)))

  /** Nothing is written, whatever was agreed to. */
  async function refused(words: string, says: RegExp, { as = 'admin', code = 2 } = {}): Promise<void> {
    const was = await dumpOf(cluster())
    const answer = await type(`${words} --apply --yes`, as)
    assert.equal(answer.code, code, answer.err)
    assert.match(answer.err, says)
    refuseKey(answer.out + answer.err)
    assert.deepEqual(changedIn(was, await dumpOf(cluster())), [])
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
    const words = `tls enable --cert ${cert} --key ${key} --host ${host} --secret made-twice`
    const annotate = (value: string | null) =>
      cluster().call('PATCH', gateway, {
        body: { metadata: { annotations: { 'argocd.argoproj.io/tracking-id': value } } },
        contentType: 'application/merge-patch+json',
      })
    await annotate('door:x')
    await refused(words, /Argo CD/)
    await annotate(null)
    await readerMakesSecrets('POST')
    await refused(words, /KFD\d{4}: you may not do what plan .*gateways/is, { as: 'reader', code: 4 })
    await readerMakesSecrets('DELETE')
    await post('made-twice', { 'tls.crt': 'YQ==', 'tls.key': 'Yg==' })
    await refused(words, /KFD1408: .*Secret istio-system\/made-twice/)
    await take('made-twice')
  })

  test('tls enable --mutual puts the authority of the callers beside the Secret, or wants it there', async () => {
    const callers = join(folder, 'callers')
    const made = await typed(['ca', 'init', '--dir', callers, '--name', 'callers.example.com'], env)
    assert.equal(made.code, 0, made.err)
    const root = `${callers}/ca.crt`
    const encoded = (file: string) => readFileSync(file).toString('base64')
    const given = `tls enable --cert ${cert} --key ${key} --host ${host} --mutual --secret made-mutual`
    await refused(given, /KFD1932: .*whose certificates callers may show.*--client-ca FILE/s)
    await post('made-mutual-cacert', { 'ca.crt': 'YQ==' })
    await refused(`${given} --client-ca ${root}`, /KFD1408: .*Secret istio-system\/made-mutual-cacert/)
    await take('made-mutual-cacert')
    for (const [words, authority] of [
      [`${given} --client-ca ${root}`, root],
      [`tls enable --ca ${ca} --host ${host} --mutual --secret made-mutual`, `${ca}/ca.crt`],
      // Both are there: nothing has to be given.
      [`tls enable --secret made-mutual --host ${host} --mutual`, undefined],
    ] as const) {
      if (authority === undefined) await post('made-mutual-cacert', { 'ca.crt': encoded(root) })
      if (authority === undefined)
        await post('made-mutual', { 'tls.crt': encoded(cert), 'tls.key': encoded(key) })
      const applied = await type(`${words} --apply --yes`)
      assert.equal(applied.code, 0, applied.err)
      refuseKey(applied.out + applied.err)
      const { data } = (await cluster().call('GET', `${secrets}/made-mutual-cacert`)).body
      assert.deepEqual(data, { 'ca.crt': encoded(authority ?? root) })
      const { servers } = (await cluster().call('GET', gateway)).body.spec
      assert.ok(
        servers.some(({ tls }: Anything) => tls?.credentialName === 'made-mutual' && tls.mode === 'MUTUAL'),
      )
      const [name] = /tls-enable-made-\w+-[0-9a-f]{6}/.exec(applied.out) ?? []
      assert.equal((await type(`rollback ${name} --yes`, '')).code, 0)
      await take('made-mutual', 'made-mutual-cacert')
    }
  })

  test('tls enable --secret of one that nobody could be served with: nothing written', async () => {
    const words = `tls enable --host ${host} --secret`
    await refused(`${words} made-nowhere`, /KFD1932: .*there is no Secret istio-system\/made-nowhere/s)
    await post('made-astray', {}, 'kubeflow')
    await refused(`${words} made-astray`, /there is one in `kubeflow`, where Istio does not look/)
    await cluster().call('DELETE', '/api/v1/namespaces/kubeflow/secrets/made-astray')
    const encoded = (file: string) => readFileSync(file).toString('base64')
    for (const [data, says] of [
      [{ 'ca.crt': encoded(cert) }, /KFD1932: .*no `tls\.crt` with a `tls\.key`/s],
      [{ 'tls.crt': encoded(cert), 'tls.key': encoded(`${ca}/ca.key`) }, /do not belong together/],
      [{ 'tls.crt': 'YQ==', 'tls.key': encoded(key) }, /KFD1406: cannot use `tls\.crt of Secret/],
    ] as const) {
      await post('made-odd', data)
      await refused(`${words} made-odd`, says)
      await take('made-odd')
    }
    await post('made-odd', { cert: encoded(cert), key: encoded(key) })
    await refused(
      'tls enable --host other.example.com --secret made-odd',
      /no client takes it for other\.example\.com/,
    )
    await take('made-odd')
  })
}
