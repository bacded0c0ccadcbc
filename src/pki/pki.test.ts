import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFault } from '../base/index.ts'
import {
  createAuthority,
  doorNames,
  ensureServerCertificate,
  generateKey,
  inspectCertificates,
  issueLeaf,
  keyPem,
  openCaFolder,
} from './index.ts'
import { constraintsFor, outside } from './names.ts'
import { readConstraints } from './read-certificate.ts'
import { createRequest, readRequest } from './request.ts'
import { tlsSecret } from './tls-secret.ts'

const DAY = 86_400_000
const written = [
  'localhost',
  '127.0.0.1',
  '::1',
  'kubeflow.example.com',
  '*.kubeflow-user-example-com.example.com',
]
const code = (wanted: string) => (error: unknown) => isFault(error) && error.code === wanted

function aFolder(t: { after(call: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-pki-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function has(program: string): boolean {
  try {
    execFileSync(program, [program === 'openssl' ? 'version' : '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('names are sorted, folded and checked', () => {
  assert.deepEqual(doorNames(['Door.Test.', '[::1]', '0:0:0:0:0:0:0:1', '10.0.0.1', 'bücher.example']), {
    dns: ['door.test', 'xn--bcher-kva.example'],
    ips: ['::1', '10.0.0.1'],
  })
  for (const name of ['', 'a b', '*', '*.localhost', 'a..b', '-a.b', 'x/y', 'a*.b.c', 'fe80::1%eth0']) {
    assert.throws(() => doorNames([name]), code('ERR_CERTIFICATE_NAME'), name)
  }
})

test('a root is limited to the names of its door, without repetition', () => {
  const names = doorNames(['example.com', '*.a.example.com', 'b.test', '127.0.0.1'])
  const permitted = constraintsFor(names)
  assert.deepEqual(permitted, { dns: ['example.com', 'b.test'], ips: ['127.0.0.1'] })
  assert.deepEqual(outside(doorNames(['x.example.com', 'evilexample.com', '127.0.0.2']), permitted), [
    'evilexample.com',
    '127.0.0.2',
  ])
})

test('the first start makes a root and a certificate; the next one finds them', async (t) => {
  const folder = aFolder(t)
  const options = { folder, keep: true, names: written, clock: Date.now }
  const first = await ensureServerCertificate(options)
  assert.deepEqual(first.made, ['a root certificate'])
  assert.deepEqual(readdirSync(folder).sort(), ['ca.crt', 'ca.key', 'server.crt', 'server.key'])
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  const again = await ensureServerCertificate(options)
  assert.deepEqual(again.made, [])
  assert.equal(again.certPem, first.certPem)
  assert.equal(readFileSync(first.caFile, 'utf8'), first.caPem)

  const leaf = new X509Certificate(first.certPem)
  const root = new X509Certificate(first.caPem)
  assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey) && !leaf.ca && root.ca)
  assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), 397 * DAY)
  assert.deepEqual(readConstraints(root.raw), constraintsFor(doorNames(written)))
})

test('what is about to end, or lacks a name, is made anew; the root stays while it may sign', async (t) => {
  const folder = aFolder(t)
  const at = (days: number) => () => Date.now() + days * DAY
  const options = { folder, keep: true, names: ['door.test'], clock: Date.now }
  const first = await ensureServerCertificate(options)
  const renewed = await ensureServerCertificate({ ...options, clock: at(380) })
  assert.match(renewed.made.join(), /about to expire/)
  assert.equal(renewed.caPem, first.caPem)
  const more = await ensureServerCertificate({ ...options, names: ['door.test', 'a.door.test'] })
  assert.match(more.made.join(), /did not name a\.door\.test/)
  assert.equal(more.caPem, first.caPem)
  const other = await ensureServerCertificate({ ...options, names: ['other.test'] })
  assert.notEqual(other.caPem, first.caPem)
  const aside = readdirSync(folder).find((name) => /^ca-[0-9a-f]{8}\.crt$/.test(name))
  assert.equal(readFileSync(join(folder, aside ?? ''), 'utf8'), first.caPem, 'the old root is kept')
})

test('a root that cannot be read is told, not replaced', async (t) => {
  const folder = aFolder(t)
  const options = { folder, keep: true, names: ['door.test'], clock: Date.now }
  await ensureServerCertificate(options)
  writeFileSync(join(folder, 'server.crt'), 'half a cert')
  assert.match((await ensureServerCertificate(options)).made.join(), /could not be read/)
  writeFileSync(join(folder, 'ca.crt'), 'nonsense')
  await assert.rejects(ensureServerCertificate(options), code('ERR_PEM_UNREADABLE'))
})

test('with nothing to keep, no key touches the disk', async (t) => {
  const folder = aFolder(t)
  await ensureServerCertificate({ folder, keep: false, names: ['door.test'], clock: Date.now })
  assert.deepEqual(readdirSync(folder), ['ca.crt'])
})

test('a request is signed for the names it asks for, inside the root’s limits', async () => {
  const authority = await createAuthority({ names: doorNames(['door.test']), clock: Date.now })
  const key = await generateKey('ecdsa')
  const pem = await createRequest(key, doorNames(['a.door.test', 'door.test']))
  const { names, publicKey } = await readRequest(pem, 'x.csr')
  assert.deepEqual(names.dns, ['a.door.test', 'door.test'])
  const leaf = new X509Certificate(await issueLeaf(authority, { names, publicKey, clock: Date.now }))
  assert.ok(leaf.checkPrivateKey(key))
  await assert.rejects(
    issueLeaf(authority, { names: doorNames(['door.test', 'bank.test']), publicKey, clock: Date.now }),
    code('ERR_NAME_OUTSIDE_CA'),
  )
  const broken = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  broken[broken.length - 3] = (broken[broken.length - 3] ?? 0) ^ 1
  const damaged = `-----BEGIN CERTIFICATE REQUEST-----\n${broken.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  await assert.rejects(readRequest(damaged, 'x.csr'), code('ERR_CSR_UNUSABLE'))
  await assert.rejects(readRequest('nonsense', 'x.csr'), code('ERR_PEM_UNREADABLE'))
})

test('an openssl request without subjectAltName is signed for its common name', async (t) => {
  if (!has('openssl')) return t.skip('no openssl here')
  const folder = aFolder(t)
  const ca = openCaFolder(folder, Date.now)
  await ca.init({ names: ['leeway.test'] })
  execFileSync(
    'openssl',
    [
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=leeway.test',
      '-keyout',
      join(folder, 'leeway.test.key'),
      '-out',
      join(folder, 'leeway.test.csr'),
    ],
    { stdio: 'ignore' },
  )
  const { certFile, names } = await ca.sign('leeway.test.csr')
  assert.deepEqual(names, ['leeway.test'])
  const out = execFileSync(
    'openssl',
    [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'leeway.test',
      '-CAfile',
      join(folder, 'ca.crt'),
      certFile,
    ],
    { encoding: 'utf8' },
  )
  assert.match(out, /: OK/)
})

test('openssl takes both kinds of keys, and refuses what a stolen root signs for others', async (t) => {
  if (!has('openssl')) return t.skip('no openssl here')
  const folder = aFolder(t)
  const verify = (file: string, ...more: string[]) => {
    try {
      return execFileSync(
        'openssl',
        [
          'verify',
          '-x509_strict',
          '-purpose',
          'sslserver',
          ...more,
          '-CAfile',
          join(folder, 'ca.crt'),
          join(folder, file),
        ],
        { encoding: 'utf8', stdio: 'pipe' },
      )
    } catch (error) {
      return String((error as { stderr?: string }).stderr)
    }
  }
  for (const keyType of ['ecdsa', 'rsa'] as const) {
    const authority = await createAuthority({ names: doorNames(written), clock: Date.now, keyType })
    const key = await generateKey('ecdsa')
    const publicKey = createPublicKey(key)
    writeFileSync(join(folder, 'ca.crt'), authority.certPem)
    writeFileSync(
      join(folder, 'good.crt'),
      await issueLeaf(authority, { names: doorNames(written), publicKey, clock: Date.now }),
    )
    // Somebody with the key would not ask `issueLeaf`: without `permitted` it signs anything.
    const stolen = { ...authority, permitted: undefined }
    const leaf = (names: string[]) =>
      issueLeaf(stolen, { names: doorNames(names), publicKey, clock: Date.now })
    writeFileSync(join(folder, 'bank.crt'), await leaf(['bank.test']))
    writeFileSync(join(folder, 'ip.crt'), await leaf(['10.1.2.3']))
    assert.match(
      verify('good.crt', '-verify_hostname', 'sklearn-iris.kubeflow-user-example-com.example.com'),
      /: OK/,
    )
    assert.match(verify('good.crt', '-verify_ip', '::1'), /: OK/)
    assert.match(verify('bank.crt'), /permitted subtree violation/)
    assert.match(verify('ip.crt'), /permitted subtree violation/)
  }
})

test('a root without addresses signs for no address', async (t) => {
  if (!has('openssl')) return t.skip('no openssl here')
  const folder = aFolder(t)
  const authority = await createAuthority({ names: doorNames(['door.test']), clock: Date.now })
  const key = await generateKey('ecdsa')
  writeFileSync(join(folder, 'ca.crt'), authority.certPem)
  for (const ip of ['10.1.2.3', '::1']) {
    const stolen = { ...authority, permitted: undefined }
    writeFileSync(
      join(folder, 'ip.crt'),
      await issueLeaf(stolen, { names: doorNames([ip]), publicKey: createPublicKey(key), clock: Date.now }),
    )
    assert.throws(
      () =>
        execFileSync('openssl', ['verify', '-CAfile', join(folder, 'ca.crt'), join(folder, 'ip.crt')], {
          stdio: 'pipe',
        }),
      /excluded subtree violation/,
    )
  }
})

test('Node and Python trust the certificate by name and by address', async (t) => {
  const folder = aFolder(t)
  const {
    certPem,
    keyPem: key,
    caPem,
    caFile,
  } = await ensureServerCertificate({ folder, keep: false, names: written, clock: Date.now })
  const server = createServer({ cert: certPem, key }, (_request, response) => response.end('hi'))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const status = (host: string, servername?: string) =>
    new Promise((resolve, reject) =>
      request({ host, port, ca: caPem, agent: false, ...(servername && { servername }) }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end(),
    )
  assert.equal(await status('127.0.0.1'), 200)
  assert.equal(await status('127.0.0.1', 'sklearn-iris.kubeflow-user-example-com.example.com'), 200)
  await assert.rejects(status('127.0.0.1', 'bank.test'))
  if (!has('python3')) return
  const script = `import socket,ssl,sys
c=ssl.create_default_context(cafile=sys.argv[1])
for name in sys.argv[3:]:
    with socket.create_connection(('127.0.0.1',int(sys.argv[2]))) as s:
        with c.wrap_socket(s,server_hostname=name) as w: print(name,w.version())`
  const { execFile } = await import('node:child_process')
  const out = await new Promise<string>((resolve, reject) =>
    execFile(
      'python3',
      ['-c', script, caFile, String(port), 'localhost', '127.0.0.1', 'kubeflow.example.com'],
      (error, text) => (error ? reject(error) : resolve(text)),
    ),
  )
  assert.equal(out.trim().split('\n').length, 3)
})

test('the steps of a CA by hand: nothing is overwritten, the Secret holds all three', async (t) => {
  const folder = aFolder(t)
  const ca = openCaFolder(folder, Date.now)
  await assert.rejects(ca.sign('x.csr'), code('ERR_CA_UNUSABLE'))
  await ca.init({ names: ['door.test'] })
  await assert.rejects(ca.init({ names: ['door.test'] }), code('ERR_WOULD_OVERWRITE'))
  const { keyFile } = await ca.csr({ names: ['door.test'] })
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  const { certFile } = await ca.sign('door.test.csr')
  await assert.rejects(ca.sign('door.test.csr'), code('ERR_WOULD_OVERWRITE'))
  const secret = (name: string) => tlsSecret({ name, namespace: 'istio-system', ...ca.read('door.test') })
  const yaml = secret('door-tls')
  const field = (name: string) =>
    Buffer.from(new RegExp(`${name}: (.+)`).exec(yaml)?.[1] ?? '', 'base64').toString()
  assert.equal(field('tls.crt'), readFileSync(certFile, 'utf8'))
  assert.equal(field('tls.key'), readFileSync(keyFile, 'utf8'))
  assert.equal(field('ca.crt'), readFileSync(join(folder, 'ca.crt'), 'utf8'))
  assert.throws(() => secret('Not A Name'), code('ERR_USAGE'))
  writeFileSync(keyFile, keyPem(await generateKey('ecdsa')))
  assert.throws(() => secret('door-tls'), code('ERR_PEM_UNREADABLE'))
  const [facts] = inspectCertificates(readFileSync(certFile, 'utf8'), certFile, Date.now() + 400 * DAY)
  assert.deepEqual(
    [facts?.names, facts?.authority, facts?.problems],
    [['door.test'], false, ['it has expired']],
  )
})

test('a root made in the place of an intermediate is what its certificates lead to', async (t) => {
  const [above, folder] = [aFolder(t), aFolder(t)]
  await openCaFolder(above, Date.now).init({ names: ['door.test'], authorities: true })
  const ca = openCaFolder(folder, Date.now)
  await ca.initBelow({ from: above, names: ['door.test'] })
  await ca.init({ names: ['door.test'], force: true })
  await ca.csr({ names: ['door.test'] })
  await ca.sign('door.test.csr')
  assert.equal(ca.read('door.test').caPem, readFileSync(join(folder, 'ca.crt'), 'utf8'))
})
