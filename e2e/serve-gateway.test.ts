/** `kfdoor serve gateway` as other programs and people use it: ready line, reload, drain, workers, mistakes. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it, test } from 'node:test'
import { connect } from 'node:tls'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'
import { kfdoor, run } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-gateway-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const mesh = (path: string) => `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}
  - {port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE, credentialName: door-tls}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec:
  hosts: ["*"]
  gateways: [gw]
  http: [{match: [{uri: {prefix: ${path}}}], route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
`

function yaml(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

interface Served {
  readonly child: ChildProcess
  readonly ports: readonly number[]
  said(): string
  /** Resolves when that was said. */
  says(text: RegExp): Promise<void>
  stop(): Promise<number | null>
}

async function serve(args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [kfdoor, 'serve', 'gateway', '-o', 'json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let heard = () => {}
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    said += part
    heard()
  })
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with ${code}: ${said}`))),
  ])) as [string]
  const ready = JSON.parse(line) as {
    ready: boolean
    listeners: { port: number; targetPort: number; url: string }[]
  }
  assert.equal(ready.ready, true)
  return {
    child,
    ports: ready.listeners.map(({ port }) => port),
    said: () => said,
    says: (text) =>
      new Promise((resolve) => {
        heard = () => text.test(said) && resolve()
        heard()
      }),
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      return child.exitCode
    },
  }
}

describe('served', () => {
  const app = createServer((request, response) => response.end(`app ${request.url}`))
  let upstream = ''
  before(async () => {
    app.listen(0, '127.0.0.1')
    await once(app, 'listening')
    upstream = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
  })
  after(() => app.close())
  const listen = ['--listen', '8080=127.0.0.1:0', '--listen', '8443=127.0.0.1:0']

  it('forwards, logs without secrets, takes changed YAML, keeps the last good one, and drains', async () => {
    const file = yaml('mesh.yaml', mesh('/one'))
    const log = join(folder, 'access.log')
    const served = await serve([
      '-f',
      file,
      ...listen,
      '--upstream',
      `app.apps=${upstream}`,
      '--access-log',
      log,
    ])
    try {
      assert.match(served.said(), /Secret istio-system\/door-tls .*--secret istio-system\/door-tls=DIR/)
      const get = (path: string) => fetch(`http://127.0.0.1:${served.ports[0]}${path}`)
      const answer = await get('/one/x?token=secret')
      assert.equal(await answer.text(), 'app /one/x?token=secret')
      assert.equal(answer.headers.get('server'), 'istio-envoy')
      assert.equal((await get('/two')).status, 404)
      yaml('mesh.yaml', mesh('/two'))
      await served.says(/runs with the changed YAML/)
      assert.equal((await get('/two')).status, 200)
      yaml('mesh.yaml', 'kind: [broken\n')
      await served.says(/the change was not taken/)
      assert.equal((await get('/two')).status, 200)
    } finally {
      assert.equal(await served.stop(), 0)
    }
    const lines = readFileSync(log, 'utf8')
    assert.match(lines, / GET 127\.0\.0\.1:\d+\/one\/x 200 allow route-matched → outbound\|80\|\|app\.apps/)
    assert.doesNotMatch(lines, /secret/)
  })

  it('several workers share ports and TLS sessions', async () => {
    const secret = await aSecret()
    const served = await serve([
      ...['-f', yaml('workers.yaml', mesh('/')), ...listen, '--workers', '2'],
      ...['--secret', `istio-system/door-tls=${secret}`, '--default-upstream', upstream],
    ])
    try {
      const port = served.ports[1] as number
      const session = (await secured(port)).session
      for (let time = 0; time < 8; time++) {
        assert.equal((await secured(port, session)).reused, true, `connection ${time} resumes the session`)
      }
    } finally {
      assert.equal(await served.stop(), 0)
    }
  })
})

/** One TLS connection, and its session. */
async function secured(port: number, session?: Buffer): Promise<{ reused: boolean; session: Buffer }> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'door.test',
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
    ...(session && { session }),
  })
  await once(socket, 'secureConnect')
  const got = socket.getSession() as Buffer
  const reused = socket.isSessionReused()
  socket.destroy()
  return { reused, session: got }
}

/** A folder with tls.crt and tls.key for door.test. */
async function aSecret(): Promise<string> {
  const path = join(folder, 'secret')
  mkdirSync(path, { recursive: true })
  const names = doorNames(['door.test'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const certificate = await issueLeaf(authority, {
    names,
    publicKey: createPublicKey(key),
    clock: Date.now,
    usage: 'server',
  })
  writeFileSync(join(path, 'tls.crt'), certificate)
  writeFileSync(join(path, 'tls.key'), keyPem(key))
  return path
}

test('a busy port says which option chooses another', async () => {
  const busy = createNetServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  const { port } = busy.address() as AddressInfo
  const args = ['-f', yaml('busy.yaml', mesh('/')), '--listen', `8080=127.0.0.1:${port}`]
  const { code, err } = await run(['serve', 'gateway', ...args])
  busy.close()
  assert.equal(code, 2)
  assert.match(err, new RegExp(`port ${port} on 127.0.0.1 is in use; .*--listen 8080=127.0.0.1:PORT`))
})

const good = () => yaml('good.yaml', mesh('/'))
const rows: readonly (readonly [what: string, args: () => string[], says: RegExp])[] = [
  ['no YAML', () => [], /--filename/],
  ['a file that is not there', () => ['-f', '/nowhere.yaml'], /KFD0101: .*\/nowhere\.yaml/],
  ['YAML that does not parse', () => ['-f', yaml('bad.yaml', 'kind: [x\n')], /KFD0103: .*bad\.yaml:\d+/],
  [
    'no Gateway for the workload',
    () => ['-f', yaml('none.yaml', 'kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n')],
    /KFD0104/,
  ],
  [
    'a listen that is none',
    () => ['-f', good(), '--listen', '8080'],
    /`--listen 8080` is not PORT=ADDRESS:PORT/,
  ],
  [
    'a port twice',
    () => ['-f', good(), '--listen', '8080=127.0.0.1:0', '--listen', '8080=127.0.0.1:0'],
    /8080 twice/,
  ],
  ['an upstream without a URL', () => ['-f', good(), '--upstream', 'app.apps'], /--upstream app\.apps/],
  [
    'an upstream that is no server',
    () => ['-f', good(), '--upstream', 'app.apps=ftp://x'],
    /`ftp:\/\/x` is no URL/,
  ],
  [
    'a password in a URL',
    () => ['-f', good(), '--default-upstream', 'http://a:hush@x'],
    /takes no user name or password/,
  ],
  [
    'a secret without a folder',
    () => ['-f', good(), '--secret', 'a/b=/nowhere'],
    /\/nowhere.*neither tls\.crt/,
  ],
  ['a secret without a namespace', () => ['-f', good(), '--secret', 'b=/tmp'], /NS\/NAME/],
  ['keys that are no JSON', () => ['-f', good(), '--jwks', good()], /--jwks .* is not a JSON object/],
  ['a workload that is not there', () => ['-f', good(), '--workload', 'apps/web'], /no workload `apps\/web`/],
  ['a workload that is no name', () => ['-f', good(), '--workload', 'web'], /`--workload web`/],
  [
    'a sidecar without ports',
    () => ['-f', good(), '--workload', 'apps/app=web'],
    /--listen PORT=127\.0\.0\.1:0/,
  ],
  ['no number of workers', () => ['-f', good(), '--workers', 'many'], /--workers many/],
  ['workers and stdin', () => ['-f', '-', '--workers', '2'], /does not go with/],
  ['an unknown option', () => ['-f', good(), '--nope'], /kfdoor serve gateway --help/],
]

describe('mistakes are told with their place, and end with 2', () => {
  for (const [what, args, says] of rows) {
    it(what, async () => {
      const { code, out, err } = await run(['serve', 'gateway', ...args()])
      assert.equal(code, 2, err)
      assert.equal(out, '')
      assert.match(err, says)
      assert.doesNotMatch(err, /\n\s+at |hush/)
    })
  }
})
