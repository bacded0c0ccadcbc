/** Signing in through a company's HTTP proxy, and over plain HTTP: by names no DNS here knows. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type } from '../src/cli/a-terminal.fixture.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-proxied-'))
after(() => rmSync(home, { recursive: true, force: true }))
const env = { HOME: home, KFDOOR_USERNAME: 'me@example.com', KFDOOR_PASSWORD: 'correct-horse' }

const posted: string[] = []
/** A door like oidc-authservice with Dex; what arrives by a proxy has its whole address in the request line. */
const door: RequestListener = async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://door')
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  if (request.method === 'POST') posted.push(Buffer.concat(parts).toString())
  const html = { 'content-type': 'text/html' }
  const form = '<form method="post"><input name="login"><input type="password" name="password"></form>'
  if (request.headers.cookie?.includes('authservice_session')) response.end('hello')
  else if (pathname === '/callback/oidc/callback')
    response.writeHead(302, { location: '/', 'set-cookie': 'authservice_session=x; Path=/' }).end()
  else if (request.method === 'POST')
    response.writeHead(303, { location: '/callback/oidc/callback?code=c&state=s' }).end()
  else if (pathname === '/dex/auth') response.writeHead(200, html).end(form)
  else
    response
      .writeHead(302, {
        location: '/dex/auth?client_id=k&response_type=code&redirect_uri=/callback/oidc/callback&state=s',
      })
      .end()
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

test('a password is not sent in the clear to another machine, unless allowed', async () => {
  const proxied = { ...env, HTTP_PROXY: `http://127.0.0.1:${await listen(createServer(door))}` }
  const url = 'http://kubeflow.example.com'
  const ran = await type(['login', url], { env: proxied })
  assert.match(
    ran.err,
    /KFD1806: will not send a password to `http:\/\/kubeflow\.example\.com` without encryption; use `https:\/\/`, or say `--allow-plain-http`/,
  )
  assert.equal(ran.code, 2)
  for (const more of [
    { KFDOOR_TOKEN: 'a.b.c' },
    { KFDOOR_COOKIE: 'authservice_session=x' },
    { KFDOOR_SERVICE_ACCOUNT: 'a/b' },
  ]) {
    const other = await type(['login', url], { env: { ...proxied, ...more } })
    assert.match(other.err, /KFD1806: will not send a (token|session cookie) to/)
  }
  assert.deepEqual(posted, [])
  const allowed = await type(['login', url, '--allow-plain-http', '-o', 'json'], { env: proxied })
  assert.equal(allowed.code, 0, allowed.err)
  assert.deepEqual(JSON.parse(allowed.out).cookies, ['authservice_session'])
  assert.deepEqual(posted.splice(0), ['login=me%40example.com&password=correct-horse'])
})

test('HTTPS goes through HTTPS_PROXY by CONNECT, with the door’s own CA, and past it by NO_PROXY', async () => {
  const names = doorNames(['kubeflow.example.com'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
  const tls = createTlsServer({ key: keyPem(key), cert }, door) as unknown as Server
  const port = await listen(tls)
  const connected: string[] = []
  const proxy = createServer()
  const sockets = new Set<Socket>()
  proxy.on('connect', (request, socket: Socket) => {
    connected.push(request.url ?? '')
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    for (const one of [socket, upstream]) sockets.add(one.on('error', () => one.destroy()))
  })
  after(() => {
    for (const one of sockets) one.destroy()
  })
  const HTTPS_PROXY = `http://127.0.0.1:${await listen(proxy)}`
  const ca = join(home, 'ca.pem')
  writeFileSync(ca, authority.certPem)
  const url = 'https://kubeflow.example.com'

  const distrusted = await type(['login', url], { env: { ...env, HTTPS_PROXY } })
  assert.match(
    distrusted.err,
    /KFD1804: the certificate of `https:\/\/kubeflow\.example\.com` is not trusted/,
  )
  assert.equal(distrusted.code, 3)
  const ran = await type(['login', url, '--certificate-authority', ca, '-o', 'json'], {
    env: { ...env, HTTPS_PROXY },
  })
  assert.equal(ran.code, 0, ran.err)
  assert.ok(connected.length > 0 && connected.every((one) => one === 'kubeflow.example.com:443'))
  assert.equal(posted.splice(0).length, 1)
  // Remembered for the door: no option any more.
  assert.equal((await type(['login', url], { env: { ...env, HTTPS_PROXY } })).code, 0)
  assert.equal(
    (await type(['login', url], { env: { ...env, HTTPS_PROXY, SSL_CERT_FILE: '/nonexistent' } })).code,
    0,
  )

  const past = await type(['login', url], { env: { ...env, HTTPS_PROXY, NO_PROXY: 'example.com' } })
  assert.match(past.err, /KFD1801: there is no host `kubeflow\.example\.com`/)
  assert.equal(past.code, 3)
})
