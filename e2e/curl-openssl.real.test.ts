/** The door's TLS and HTTP/2 as the tools of the trade see them: curl, openssl, Python. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Door, run, startDoor } from './door.ts'
import { debian, type Unpacked } from './parts/debian.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-curl-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A program to its end; stdin is empty. */
function program(unpacked: Unpacked, path: string, args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(
      join(unpacked.root, path),
      args,
      { env: { ...unpacked.env, NO_PROXY: '*', HOME: folder }, timeout: 20_000 },
      (error, out, err) => done({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    )
    child.stdin?.end()
  })
}

/** What is written when an answer came: status and version, `200 2`. */
const shape = [
  '--silent',
  '--show-error',
  '--output',
  '/dev/null',
  '--write-out',
  '%{http_code} %{http_version}',
]

for (const keys of ['ecdsa', 'rsa']) {
  describe(`a door with ${keys} keys`, { timeout: 300_000 }, () => {
    let door: Door
    let ca: string
    let host: string
    let curl: (...args: readonly string[]) => Promise<Ended>
    let openssl: (...args: readonly string[]) => Promise<Ended>
    before(async () => {
      const [forCurl, forOpenssl] = [
        await debian(['curl'], 'usr/bin/curl'),
        await debian(['openssl'], 'usr/bin/openssl'),
      ]
      curl = (...args) => program(forCurl, 'usr/bin/curl', args)
      openssl = (...args) => program(forOpenssl, 'usr/bin/openssl', args)
      door = await startDoor(['--key-type', keys, '--state', join(folder, keys)])
      ca = door.ready.caFile as string
      host = new URL(door.ready.url).host
    })
    after(() => door?.stop())

    it('is taken by curl with its CA', async () => {
      assert.deepEqual(await curl(...shape, '--cacert', ca, `${door.ready.url}/`), {
        code: 0,
        out: '403 2',
        err: '',
      })
    })

    it('is refused by curl without it, in the words people search for', async () => {
      const { code, err } = await curl(...shape, `${door.ready.url}/`)
      assert.equal(code, 60)
      assert.match(err, /unable to get local issuer certificate/)
      const why = await run(['why'], { input: err })
      assert.match(why.out, /--cacert/, 'and `kfdoor why` says what to do')
    })

    it('is refused under a name it has no certificate for', async () => {
      const { port } = new URL(door.ready.url)
      const elsewhere = [
        '--resolve',
        `other.example.org:${port}:127.0.0.1`,
        `https://other.example.org:${port}/`,
      ]
      const { code, err } = await curl(...shape, '--cacert', ca, ...elsewhere)
      assert.equal(code, 60)
      assert.match(err, /no alternative certificate subject name matches/)
    })

    const versions: readonly (readonly [
      flags: readonly string[],
      plain: boolean,
      want: string,
      why: string,
    ])[] = [
      [['--http2'], false, '2', 'ALPN chooses HTTP/2'],
      [['--http1.1'], false, '1.1', 'ALPN chooses HTTP/1.1'],
      [['--no-alpn'], false, '1.1', 'without ALPN'],
      [['--http2-prior-knowledge'], true, '2', 'prior knowledge on the plain port'],
      [['--http2'], true, '1.1', 'an upgrade to h2c is not taken'],
      [['--http1.1'], true, '1.1', 'HTTP/1.1 on the plain port'],
    ]
    for (const [flags, plain, want, why] of versions) {
      it(`speaks HTTP/${want} with curl ${flags.join(' ')}${plain ? ' in plain text' : ''}: ${why}`, async () => {
        const url = plain ? door.ready.httpUrl : door.ready.url
        const { code, out, err } = await curl(...shape, ...flags, '--cacert', ca, `${url}/`)
        assert.deepEqual([code, out], [0, `${plain ? 301 : 403} ${want}`], err)
      })
    }

    it('carries a session and a prediction over both versions', async () => {
      const cookie = await run(['token', '--user', 'user@example.com', '-o', 'cookie-jar'], { env: door.env })
      assert.equal(cookie.code, 0, cookie.err)
      const jar = join(folder, `${keys}.jar`)
      writeFileSync(jar, cookie.out)
      for (const version of ['--http1.1', '--http2']) {
        const { out, err } = await curl(
          ...['--silent', '--show-error', version, '--cacert', ca, '--cookie', jar],
          ...['--json', '{"instances":[[6.8,2.8,4.8,1.4],[6.0,3.4,4.5,1.6]]}'],
          `${door.ready.url}/serving/kubeflow-user-example-com/sklearn-iris/v1/models/sklearn-iris:predict`,
        )
        assert.equal(out, '{"predictions":[1,1]}', err)
      }
    })

    it('shows openssl a chain that holds, for its names and for servers', async () => {
      const { out, err } = await openssl(
        ...['s_client', '-connect', host, '-servername', 'localhost', '-verify_hostname', 'localhost'],
        ...['-CAfile', ca, '-verify_return_error', '-alpn', 'h2,http/1.1', '-showcerts'],
      )
      assert.match(out, /Verify return code: 0 \(ok\)/, err)
      assert.match(out, /ALPN protocol: h2/)
      assert.match(out, /Protocol *: TLSv1\.3|New, TLSv1\.3/)
      const leaf = join(folder, `${keys}.crt`)
      writeFileSync(
        leaf,
        (/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/.exec(out) ?? [''])[0],
      )
      const verified = await openssl(
        ...['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost'],
        ...['-CAfile', ca, leaf],
      )
      assert.deepEqual([verified.code, verified.out], [0, `${leaf}: OK\n`], verified.err)
      const text = (await openssl('x509', '-in', leaf, '-noout', '-text')).out
      assert.match(text, /CA:FALSE/)
      assert.match(text, /TLS Web Server Authentication/)
      const root = (await openssl('x509', '-in', ca, '-noout', '-text')).out
      assert.match(root, /X509v3 Name Constraints: critical/)
      assert.match(root, /X509v3 Basic Constraints: critical\s+CA:TRUE/)
    })

    for (const version of ['-tls1', '-tls1_1']) {
      it(`does not speak ${version.slice(1)}`, async () => {
        const { out } = await openssl(
          ...['s_client', '-connect', host, version, '-cipher', 'ALL:@SECLEVEL=0', '-CAfile', ca],
        )
        assert.match(out, /Cipher is \(NONE\)/)
      })
    }

    it("is taken by Python's ssl with its CA, and by the name only", async () => {
      const script = `
import socket, ssl, sys
host, port, ca, name = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= getattr(ssl, 'VERIFY_X509_STRICT', 0)
with socket.create_connection((host, port)) as plain:
    with context.wrap_socket(plain, server_hostname=name) as tls:
        print(tls.version(), dict(x[0] for x in tls.getpeercert()['issuer'])['commonName'] != '')
`
      const { port } = new URL(door.ready.url)
      const here: Unpacked = { root: '/', env: process.env }
      const python = (name: string) =>
        program(here, 'usr/bin/env', ['python3', '-c', script, '127.0.0.1', port, ca, name])
      assert.deepEqual(await python('localhost'), { code: 0, out: 'TLSv1.3 True\n', err: '' })
      const stranger = await python('other.example.org')
      assert.match(stranger.err, /CERTIFICATE_VERIFY_FAILED/)
    })
  })
}
