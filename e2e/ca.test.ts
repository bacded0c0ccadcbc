/** An own authority, step by step as a person types it: what is made, what is refused, what is never shown. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createSecureContext, createServer } from 'node:tls'
import { parse } from 'yaml'
import { run } from './door.ts'

const has = (program: string) => {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const inPem = (bytes: Buffer) =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`
const withOpenssl = has('openssl') ? {} : { skip: 'no openssl here' }

describe('kfdoor ca', { timeout: 400_000 }, () => {
  let folder: string
  const at = (...names: readonly string[]) => join(folder, ...names)
  const text = (...names: readonly string[]) => readFileSync(at(...names), 'utf8')
  /** `kfdoor ca …`; what it says on stdout. */
  const ca = async (words: readonly string[], code = 0) => {
    const done = await run(['ca', ...words])
    assert.equal(done.code, code, `${words.join(' ')}\n${done.out}\n${done.err}`)
    return done
  }
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', words, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kfdoor-ca-'))
    await ca(['init', '--dir', at('root'), '--name', 'example.com', '--name', '10.0.0.7', '--authorities'])
    await ca([
      'intermediate',
      '--dir',
      at('ca'),
      '--from',
      at('root'),
      '--name',
      'door.example.com',
      '--name',
      '10.0.0.7',
    ])
    await ca([
      'server',
      '--dir',
      at('ca'),
      '--name',
      'door.example.com',
      '--name',
      '*.door.example.com',
      '--name',
      '10.0.0.7',
    ])
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('does what the first lines of its page say', () => {
    const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'ca.md'), 'utf8')
    const [, block = ''] = /```sh\n([\s\S]+?)```/.exec(page) ?? []
    const lines = block.split('\n').filter((line) => line.startsWith('kfdoor ca '))
    assert.equal(lines.length, 3)
    const program = `'${process.execPath}' '${join(import.meta.dirname, '..', 'bin', 'kfdoor.mjs')}'`
    for (const line of lines) {
      const typed = line.replace(/^kfdoor/, program).replace(/ \| kubectl.*$/, '')
      const said = execFileSync('sh', ['-c', typed], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
      assert.match(said, /\.crt\n$|kind: Secret/)
    }
  })

  it('takes a caller’s mail address by either option, and says of others what to type', async () => {
    const own = ['--dir', at('mail')]
    await ca(['init', ...own, '--name', 'example.com'])
    const mailOf = (file: string) => new X509Certificate(text('mail', file)).subjectAltName
    await ca(['client', ...own, '--name', 'a@example.com'])
    await ca(['client', ...own, '--common-name', 'b@example.com'])
    await ca(['csr', ...own, '--usage', 'client', '--name', 'c@example.com'])
    await ca(['sign', ...own, 'c@example.com.csr', '--usage', 'client'])
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => mailOf(`${name}@example.com.crt`)),
      ['a', 'b', 'c'].map((name) => `email:${name}@example.com`),
    )
    for (const words of [
      ['server', ...own, '--name', 'a@example.com'],
      ['client', ...own, '--name', 'a@example.com', 'example.com'],
      ['init', '--dir', at('nobody'), '--name', 'a@example.com'],
    ]) {
      const { err } = await ca(words, 2)
      assert.match(err, /KFD1401: `a@example\.com` .*`kfdoor ca client --common-name MAIL`/)
    }
  })

  it('asks for a name below the star where a Gateway’s host is named', async () => {
    const words = ['inspect', at('ca', 'door.example.com.crt'), '--host', '*.door.example.com']
    assert.match((await ca(words)).out, /asked for a\.door\.example\.com, [\s\S]*Chromium.* takes it/)
  })

  it('keeps keys from everybody else', () => {
    const keys = ['root', 'ca'].flatMap((dir) =>
      readdirSync(at(dir))
        .filter((name) => name.endsWith('.key'))
        .map((name) => at(dir, name)),
    )
    assert.equal(keys.length, 3)
    for (const key of keys) assert.equal(statSync(key).mode & 0o777, 0o600, key)
  })

  it('leads from a server over an intermediate to the root, by strict rules', withOpenssl, () => {
    const verify = (...more: readonly string[]) =>
      openssl(
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-CAfile',
        'ca/root.crt',
        '-untrusted',
        'ca/ca.crt',
        ...more,
        'ca/door.example.com.crt',
      )
    assert.match(verify('-verify_hostname', 'a.door.example.com'), /: OK/)
    assert.match(verify('-verify_ip', '10.0.0.7'), /: OK/)
    assert.throws(() => verify('-verify_hostname', 'door.example.org'), /hostname mismatch/)
    // The server sends the intermediate itself, so that clients need nothing but the root.
    assert.equal(text('ca', 'door.example.com.crt').match(/BEGIN CERTIFICATE/g)?.length, 2)
  })

  for (const type of ['ecdsa', 'ecdsa-p384', 'rsa', 'ed25519']) {
    it(`makes requests openssl reads: ${type}`, withOpenssl, async () => {
      await ca(['csr', '--dir', at(`csr-${type}`), '--name', 'x.door.example.com', '--key-type', type])
      const shown = openssl('req', '-noout', '-verify', '-text', '-in', `csr-${type}/x.door.example.com.csr`)
      assert.match(shown, /DNS:x\.door\.example\.com/)
      await ca(['sign', '--dir', at('ca'), at(`csr-${type}`, 'x.door.example.com.csr'), '--force'])
      assert.match(
        openssl('verify', '-CAfile', 'ca/root.crt', '-untrusted', 'ca/ca.crt', 'ca/x.door.example.com.crt'),
        /: OK/,
      )
    })
  }

  const theirs = (name: string, ...more: readonly string[]) =>
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      ...more,
    )

  it('signs theirs for what they ask, and tells what it leaves out', withOpenssl, async () => {
    theirs(
      'plain',
      '-subj',
      '/CN=plain.door.example.com',
      '-addext',
      'subjectAltName=DNS:plain.door.example.com,email:me@example.com',
    )
    const { err: stderr } = await ca(['sign', '--dir', at('ca'), at('plain.csr')])
    assert.match(stderr, /not granted: email me@example\.com/)
    const made = new X509Certificate(text('ca', 'plain.crt'))
    assert.equal(made.subjectAltName, 'DNS:plain.door.example.com')
    assert.deepEqual(made.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  })

  it('signs nothing they do not ask, and nothing it may not', withOpenssl, async () => {
    theirs('authority', '-subj', '/CN=a.door.example.com', '-addext', 'basicConstraints=CA:TRUE')
    theirs('bank', '-subj', '/CN=bank.example.org')
    theirs(
      'caller',
      '-subj',
      '/CN=me',
      '-addext',
      'extendedKeyUsage=clientAuth',
      '-addext',
      'subjectAltName=URI:spiffe://cluster.local/ns/ci/sa/job',
    )
    const rows: readonly (readonly [name: string, more: readonly string[], why: RegExp])[] = [
      ['authority', [], /KFD1404.*asks to be an authority/],
      ['bank', [], /KFD1402.*bank\.example\.org/],
      ['caller', [], /KFD1404.*client’s certificate; say `--usage client`/],
      ['caller', ['--usage', 'server'], /KFD1404.*does not ask for the usage `server`/],
      ['caller', ['--usage', 'client'], /KFD1404.*asks to be `spiffe:\/\/cluster\.local\/ns\/ci\/sa\/job`/],
      [
        'caller',
        ['--usage', 'client', '--allow', 'spiffe://cluster.local/ns/other/*'],
        /KFD1404.*not allowed here/,
      ],
      ['plain', ['--allow', 'other.door.example.com', '--force'], /KFD1404.*not allowed here/],
      ['md5', [], /KFD1404.*cannot be verified: its hash is none that is read/],
      ['curve', [], /KFD1405/],
      ['described', [], /KFD1404.*described and not named/],
      ['tampered', [], /KFD1404.*signature does not fit its key/],
      ['flood', [], /KFD1404.*larger than/],
    ]
    theirs('md5', '-md5', '-subj', '/CN=a.door.example.com')
    for (const [name, curve, encoding] of [
      ['curve', 'secp256k1', 'named_curve'],
      ['described', 'prime256v1', 'explicit'],
    ] as const) {
      openssl('ecparam', '-name', curve, '-param_enc', encoding, '-genkey', '-noout', '-out', `${name}.key`)
      openssl('req', '-new', '-key', `${name}.key`, '-subj', '/CN=a.door.example.com', '-out', `${name}.csr`)
    }
    const bytes = Buffer.from(text('plain.csr').replaceAll(/-----.*-----|\s/g, ''), 'base64')
    bytes.write('q', bytes.indexOf('plain.door'))
    writeFileSync(at('tampered.csr'), inPem(bytes))
    writeFileSync(at('flood.csr'), inPem(Buffer.alloc(200_000)))
    for (const [name, more, why] of rows) {
      const { err: stderr } = await ca(['sign', '--dir', at('ca'), at(`${name}.csr`), ...more], 2)
      assert.match(stderr, why)
    }
    await ca([
      'sign',
      '--dir',
      at('ca'),
      at('caller.csr'),
      '--usage',
      'client',
      '--allow',
      'spiffe://cluster.local/ns/ci/*',
    ])
    const made = new X509Certificate(text('ca', 'caller.crt'))
    assert.equal(made.subjectAltName, 'URI:spiffe://cluster.local/ns/ci/sa/job')
    assert.match(
      openssl(
        'verify',
        '-purpose',
        'sslclient',
        '-CAfile',
        'ca/root.crt',
        '-untrusted',
        'ca/ca.crt',
        'ca/caller.crt',
      ),
      /: OK/,
    )
    assert.throws(
      () =>
        openssl(
          'verify',
          '-purpose',
          'sslserver',
          '-CAfile',
          'ca/root.crt',
          '-untrusted',
          'ca/ca.crt',
          'ca/caller.crt',
        ),
      /purpose/,
    )
  })

  it('tells what it leaves out of a request, and reads one in DER', withOpenssl, async () => {
    theirs(
      'wishes',
      '-subj',
      '/CN=w.door.example.com',
      '-addext',
      'keyUsage=keyCertSign,digitalSignature',
      '-addext',
      'subjectAltName=DNS:w.door.example.com,otherName:1.2.3.4;UTF8:x',
    )
    openssl('req', '-in', 'wishes.csr', '-outform', 'der', '-out', 'wishes.der')
    const { err: said } = await ca(['sign', '--dir', at('ca'), at('wishes.der')])
    assert.match(said, /not granted: to sign certificates\nnot granted: names of kinds/)
    const made = new X509Certificate(text('ca', 'wishes.crt'))
    assert.deepEqual([made.ca, made.subjectAltName], [false, 'DNS:w.door.example.com'])
  })

  it('finds the request among what else is in its file, and takes no two', withOpenssl, async () => {
    const [csr, key] = [text('plain.csr'), text('plain.key')]
    const files: Readonly<Record<string, readonly [string, RegExp | undefined]>> = {
      'key-first.csr': [key + csr, undefined],
      'windows.csr': [`\ufeff${csr.replaceAll('\n', '\r\n')}`, undefined],
      'older.csr': [csr.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'), undefined],
      'two.csr': [csr + csr, /it holds 2 signing requests/],
      'key.csr': [key, /no signing request in PEM, but a private key/],
      'cert.csr': [text('ca', 'ca.crt'), /no signing request in PEM, but a certificate/],
    }
    for (const [name, [content, says]] of Object.entries(files)) {
      writeFileSync(at(name), content)
      const { err } = await ca(['sign', '--dir', at('ca'), at(name)], says ? 2 : 0)
      if (says) assert.match(err, says)
    }
  })

  it('lets nothing in a request steer the terminal', withOpenssl, async () => {
    const subject = ['-subj', '/CN=t.door.example.com', '-addext']
    theirs('mail', ...subject, 'subjectAltName=DNS:t.door.example.com,email:\x1b[31mred@example.com')
    theirs('host', ...subject, 'subjectAltName=DNS:\x1b[2J.door.example.com')
    const { err } = await ca(['sign', '--dir', at('ca'), at('mail.csr')])
    assert.match(err, /not granted: email \?\[31mred@example\.com/)
    assert.match((await ca(['sign', '--dir', at('ca'), at('host.csr')], 2)).err, /KFD1401: `\?\[2J/)
  })

  it('says which clients take no such key', withOpenssl, async () => {
    openssl('ecparam', '-name', 'secp521r1', '-genkey', '-noout', '-out', 'long.key')
    openssl('req', '-new', '-key', 'long.key', '-subj', '/CN=long.door.example.com', '-out', 'long.csr')
    openssl('genpkey', '-algorithm', 'ed25519', '-out', 'ed.key')
    openssl('req', '-new', '-key', 'ed.key', '-subj', '/CN=ed.door.example.com', '-out', 'ed.csr')
    assert.match((await ca(['sign', '--dir', at('ca'), at('long.csr')])).err, /P-521: Chromium does not/)
    assert.match((await ca(['sign', '--dir', at('ca'), at('ed.csr')])).err, /Ed25519: Chromium does not/)
    const asked = await ca(['csr', '--dir', at('ed'), '--name', 'a.test', '--key-type', 'ed25519'])
    assert.match(asked.err, /Ed25519: Chromium does not/)
  })

  it('overwrites nothing unless it is told to', async () => {
    const before = text('ca', 'door.example.com.key')
    for (const words of [
      ['init', '--dir', at('root'), '--name', 'example.com'],
      ['server', '--dir', at('ca'), '--name', 'door.example.com'],
    ]) {
      assert.match((await ca(words, 2)).err, /KFD1408/)
    }
    assert.equal(text('ca', 'door.example.com.key'), before)
  })

  it('renews what is due with its key, and with a new one when asked', async () => {
    const crt = () => new X509Certificate(text('ca', 'door.example.com.crt'))
    const old = crt()
    const { out: stdout } = await ca(['renew', '--dir', at('ca'), 'door.example.com'])
    assert.match(stdout, /left alone/)
    await ca(['renew', '--dir', at('ca'), 'door.example.com', '--force'])
    assert.notEqual(crt().serialNumber, old.serialNumber)
    assert.ok(crt().publicKey.equals(old.publicKey) && crt().subjectAltName === old.subjectAltName)
    const again = JSON.parse(
      (
        await ca([
          'renew',
          '--dir',
          at('ca'),
          'door.example.com',
          '--before',
          '500',
          '--new-key',
          '-o',
          'json',
        ])
      ).out,
    )
    assert.equal(again.certificates[0].renewed, true)
    assert.equal(again.certificates[0].aside.length, 2)
    assert.ok(!crt().publicKey.equals(old.publicKey))
  })

  it('renews what can be renewed where one certificate cannot, and says what ends with its authority', async () => {
    const own = ['--dir', at('short')]
    await ca(['init', ...own, '--name', 'example.com', '--days', '20'])
    for (const name of ['a.example.com', 'b.example.com', 'c.example.com'])
      await ca(['server', ...own, '--name', name])
    writeFileSync(at('short', 'b.example.com.key'), text('short', 'a.example.com.key'))
    const { out, err } = await ca(['renew', ...own, '--force'], 1)
    assert.deepEqual(out.match(/\w\.example\.com\.crt renewed/g), [
      'a.example.com.crt renewed',
      'c.example.com.crt renewed',
    ])
    assert.match(err, /KFD1403: .*b\.example\.com\.key/)
    assert.match(err, /c\.example\.com\.crt ends with the authority .*`kfdoor ca renew ca`/)
    await ca(['renew', ...own, 'a.example.com'], 1)
    await ca(['renew', ...own, 'ca'])
    assert.match((await ca(['renew', ...own, 'a.example.com'])).out, /renewed/)
  })

  it('renews an authority without touching what it signed', withOpenssl, async () => {
    assert.match((await ca(['renew', '--dir', at('ca'), 'ca', '--force'], 2)).err, /--from/)
    await ca(['renew', '--dir', at('ca'), 'ca', '--force', '--from', at('root')])
    await ca(['renew', '--dir', at('root'), 'ca', '--force'])
    assert.match(
      openssl(
        'verify',
        '-x509_strict',
        '-CAfile',
        'root/ca.crt',
        '-untrusted',
        'ca/ca.crt',
        'ca/door.example.com.crt',
      ),
      /: OK/,
    )
  })

  it('writes the Secrets and the ConfigMap', async () => {
    const { out: stdout } = await ca([
      'secret',
      '--dir',
      at('ca'),
      'door.example.com',
      '--secret-name',
      'tls',
      '--mutual',
      '-o',
      'json',
    ])
    const [secret, beside] = JSON.parse(stdout).items
    assert.deepEqual(
      [secret.type, Object.keys(secret.data)],
      ['kubernetes.io/tls', ['tls.crt', 'tls.key', 'ca.crt']],
    )
    assert.deepEqual([beside.metadata.name, Object.keys(beside.data)], ['tls-cacert', ['ca.crt']])
    const map = parse(
      (await ca(['configmap', '--dir', at('ca'), '--configmap-name', 'kubeflow-ca', '-n', 'team'])).out,
    )
    assert.deepEqual(map.data, { 'ca.crt': text('ca', 'root.crt') })
  })

  it('inspects a file and a Secret, and tells which client refuses', withOpenssl, async () => {
    writeFileSync(
      at('secret.yaml'),
      (await ca(['secret', '--dir', at('ca'), 'door.example.com', '--secret-name', 'tls'])).out,
    )
    const good = JSON.parse((await ca(['inspect', at('secret.yaml'), '-o', 'json'])).out)
    assert.ok(
      good.clients.length === 7 &&
        good.clients.every(({ accepts }: { accepts: string }) => accepts === 'yes'),
    )
    assert.doesNotMatch(JSON.stringify(good), /PRIVATE/)

    mkdirSync(at('report'))
    const sh = (line: string) => execFileSync('bash', ['-ec', line], { cwd: at('report'), stdio: 'pipe' })
    sh(
      "openssl req -x509 -sha256 -nodes -days 365 -newkey rsa:2048 -subj '/O=leeway Inc./CN=leeway' -keyout ca.key -out ca.crt",
    )
    sh(
      "openssl req -out localhost.csr -newkey rsa:2048 -nodes -keyout localhost.key -subj '/CN=localhost/O=hello world from leeway'",
    )
    sh(
      'openssl x509 -req -days 365 -CA ca.crt -CAkey ca.key -set_serial 0 -in localhost.csr -out localhost.crt',
    )
    const bad = JSON.parse((await ca(['inspect', at('report', 'localhost.crt'), '-o', 'json'], 1)).out)
    assert.equal(bad.certificates[0].version, 1)
    const said = Object.fromEntries(
      bad.clients.map((one: { client: string; accepts: string }) => [one.client, one.accepts]),
    )
    // What the real ones do: e2e/certificate-clients.real.test.ts.
    assert.deepEqual(
      { ...said, 'python3.13': '-' },
      {
        curl: 'yes',
        python: 'yes',
        'python3.13': '-',
        requests: 'no',
        node: 'yes',
        go: 'no',
        chromium: 'no',
      },
    )
  })

  it(
    'reads a certificate in DER, and names what is in another wrapping or the wrong order',
    withOpenssl,
    async () => {
      const [cert, key] = ['ca/door.example.com.crt', 'ca/door.example.com.key']
      openssl('x509', '-in', cert, '-outform', 'der', '-out', 'ca/door.der')
      assert.match(
        (await ca(['inspect', at('ca', 'door.der'), '--ca', at('ca', 'ca.crt')], 1)).out,
        /takes it/,
      )
      openssl('pkcs12', '-export', '-in', cert, '-inkey', key, '-passout', 'pass:x', '-out', 'door.p12')
      assert.match((await ca(['inspect', at('door.p12')], 2)).err, /KFD1406.*PKCS#12.*-nokeys/)
      openssl('crl2pkcs7', '-nocrl', '-certfile', cert, '-out', 'door.p7b')
      assert.match((await ca(['inspect', at('door.p7b')], 2)).err, /KFD1406.*PKCS#7/)
      writeFileSync(at('upside-down.crt'), `${text('root', 'ca.crt')}${text('ca', 'ca.crt')}`)
      assert.doesNotMatch((await ca(['inspect', at('upside-down.crt')])).out, /stands first/)
      writeFileSync(at('upside-down.crt'), `${text('ca', 'ca.crt')}${text('ca', 'door.example.com.crt')}`)
      assert.match((await ca(['inspect', at('upside-down.crt')], 1)).out, /the authority stands first/)
    },
  )

  it('asks a server by another name than its address, and one that wants a certificate of its caller', async (t) => {
    const read = (...names: readonly string[]) => ({
      cert: text(...names),
      key: text('ca', 'door.example.com.key'),
    })
    const own = createSecureContext(read('ca', 'door.example.com.crt'))
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = createServer({
        maxVersion,
        requestCert: true,
        rejectUnauthorized: true,
        SNICallback: (name, done) =>
          name === 'door.example.com' ? done(null, own) : done(new Error('nobody of that name')),
      })
      server.on('tlsClientError', () => {})
      t.after(() => server.close())
      const port = await new Promise<number>((done) =>
        server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
      )
      const url = `https://127.0.0.1:${port}`
      const words = ['--host', 'door.example.com', '--ca', at('root', 'ca.crt')]
      assert.match((await ca(['inspect', url, ...words])).out, /asked for door\.example\.com/, maxVersion)
      await ca(['inspect', url, '--ca', at('root', 'ca.crt')], 3)
    }
    const plain = createPlainServer()
    t.after(() => plain.close())
    await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done))
    const { port } = plain.address() as AddressInfo
    assert.match(
      (await ca(['inspect', `https://127.0.0.1:${port}`], 3)).err,
      /does not speak TLS on that port/,
    )
  })

  it('judges what a server sends as it sends it: twice, in another order, beside a stranger', async (t) => {
    const [leaf = '', above = ''] = text('ca', 'door.example.com.crt').split(
      /(?<=-----END CERTIFICATE-----\n)/,
    )
    const root = text('root', 'ca.crt')
    for (const [chain, sent, code] of [
      [[leaf, leaf, above, above], 4, 0],
      [[leaf, root, above], 3, 0],
      [[leaf, text('mail', 'ca.crt'), above], 3, 0],
      [[leaf], 1, 1],
    ] as const) {
      const server = createServer({ cert: chain.join(''), key: text('ca', 'door.example.com.key') })
      t.after(() => server.close())
      const port = await new Promise<number>((done) =>
        server.listen(0, '::1', () => done((server.address() as AddressInfo).port)),
      )
      const words = [`https://[::1]:${port}`, '--host', 'door.example.com', '--ca', at('root', 'ca.crt')]
      const { out } = await ca(['inspect', ...words, '-o', 'json'], code)
      assert.equal(JSON.parse(out).certificates.length, sent)
    }
  })

  it('hands nobody a key that lies in one file with its certificate', async () => {
    writeFileSync(at('both.pem'), text('root', 'ca.crt') + text('root', 'ca.key'))
    const own = ['--ca', at('both.pem')]
    const secret = ['secret', '--dir', at('ca'), 'door.example.com', '--secret-name', 'tls', '--mutual']
    for (const words of [
      ['env', ...own, '--into', at('handed')],
      ['configmap', ...own, '--configmap-name', 'kubeflow-ca', '-n', 'team'],
      [...secret, '--client-ca', at('both.pem')],
    ]) {
      const { out, err } = await ca(words, 2)
      assert.match(err, /KFD1406: .*there is a private key in it/)
      assert.equal(out, '')
    }
    assert.ok(!existsSync(at('handed')))
  })

  it('says of a Secret that nobody takes its certificate, where the authority was made anew', async () => {
    const own = ['--dir', at('anew')]
    await ca(['init', ...own, '--name', 'example.com'])
    await ca(['server', ...own, '--name', 'example.com'])
    const secret = ['secret', ...own, 'example.com', '--secret-name', 'tls']
    assert.equal((await ca(secret)).err, '')
    await ca(['init', ...own, '--name', 'example.com', '--force'])
    assert.match(
      (await ca(secret)).err,
      /^no client that trusts the root beside it takes this certificate: the issuer of/,
    )
  })

  it('inspects the authority in a Secret by itself', async () => {
    const secret = await ca([
      'secret',
      '--dir',
      at('ca'),
      'door.example.com',
      '--secret-name',
      'tls',
      '--mutual',
    ])
    const [, beside = ''] = secret.out.split(/^---$/m)
    writeFileSync(at('beside.yaml'), beside)
    assert.match(
      (await ca(['inspect', at('beside.yaml')])).out,
      /authority {2}yes, for example\.com, 10\.0\.0\.7 only/,
    )
    writeFileSync(at('neither.yaml'), beside.replace('ca.crt', 'other'))
    assert.match(
      (await ca(['inspect', at('neither.yaml')], 2)).err,
      /no Secret in it has a `tls\.crt` or `ca\.crt`/,
    )
  })

  it('shows what a trust store would be given, and does nothing', async () => {
    const place = at('image')
    mkdirSync(join(place, 'usr/local/share/ca-certificates'), { recursive: true })
    const dry = JSON.parse(
      (await ca(['install', '--dir', at('ca'), '--root', place, '--dry-run', '-o', 'json'])).out,
    )
    assert.equal(dry.done, false)
    assert.match(JSON.stringify(dry), /update-ca-certificates/)
    const { err: stderr } = await ca(['install', '--dir', at('ca'), '--root', place], 2)
    assert.match(stderr, /nothing was changed/)
    assert.deepEqual(readdirSync(join(place, 'usr/local/share/ca-certificates')), [])
  })

  it('takes no root that could be any site, unless told so', withOpenssl, async () => {
    const { err: stderr } = await ca(['install', '--ca', at('report', 'ca.crt'), '--dry-run'], 2)
    assert.match(stderr, /KFD1403.*--unlimited/)
    for (const [constraints, code] of [
      ['permitted;email:example.com', 2],
      ['permitted;IP:10.0.0.0/255.0.0.0', 2],
      ['excluded;DNS:bad.example.com', 2],
      ['permitted;DNS:example.com', 0],
    ] as const) {
      const root = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', 'nc.key', '-out', 'nc.crt']
      openssl(...root, '-subj', '/CN=nc', '-addext', `nameConstraints=critical,${constraints}`)
      const { err } = await ca(['install', '--ca', at('nc.crt'), '--root', at('image'), '--dry-run'], code)
      if (code === 2) assert.match(err, /KFD1403.*its name constraints leave host names free.*--unlimited/)
    }
  })

  it('names the variables of each program', async () => {
    const { out: stdout } = await ca(['env', '--dir', at('ca'), '--into', at('roots'), '-o', 'json'])
    const variables = JSON.parse(stdout)
    assert.match(
      readFileSync(variables.SSL_CERT_FILE, 'utf8'),
      new RegExp(text('ca', 'root.crt').split('\n')[2] as string),
    )
    assert.equal(readFileSync(variables.NODE_EXTRA_CA_CERTS, 'utf8'), text('ca', 'root.crt'))
    assert.match((await ca(['env', '--dir', at('ca'), '--into', at('roots')], 2)).err, /KFD1408/)
  })

  for (const [words, why] of [
    [['server', '--dir', 'nowhere', '--name', 'a.example.com'], /KFD1403/],
    [['server', '--dir', 'nowhere'], /KFD0100.*--name/],
    [['init', '--dir', 'nowhere', '--name', 'a b'], /KFD1401/],
    [['init', '--dir', 'nowhere', '--name', 'fe80::1%eth0'], /KFD1401/],
    [['init', '--dir', 'nowhere', '--name', 'a.example.com', '--days', '1e9'], /KFD0100/],
    [['init', '--dir', process.execPath, '--name', 'a.example.com'], /KFD1407.*no folder/],
    [['init', '--dir', join(process.execPath, 'x'), '--name', 'a.example.com'], /KFD1407.*no folder/],
    [['inspect', 'nothing.crt'], /no such file/],
    [['inspect', 'https://'], /KFD/],
    [['inspect', 'http://door.example.com'], /KFD0100.*only https/],
    [['client', '--dir', 'nowhere', '--common-name', '../../etc/x'], /KFD1403/],
  ] as const) {
    it(`refuses: ca ${words.join(' ')}`, async () => {
      const { code, err: stderr } = await run(['ca', ...words])
      assert.equal(code, 2, stderr)
      assert.match(stderr, why)
      assert.doesNotMatch(stderr, /\n {4}at /)
    })
  }
})
