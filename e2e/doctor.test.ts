/** `kfdoor doctor` before doors that work, and before everything that does not. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { profileFiles } from '../src/compose/profiles.ts'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../src/pki/index.ts'
import { type Door, kfdoor, startDoor } from './door.ts'

const home = mkdtempSync(join(tmpdir(), 'kfdoor-doctor-'))
const closers: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })]
after(async () => {
  for (const close of closers.reverse()) await close()
})

interface Report {
  readonly door?: { readonly kind: string }
  readonly hops: readonly { readonly hop: string; readonly state: string }[]
  readonly findings: readonly { readonly code: string; readonly message: string; readonly fix?: string }[]
}

/** Not synchronously: some of the doors live in this process. */
function doctor(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ report: Report; code: number; err: string }> {
  const clean = { ...process.env, XDG_CONFIG_HOME: join(home, 'c'), XDG_STATE_HOME: join(home, 's'), ...env }
  return new Promise((done) => {
    execFile(
      process.execPath,
      [kfdoor, 'doctor', ...words, '-o', 'json'],
      { env: clean },
      (error, out, err) => {
        const code = typeof error?.code === 'number' ? error.code : 0
        done({ report: (out === '' ? { hops: [], findings: [] } : JSON.parse(out)) as Report, code, err })
      },
    )
  })
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

const codesOf = ({ findings }: Report) => findings.map(({ code }) => code)
const brokenOf = ({ hops }: Report) => hops.find(({ state }) => state === 'broken')?.hop

describe('a door of this machine', () => {
  let door: Door
  let env: NodeJS.ProcessEnv
  before(async () => {
    door = await startDoor()
    env = { ...door.env, XDG_CONFIG_HOME: join(home, 'c1'), XDG_STATE_HOME: join(home, 's1') }
  })
  after(() => door.stop())

  test('a stranger’s walk ends at the sign-in and says how to go on', async () => {
    const { report, code } = await doctor([door.ready.url], env)
    assert.equal(code, 0)
    assert.equal(report.door?.kind, 'oauth2-proxy')
    assert.deepEqual(codesOf(report), ['KFD0312'])
    assert.match(report.findings[0]?.fix ?? '', /kfdoor login/)
  })

  test('with a credential the walk reaches Pipelines', async () => {
    const { report, code } = await doctor([door.ready.url], {
      ...env,
      KFDOOR_USERNAME: 'user@example.com',
      KFDOOR_PASSWORD: '12341234',
    })
    assert.equal(code, 0)
    assert.deepEqual(
      report.hops.map(({ state }) => state),
      report.hops.map(() => 'ok'),
    )
  })

  test('beside its own YAML nothing disagrees on the way, for strangers and for somebody', async () => {
    for (const who of [{}, { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }]) {
      const { report } = await doctor([door.ready.url, '-f', `profile:${door.ready.profile}`], {
        ...env,
        ...who,
      })
      assert.equal(brokenOf(report), undefined)
      assert.ok(!codesOf(report).includes('KFD0327'), JSON.stringify(report.findings))
    }
    // Another release signs people in by a redirect, this one by a page.
    const other = await doctor([door.ready.url, '-f', 'profile:v1.8'], env)
    assert.ok(codesOf(other.report).includes('KFD0327'))
  })

  test('a token the door does not take: the hop, the door’s words, the known problem', async () => {
    const { report, code } = await doctor([door.ready.url], {
      ...env,
      KFDOOR_TOKEN: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2Vsc2V3aGVyZSJ9.x',
    })
    assert.equal(code, 1)
    assert.equal(brokenOf(report), 'credential')
    assert.ok(codesOf(report).includes('KFD0313'))
    assert.ok(
      codesOf(report).some((each) => each.startsWith('KFD22')),
      codesOf(report).join(),
    )
    assert.doesNotMatch(JSON.stringify(report), /eyJhbGci/)
  })

  test('TLS asked of the plain port, and plain HTTP of the TLS port', async () => {
    const plain = await doctor([door.ready.httpUrl.replace('http:', 'https:')], env)
    assert.deepEqual([brokenOf(plain.report), codesOf(plain.report)], ['tls', ['KFD0304']])
    const tls = await doctor([door.ready.url.replace('https:', 'http:')], env)
    assert.equal(brokenOf(tls.report), 'http')
    assert.ok(codesOf(tls.report).includes('KFD0305'))
  })

  test('http is sent on to https, which is said', async () => {
    const { report, code } = await doctor([door.ready.httpUrl], env)
    assert.equal(code, 0)
    assert.ok(codesOf(report).includes('KFD0328'))
  })

  test('a user Dex does not know', async () => {
    const wrong = { KFDOOR_USERNAME: 'new@example.com', KFDOOR_PASSWORD: 'wrong' }
    const { report, code } = await doctor([door.ready.url], { ...env, ...wrong })
    assert.deepEqual([code, brokenOf(report)], [1, 'credential'])
    assert.ok(codesOf(report).includes('KFD0313'))
  })

  test('with the YAML the line that refused is named, and where door and YAML disagree too', async () => {
    const me = { ...env, KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
    const kfam = `${door.ready.url}/kfam/v1/bindings`
    const { report, code } = await doctor([kfam, '-f', `profile:${door.ready.profile}`], me)
    assert.equal(code, 1)
    assert.equal(brokenOf(report), 'application')
    const both = report.findings.find((each) => each.code === 'KFD0326')
    assert.match(
      both?.message ?? '',
      /answered 403 to GET \/kfam\/v1\/bindings; AuthorizationPolicy \S+ rules\[\d+\].*\(profile:\S+\.yaml:\d+\) did it/,
    )
    const open = join(home, 'open.yaml')
    const texts = profileFiles('26.03', { tls: true, demo: true }).flatMap(({ text }) => text.split(/^---$/m))
    const isPolicy = (text: string) =>
      /^kind: AuthorizationPolicy$/m.test(text) && /profiles-kfam|global-deny-all/.test(text)
    writeFileSync(open, texts.filter((text) => !isPolicy(text)).join('\n---\n'))
    const other = await doctor([kfam, '-f', open], me)
    assert.ok(
      codesOf(other.report).includes('KFD0327'),
      JSON.stringify(other.report.findings.filter((each) => each.code.startsWith('KFD03'))),
    )
  })

  test('the CA is a folder, or is not there', async () => {
    for (const ca of [home, join(home, 'none')]) {
      const { report, code } = await doctor([door.ready.url, '--certificate-authority', ca], env)
      assert.deepEqual([code, brokenOf(report), codesOf(report)], [1, 'address', ['KFD0317']])
    }
  })
})

const addresses: readonly (readonly [address: string, hop: string, finding: string, why: string])[] = [
  ['https://kubeflow.invalid', 'dns', 'KFD0302', 'a name nobody has'],
  ['http://127.0.0.1:1', 'tcp', 'KFD0303', 'nobody listens'],
  ['http://127.0.0.1:/', 'address', 'KFD0301', 'INGRESS_PORT is empty'],
  ['http://:8080/', 'address', 'KFD0301', 'INGRESS_HOST is empty'],
  ['ftp://127.0.0.1/', 'address', 'KFD0301', 'no scheme of a door'],
]
for (const [address, hop, code, why] of addresses) {
  test(`${why}: stops at ${hop} with ${code}`, async () => {
    const { report } = await doctor([address], {})
    assert.equal(brokenOf(report), hop)
    assert.deepEqual(codesOf(report), [code])
    assert.ok(report.findings[0]?.fix)
  })
}

const page =
  (body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', ...headers })
    response.end(body)
  }

const doors: readonly (readonly [why: string, serve: RequestListener, finding: string])[] = [
  ['another application', page('<html><title>Wiki</title><h1>Hello</h1></html>'), 'KFD0309'],
  [
    'an open door',
    page('<html><title>Kubeflow Central Dashboard</title><main-page></main-page></html>'),
    'KFD0310',
  ],
  [
    'a gateway that refuses strangers with a token’s error',
    (_request, response) =>
      response
        .writeHead(401, { server: 'istio-envoy', 'content-type': 'text/plain' })
        .end('Jwt issuer is not configured'),
    'KFD0311',
  ],
  [
    'a clock an hour off',
    (_request, response) =>
      response
        .writeHead(403, { server: 'istio-envoy', date: new Date(Date.now() + 3_600_000).toUTCString() })
        .end('RBAC: access denied'),
    'KFD0308',
  ],
]
for (const [why, serve, code] of doors) {
  test(`${why}: ${code}`, async () => {
    const port = await listen(createServer(serve))
    const { report } = await doctor([`http://127.0.0.1:${port}/`], {})
    assert.ok(codesOf(report).includes(code), JSON.stringify(report.findings))
  })
}

test('a certificate nobody here trusts is shown whole, and one for other names too', async () => {
  const names = doorNames(['localhost'])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const cert = await issueLeaf(authority, {
    names,
    publicKey: createPublicKey(key),
    clock: Date.now,
    days: 10,
  })
  const port = await listen(createTlsServer({ cert, key: keyPem(key) }, page('x')))
  const untrusted = await doctor([`https://localhost:${port}/`], {})
  assert.equal(brokenOf(untrusted.report), 'tls')
  assert.deepEqual(codesOf(untrusted.report).sort(), ['KFD0306', 'KFD0307'])
  const ca = join(home, 'ca.pem')
  writeFileSync(ca, authority.certPem)
  const other = await doctor([`https://127.0.0.1:${port}/`, '--certificate-authority', ca], {})
  assert.match(other.report.findings.find(({ code }) => code === 'KFD0306')?.message ?? '', /other names/)
})
