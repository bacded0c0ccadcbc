/**
 * The root in the stores of real programs: Chromium in a home of its own, the system's store in a folder,
 * Java's store and the variables; a server that asks its callers for certificates; what Envoy serves with.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { run } from './door.ts'
import { startChromium } from './parts/chromium.ts'
import { debian } from './parts/debian.ts'
import { ensureEnvoy } from './parts/envoy.ts'

describe('kfdoor ca with real clients', { timeout: 180_000 }, () => {
  let folder: string
  let server: Server
  let port: number
  const at = (...names: readonly string[]) => join(folder, ...names)
  const ca = async (words: readonly string[], env: NodeJS.ProcessEnv = process.env) => {
    const done = await run(['ca', ...words], { env })
    assert.equal(done.code, 0, `${words.join(' ')}\n${done.out}\n${done.err}`)
    return done.out
  }
  /** Without blocking: the server they call runs here. */
  const call = (program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    promisify(execFile)(program, words, { env: { ...process.env, ...env } })
  const page = () => `https://door.test:${port}/`
  const curl = (...words: readonly string[]) =>
    call('curl', ['-sS', '--noproxy', '*', '--resolve', `door.test:${port}:127.0.0.1`, ...words])

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kfdoor-ca-real-'))
    await ca(['init', '--dir', at('root'), '--name', 'door.test', '--authorities'])
    await ca(['intermediate', '--dir', at('ca'), '--from', at('root'), '--name', 'door.test'])
    await ca(['server', '--dir', at('ca'), '--name', 'door.test'])
    await ca(['client', '--dir', at('ca'), '--common-name', 'ci@example.com'])
    const read = (name: string) => readFileSync(at('ca', name), 'utf8')
    server = createServer(
      {
        cert: read('door.test.crt'),
        key: read('door.test.key'),
        ca: read('root.crt'),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        const socket = request.socket as TLSSocket
        response.end(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : 'nobody')
      },
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('Chromium takes it once the root is installed, and no longer after', async () => {
    const home = at('home')
    mkdirSync(home)
    const nss = await debian(['libnss3-tools'], 'usr/bin/certutil')
    const PATH = `${join(nss.root, 'usr/bin')}:${process.env.PATH}`
    const env = { ...nss.env, HOME: home, PATH }
    const visit = async () => {
      const chromium = await startChromium(
        null,
        ['--host-resolver-rules=MAP door.test 127.0.0.1', '--no-proxy-server'],
        home,
      )
      try {
        const tab = await chromium.browser.newPage()
        return await tab.goto(page()).then(
          () => 'ok',
          (error) => /net::(\w+)/.exec(String(error))?.[1] ?? String(error),
        )
      } finally {
        await chromium.close()
      }
    }
    await ca(['install', '--dir', at('ca'), '--store', 'nss', '--yes'], env)
    assert.equal(await visit(), 'ok')
    await ca(['uninstall', '--dir', at('ca'), '--store', 'nss', '--yes'], env)
    assert.equal(await visit(), 'ERR_CERT_AUTHORITY_INVALID')
    // Once more, for whoever was interrupted.
    await ca(['uninstall', '--dir', at('ca'), '--store', 'nss', '--yes'], env)
  })

  it('the system’s store in a folder has it, and then has not', async (t) => {
    if (spawnSync('update-ca-certificates', ['--help']).error) return t.skip('no Debian here')
    const image = at('image')
    for (const each of [
      'usr/local/share/ca-certificates',
      'usr/share/ca-certificates',
      'etc/ssl/certs',
      'etc/ca-certificates/update.d',
    ])
      mkdirSync(join(image, each), { recursive: true })
    writeFileSync(join(image, 'etc/ca-certificates.conf'), 'other.crt\n')
    await ca(['init', '--dir', at('other'), '--name', 'other.test'])
    cpSync(at('other', 'ca.crt'), join(image, 'usr/share/ca-certificates/other.crt'))
    const bundle = join(image, 'etc/ssl/certs/ca-certificates.crt')
    await ca(['install', '--dir', at('ca'), '--root', image, '--yes'])
    assert.equal((await curl('--cacert', bundle, page())).stdout, 'nobody')
    await ca(['uninstall', '--dir', at('ca'), '--root', image, '--yes'])
    await assert.rejects(curl('--cacert', bundle, page()))
    assert.equal(readFileSync(bundle, 'utf8'), readFileSync(at('other', 'ca.crt'), 'utf8'))
  })

  it('its variables are taken by curl, Python, Node, Go and Java', async () => {
    const variables = JSON.parse(
      await ca(['env', '--dir', at('ca'), '--into', at('roots'), '-o', 'json']),
    ) as NodeJS.ProcessEnv
    const url = page()
    assert.equal(
      (
        await call(
          'curl',
          ['-sS', '--noproxy', '*', '--resolve', `door.test:${port}:127.0.0.1`, url],
          variables,
        )
      ).stdout,
      'nobody',
    )
    const python = `import socket,ssl
c=ssl.create_default_context()
with socket.create_connection(('127.0.0.1',${port})) as s:
    with c.wrap_socket(s,server_hostname='door.test') as w: print(w.version())`
    assert.match((await call('python3', ['-c', python], variables)).stdout, /TLSv1/)
    const node = `require('tls').connect({host:'127.0.0.1',port:${port},servername:'door.test'},function(){console.log(this.authorized);this.end()})`
    assert.equal((await call(process.execPath, ['-e', node], variables)).stdout.trim(), 'true')
    await assert.rejects(call(process.execPath, ['-e', node]))
    cpSync(join(import.meta.dirname, 'go', 'default_roots.go'), at('go', 'main.go'))
    writeFileSync(at('go', 'go.mod'), 'module defaultroots\n\ngo 1.24\n')
    execFileSync('go', ['build', '-buildvcs=false', '-o', at('go', 'client'), '.'], {
      cwd: at('go'),
      stdio: 'inherit',
    })
    assert.equal((await call(at('go', 'client'), [String(port)], variables)).stdout.trim(), 'ok')
    // A machine may have Java's store and no compiler.
    if (variables.JAVA_TOOL_OPTIONS && spawnSync('javac', ['-version']).status === 0) {
      const dial = [join(import.meta.dirname, 'java', 'DefaultRoots.java'), String(port)]
      assert.equal((await call('java', dial, variables)).stdout.trim(), 'ok')
      await assert.rejects(call('java', dial), /PKIX path building failed/)
    }
  })

  it('a caller is who its certificate says, and nobody without one', async () => {
    const own = ['--cacert', at('ca', 'root.crt')]
    const shown = ['--cert', at('ca', 'ci@example.com.crt'), '--key', at('ca', 'ci@example.com.key')]
    assert.equal((await curl(...own, ...shown, page())).stdout, 'ci@example.com')
    assert.equal((await curl(...own, page())).stdout, 'nobody')
    // A server's certificate is no caller's.
    const server = ['--cert', at('ca', 'door.test.crt'), '--key', at('ca', 'door.test.key')]
    assert.equal((await curl(...own, ...server, page())).stdout, 'nobody')
  })

  it('inspects what a server shows', async () => {
    const { out, code } = await run([
      'ca',
      'inspect',
      `https://127.0.0.1:${port}`,
      '--ca',
      at('ca', 'root.crt'),
      '--host',
      'door.test',
      '-o',
      'json',
    ])
    const said = JSON.parse(out)
    assert.equal(code, 0, out)
    assert.equal(said.certificates.length, 2)
    const stranger = await run([
      'ca',
      'inspect',
      `https://127.0.0.1:${port}`,
      '--host',
      'door.test',
      '-o',
      'json',
    ])
    assert.equal(stranger.code, 1)
    assert.match(stranger.out, /neither sent nor trusted/)
  })

  for (const [type, known] of [
    ['ecdsa', true],
    ['ecdsa-p384', true],
    ['rsa', true],
    ['ed25519', false],
  ] as const) {
    it(`Envoy serves with ${type}, and ${known ? 'knows' : 'does not know'} callers of that kind`, async () => {
      await ca(['server', '--dir', at('ca'), '--name', `${type}.door.test`, '--key-type', type])
      await ca(['client', '--dir', at('ca'), '--common-name', `${type}@example.com`, '--key-type', type])
      const envoy = await startEnvoy(at('ca', `${type}.door.test`), at('ca', 'root.crt'), folder)
      try {
        const address = `${type}.door.test:${envoy.port}`
        const ask = (...words: readonly string[]) =>
          call('curl', [
            '-sS',
            '--noproxy',
            '*',
            '--resolve',
            `${address}:127.0.0.1`,
            '--cacert',
            at('ca', 'root.crt'),
            ...words,
            `https://${address}/`,
          ])
        const [own, other] = [at('ca', `${type}@example.com`), at('ca', 'ci@example.com')]
        assert.equal((await ask('--cert', `${other}.crt`, '--key', `${other}.key`)).stdout, 'let in')
        const asThemselves = ask('--cert', `${own}.crt`, '--key', `${own}.key`)
        if (known) assert.equal((await asThemselves).stdout, 'let in')
        else await assert.rejects(asThemselves)
        await assert.rejects(ask())
      } finally {
        await envoy.stop()
      }
    })
  }
})

/** A listener that asks for certificates, as a Gateway's server of mode MUTUAL does. */
async function startEnvoy(stem: string, ca: string, folder: string) {
  const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`
  const http = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'http',
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'let in' } } },
          ],
        },
      ],
    },
  }
  const tls = {
    '@type': type('transport_sockets.tls.v3.DownstreamTlsContext'),
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [
        { certificate_chain: { filename: `${stem}.crt` }, private_key: { filename: `${stem}.key` } },
      ],
      validation_context: { trusted_ca: { filename: ca } },
    },
  }
  const port = await freePort()
  const listener = {
    name: 'mutual',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [{ name: 'http', typed_config: http }],
        transport_socket: { name: 'tls', typed_config: tls },
      },
    ],
  }
  const config = join(folder, `${port}.json`)
  writeFileSync(config, JSON.stringify({ static_resources: { listeners: [listener] } }))
  const child = spawn(await ensureEnvoy(), ['-c', config, '--use-dynamic-base-id', '-l', 'info'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await new Promise<void>((ready, failed) => {
    let said = ''
    child.stderr.on('data', (part) => {
      said += part
      if (said.includes('starting main dispatch loop')) ready()
    })
    child.on('exit', () => failed(new Error(said.slice(-2000))))
  })
  return {
    port,
    stop: async () => {
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createPlain().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
