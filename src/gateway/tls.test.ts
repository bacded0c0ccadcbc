import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as http2Connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { connect } from 'node:tls'
import { type Authority, createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../pki/index.ts'
import { aGateway, replyOf } from './gateway.fixture.ts'
import type { ListenerSpec, TlsServer } from './options.ts'

let authority: Authority
let door: TlsServer
let mtls: TlsServer
let client: { cert: string; key: string }

async function leaf(names: readonly string[], usage: 'server' | 'client' = 'server') {
  const key = await generateKey('ecdsa')
  const certPem = await issueLeaf(authority, {
    names: doorNames(names),
    publicKey: createPublicKey(key),
    clock: Date.now,
    usage,
  })
  return { certPem, keyPem: keyPem(key) }
}

before(async () => {
  authority = await createAuthority({ names: doorNames(['door.test', 'mtls.test']), clock: Date.now })
  door = { hosts: ['door.test', '*.door.test'], ...(await leaf(['door.test', '*.door.test'])) }
  mtls = {
    hosts: ['mtls.test'],
    ...(await leaf(['mtls.test'])),
    client: { mode: 'MUTUAL', caPem: authority.certPem },
  }
  const mine = await leaf(['mtls.test'], 'client')
  client = { cert: mine.certPem, key: mine.keyPem }
})

const secure = (...tls: TlsServer[]): ListenerSpec => ({
  gateway: 'istio-system/istio-ingressgateway',
  address: '127.0.0.1',
  port: 0,
  meshPort: 443,
  targetPort: 8443,
  tls,
})

function get(port: number, servername: string, options: { host?: string; cert?: string; key?: string } = {}) {
  return new Promise<{ status: number; body: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const { host = servername, ...rest } = options
      httpsRequest(
        {
          port,
          host: '127.0.0.1',
          servername,
          headers: { host },
          ca: authority.certPem,
          agent: false,
          ...rest,
        },
        async (response) => {
          let body = ''
          for await (const part of response) body += part
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers })
        },
      )
        .on('error', reject)
        .end()
    },
  )
}

test('the server name chooses the certificate; the engine is told it', async (t) => {
  const names: (string | undefined)[] = []
  const gateway = await aGateway(
    {
      decide: (request) => {
        names.push(request.sni)
        return replyOf(204)
      },
    },
    { listeners: [secure(door, mtls)] },
  )
  t.after(() => gateway.close(0))
  assert.equal((await get(gateway.port, 'door.test')).status, 204)
  assert.equal((await get(gateway.port, 'a.door.test')).status, 204)
  assert.deepEqual(names, ['door.test', 'a.door.test'])
  await assert.rejects(get(gateway.port, 'other.test'), /ECONNRESET|socket/, 'no server, no handshake')
})

/** Hex as Node writes fingerprints. */
const fingerprintOf = (hex = '') => hex.toUpperCase().replace(/..(?=.)/g, '$&:')

test('a MUTUAL server wants a certificate, and its neighbour does not', async (t) => {
  let peer: unknown
  let shown: string | undefined
  const gateway = await aGateway(
    {
      decide: (request) => {
        const { sha256, pem, ...names } = request.peer ?? {}
        peer = names
        shown = pem && `${new X509Certificate(pem).fingerprint256 === fingerprintOf(sha256)}`
        return replyOf(204)
      },
    },
    { listeners: [secure(door, mtls)] },
  )
  t.after(() => gateway.close(0))
  await assert.rejects(get(gateway.port, 'mtls.test'))
  assert.equal((await get(gateway.port, 'mtls.test', client)).status, 204)
  assert.deepEqual(peer, { uris: [], dnsNames: ['mtls.test'], subject: 'CN=mtls.test', trusted: true })
  assert.equal(shown, 'true', 'the whole certificate is known, and its hash')
  const other = await get(gateway.port, 'door.test', { host: 'mtls.test' })
  assert.equal(other.status, 421, 'the host of another server')
})

test('an OPTIONAL_MUTUAL server takes nobody or somebody, but not anybody', async (t) => {
  const optional: TlsServer = { ...door, client: { mode: 'OPTIONAL_MUTUAL', caPem: authority.certPem } }
  const gateway = await aGateway({ decide: () => replyOf(204) }, { listeners: [secure(optional)] })
  t.after(() => gateway.close(0))
  assert.equal((await get(gateway.port, 'door.test')).status, 204)
  assert.equal((await get(gateway.port, 'door.test', client)).status, 204)
  const stranger = await createAuthority({ names: doorNames(['mtls.test']), clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(stranger, {
    names: doorNames(['mtls.test']),
    publicKey: createPublicKey(key),
    clock: Date.now,
  })
  await assert.rejects(get(gateway.port, 'door.test', { cert, key: keyPem(key) }))
})

test('TLS 1.1 is refused, 1.2 and 1.3 are spoken', async (t) => {
  const gateway = await aGateway({ decide: () => replyOf(204) }, { listeners: [secure(door)] })
  t.after(() => gateway.close(0))
  const version = (max: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise((resolve) => {
      const socket = connect(
        {
          port: gateway.port,
          host: '127.0.0.1',
          servername: 'door.test',
          ca: authority.certPem,
          minVersion: max === 'TLSv1.1' ? 'TLSv1' : 'TLSv1.2',
          maxVersion: max,
          ...(max === 'TLSv1.1' && { ciphers: 'DEFAULT:@SECLEVEL=0' }),
        },
        () => {
          resolve(socket.getProtocol())
          socket.destroy()
        },
      )
      socket.on('error', () => resolve('refused'))
    })
  assert.equal(await version('TLSv1.1'), 'refused')
  assert.equal(await version('TLSv1.2'), 'TLSv1.2')
  assert.equal(await version('TLSv1.3'), 'TLSv1.3')
})

test('HTTP/2 is agreed on in the handshake', async (t) => {
  const gateway = await aGateway({ decide: () => replyOf(200, 'hi') }, { listeners: [secure(door)] })
  t.after(() => gateway.close(0))
  const session = http2Connect(`https://door.test:${gateway.port}`, {
    lookup: (_name, _options, call) => call(null, [{ address: '127.0.0.1', family: 4 }]),
    ca: authority.certPem,
  })
  const stream = session.request({ ':path': '/' })
  const [headers] = await new Promise<[Record<string, unknown>]>((resolve) =>
    stream.once('response', (...all) => resolve(all as never)),
  )
  assert.equal(headers[':status'], 200)
  assert.equal(session.alpnProtocol, 'h2')
  session.destroy()
})

test('a hello in many pieces is still understood', async (t) => {
  const gateway = await aGateway({ decide: () => replyOf(204) }, { listeners: [secure(door, mtls)] })
  t.after(() => gateway.close(0))
  const { connect: tcp } = await import('node:net')
  const raw = tcp(gateway.port, '127.0.0.1')
  raw.setNoDelay(true)
  const { Duplex } = await import('node:stream')
  const slow = new Duplex({
    read() {},
    async write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += 50) {
        raw.write(chunk.subarray(at, at + 50))
        await new Promise(setImmediate)
      }
      done()
    },
  })
  raw.on('data', (chunk) => slow.push(chunk))
  const socket = connect({ socket: slow, servername: 'door.test', ca: authority.certPem })
  await new Promise((resolve, reject) =>
    socket.once('secureConnect', resolve as () => void).once('error', reject),
  )
  socket.destroy()
  raw.destroy()
})

test('the port people use stands in Locations, and Secure on cookies of HTTPS only', async (t) => {
  const answers = () =>
    replyOf(302, '', [
      ['location', 'https://door.test/next?a=b'],
      ['set-cookie', 'a=1; Path=/'],
    ])
  const gateway = await aGateway(
    {
      decide: (request) =>
        request.scheme === 'https'
          ? answers()
          : replyOf(301, '', [
              ['location', `https://${request.host}/x`],
              ['set-cookie', 'b=2; Secure; Path=/'],
            ]),
    },
    { listeners: [secure(door), { ...secure(), tls: undefined, meshPort: 80, targetPort: 8080 }] },
  )
  t.after(() => gateway.close(0))
  const [https, http] = gateway.listeners
  const over = await get(https?.port ?? 0, 'door.test', { host: `door.test:${https?.port}` })
  assert.equal(over.headers.location, `https://door.test:${https?.port}/next?a=b`)
  assert.deepEqual(over.headers['set-cookie'], ['a=1; Path=/; Secure'])
  const plain = await fetch(`http://127.0.0.1:${http?.port}/x`, { redirect: 'manual' })
  assert.equal(plain.headers.get('location'), `https://127.0.0.1:${https?.port}/x`)
  assert.equal(plain.headers.get('set-cookie'), 'b=2; Path=/')
})

test('new certificates serve from the next connection on; a broken one changes nothing', async (t) => {
  const gateway = await aGateway({ decide: () => replyOf(204) }, { listeners: [secure(door)] })
  t.after(() => gateway.close(0))
  const serial = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(
        { port: gateway.port, host: '127.0.0.1', servername: 'door.test', ca: authority.certPem },
        () => {
          resolve(socket.getPeerCertificate().serialNumber)
          socket.destroy()
        },
      ).on('error', reject)
    })
  const before = await serial()
  const change = (server: TlsServer) =>
    gateway.replace({ tls: [{ gateway: secure().gateway, targetPort: 8443, servers: [server] }] })
  assert.throws(() => change({ ...door, keyPem: mtls.keyPem }), /cannot be used/)
  assert.equal(await serial(), before)
  change({ ...door, ...(await leaf(['door.test'])) })
  assert.notEqual(await serial(), before)
})

test('curl trusts the door with the CA and says why it does not without', async (t) => {
  const gateway = await aGateway({ decide: () => replyOf(200, 'hi') }, { listeners: [secure(door)] })
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-curl-'))
  t.after(async () => {
    rmSync(folder, { recursive: true })
    await gateway.close(0)
  })
  writeFileSync(join(folder, 'ca.crt'), authority.certPem)
  const curl = (...args: string[]) =>
    new Promise<{ code: unknown; out: string; err: string }>((resolve) =>
      execFile(
        'curl',
        [
          '-sS',
          '--resolve',
          `door.test:${gateway.port}:127.0.0.1`,
          ...args,
          `https://door.test:${gateway.port}/`,
        ],
        (error, out, err) => resolve({ code: error ? error.code : 0, out, err }),
      ),
    )
  const trusted = await curl('--cacert', join(folder, 'ca.crt'))
  if (trusted.code === 'ENOENT') return t.skip('no curl here')
  assert.equal(trusted.out, 'hi', trusted.err)
  const untrusted = await curl()
  assert.equal(untrusted.code, 60)
  assert.match(untrusted.err, /unable to get local issuer certificate/)
})
