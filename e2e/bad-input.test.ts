/** What a person may get wrong: one clear line that names the place or the setting, and exit 2. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { BrowserLike } from './browser-like.ts'
import { run, startDoor } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-bad-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function yaml(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
`
const virtualService = (spec: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec:
${spec}`

const rendered = (file: string): string => {
  const path = join(folder, `rendered-${file}`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, file), 'resources: []\n')
  return path
}

const up = ['up', '--port', '0', '--http-port', '0', '--state', ':memory:']

const rows: readonly (readonly [what: string, args: () => string[], says: RegExp])[] = [
  [
    'a file that does not parse',
    () => [...up, '-f', yaml('broken.yaml', `${gateway}kind: [unclosed\n`)],
    /broken\.yaml:\d+: .*YAML/,
  ],
  [
    'a VirtualService without hosts',
    () => [
      ...up,
      '-f',
      yaml(
        'nohosts.yaml',
        gateway + virtualService('  gateways: [gw]\n  http: [{route: [{destination: {host: a}}]}]\n'),
      ),
    ],
    /nohosts\.yaml:\d+: .*hosts/,
  ],
  [
    'an unknown policy action',
    () => [
      ...up,
      '-f',
      yaml(
        'action.yaml',
        `${gateway}apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: istio-system}\nspec:\n  action: FORBID\n`,
      ),
    ],
    /action\.yaml:1[12]: .*FORBID/,
  ],
  [
    'an unknown condition key',
    () => [
      ...up,
      '-f',
      yaml(
        'key.yaml',
        `${gateway}apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: istio-system}\nspec:\n  rules:\n  - when:\n    - key: request.nonsense\n      values: [a]\n`,
      ),
    ],
    /key\.yaml:1[34]: .*request\.nonsense/,
  ],
  [
    'YAML without a gateway',
    () => [...up, '-f', yaml('empty.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n')],
    /no Gateway/,
  ],
  [
    'a file that is not there',
    () => [...up, '-f', join(folder, 'nothing.yaml')],
    /nothing\.yaml.*no such file/,
  ],
  ['a kustomization', () => [...up, '-f', rendered('kustomization.yaml')], /kubectl kustomize/],
  ['a chart', () => [...up, '-f', rendered('Chart.yaml')], /helm template/],
  ['an unknown profile', () => [...up, '--profile', '1.2'], /no profile `1\.2`.*26\.03/],
  ['a port that is none', () => ['up', '--port', '99999'], /--port 99999.*not a port/],
  ['an upstream that is no URL', () => [...up, '--upstream', 'a=b'], /--upstream a=b/],
  [
    'a state folder that is a file',
    () => ['up', '--state', yaml('state', 'x')],
    /state folder .*not a folder/,
  ],
  [
    'users without a password',
    () => [...up, '--users', yaml('users.yaml', 'users:\n- email: a@example.com\n')],
    /users\.yaml:2: .*password/,
  ],
  ['an unknown command', () => ['upp'], /no command `upp`[\s\S]*kfdoor up/],
  ['an unknown option', () => ['up', '--prot', '1'], /--prot/],
  ['a profile beside files', () => [...up, '--profile', '26.03', '-f', folder], /--profile|--filename/],
  ['published credentials beyond loopback', () => [...up, '--address', '0.0.0.0'], /published with Kubeflow/],
  [
    'a token for two at once',
    () => ['token', '--service-account', 'a/b', '--user', 'u@example.com'],
    /--service-account|--user/,
  ],
  ['a token with a broken name', () => ['token', '--service-account', 'justaname'], /NS\/NAME/],
  [
    'a duration that is none',
    () => ['token', '--service-account', 'a/b', '--duration', 'soon'],
    /not a duration/,
  ],
]

describe('bad input', () => {
  for (const [what, args, says] of rows) {
    it(what, async () => {
      const { code, out, err } = await run(args(), { env: { ...process.env, XDG_RUNTIME_DIR: folder } })
      assert.equal(code, 2, `${out}${err}`)
      assert.match(err, says)
      assert.match(err, /KFD\d{4}/)
      assert.doesNotMatch(err, /\n\s+at /, 'a stack trace')
      assert.equal(out, '')
    })
  }

  it('a busy port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    const { port } = server.address() as { port: number }
    try {
      const { code, err } = await run([
        'up',
        '--port',
        '0',
        '--http-port',
        String(port),
        '--state',
        ':memory:',
      ])
      assert.equal(code, 2, err)
      assert.match(err, new RegExp(`port ${port} .*--http-port`))
    } finally {
      server.close()
    }
  })

  it('an unreadable state folder', {
    skip: process.getuid?.() === 0 && 'the superuser reads everything',
  }, async () => {
    const state = join(folder, 'locked')
    mkdirSync(state)
    chmodSync(state, 0o000)
    const { code, err } = await run([
      'up',
      '--port',
      '0',
      '--http-port',
      '0',
      '--state',
      join(state, 'inner'),
    ])
    assert.equal(code, 2)
    assert.match(err, /permission denied/)
  })

  it('a cookie of a megabyte is answered, and the door stays', async () => {
    const door = await startDoor()
    try {
      const browser = new BrowserLike(door.ready.caFile)
      const answer = await browser
        .send('GET', `${door.ready.url}/`, { cookie: `a=${'x'.repeat(1_000_000)}` })
        .catch((error: NodeJS.ErrnoException) => ({ status: error.code }))
      assert.ok(
        answer.status === 431 || answer.status === 'ECONNRESET' || answer.status === 'EPIPE',
        String(answer.status),
      )
      assert.equal((await browser.send('GET', `${door.ready.url}/`)).status, 403)
    } finally {
      await door.stop()
    }
  })
})
