/** `kfdoor verify` before doors of this machine: each profile agrees with its YAML, and an edited YAML is found out. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { parse } from 'yaml'
import { profileFiles, profileNames } from '../src/compose/profiles.ts'
import { run, startDoor } from './door.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-verify-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Report {
  readonly kind: string
  readonly answering: string
  readonly agreements: readonly Line[]
  readonly disagreements: readonly Line[]
  readonly notAsked: readonly (Line & { readonly why: string })[]
}
interface Line {
  readonly principal: string
  readonly witness: { readonly method: string; readonly url: string }
  readonly predicted: { readonly verdict: string }
  readonly saw: string
}

async function verify(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const own = { XDG_CONFIG_HOME: join(folder, 'c'), XDG_STATE_HOME: join(folder, 's') }
  const { code, out, err } = await run(['verify', ...words, '--rate', '100', '-o', 'json'], {
    env: { ...process.env, ...own, ...env },
  })
  return { code, err, report: (out === '' ? undefined : JSON.parse(out)) as Report }
}

const me = { KFDOOR_USERNAME: 'user@example.com', KFDOOR_PASSWORD: '12341234' }
const everything = ['--probe-forged', '--mint', '--wake', '--allow-post']

for (const profile of profileNames) {
  test(`${profile}: the door does what its YAML says, for nobody, for a user, for accounts, with forged headers`, async () => {
    const door = await startDoor(['--profile', profile])
    try {
      const asked = ['-f', `profile:${profile}`]
      const { code, err, report } = await verify([door.ready.url, ...asked, ...everything], {
        ...door.env,
        ...me,
      })
      assert.deepEqual(report?.disagreements, [], err)
      assert.equal(code, 0)
      assert.equal(report.answering, 'kfdoor')
      const asking = new Set(report.agreements.map(({ principal }) => principal))
      for (const name of ['anonymous', 'anonymous+forged', 'user:user@example.com'])
        assert.ok(asking.has(name), name)
      assert.ok([...asking].some((name) => name.startsWith('sa:')))
      assert.ok(report.agreements.some(({ predicted }) => predicted.verdict === 'allow'))
      assert.ok(report.notAsked.some(({ principal }) => principal === 'user:somebody-else@example.com'))
      const plain = await verify([door.ready.httpUrl, ...asked], door.env)
      assert.deepEqual([plain.code, plain.report.disagreements], [0, []], plain.err)
    } finally {
      await door.stop()
    }
  })
}

describe('a door whose YAML was edited after it started', () => {
  test('is found out, and what it did is written as tests', async () => {
    const door = await startDoor(['--profile', 'v1.9'])
    try {
      // Somebody takes the sign-in of the whole door away in the files, and never applies it.
      const edited = join(folder, 'edited.yaml')
      const texts = profileFiles('v1.9', { tls: true, demo: true })
        .flatMap(({ text }) => text.split(/^---$/m))
        .filter((text) => !/action: CUSTOM/.test(text))
        .filter((text) => !/istio-ingressgateway-require-jwt/.test(text))
      writeFileSync(edited, texts.join('\n---\n'))
      const fixture = join(folder, 'found.yaml')
      const words = [door.ready.url, '-f', edited, '--as', 'anonymous', '--write-fixture', fixture]
      const { code, err, report } = await verify(words, door.env)
      assert.equal(code, 1, err)
      const pipeline = report.disagreements.find(({ witness }) => /\/pipeline/.test(witness.url))
      assert.equal(pipeline?.predicted.verdict, 'allow')
      assert.match(pipeline?.saw ?? '', /^(302|403)/)
      const { apiVersion, kind, tests } = parse(readFileSync(fixture, 'utf8'))
      assert.deepEqual([apiVersion, kind], ['kfdoor/v1alpha1', 'Tests'])
      assert.equal(tests.length, report.disagreements.length)
      const before = await run(['test', fixture, '-f', edited])
      assert.equal(before.code, 1)
      const right = await run(['test', fixture, '-f', 'profile:v1.9'])
      assert.equal(right.code, 0, right.out)
    } finally {
      await door.stop()
    }
  })
})

describe('beyond this machine', () => {
  test('it lists, counts and sends nothing until --yes', async () => {
    const requests: string[] = []
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers['user-agent']}`)
      response.writeHead(503, { server: 'istio-envoy' }).end('no healthy upstream')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    after(() => server.close())
    // A name that is not this machine's, which a proxy of the environment leads to.
    const env = { HTTPS_PROXY: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    const url = 'https://kubeflow.example.invalid/'
    const words = [url, '-f', 'profile:v1.9', '--as', 'anonymous']
    const { code, err, report } = await verify(words, env)
    assert.equal(code, 2)
    assert.match(err, /KFD0100: \d+ requests would go to kubeflow\.example\.invalid.*nothing was sent.*--yes/)
    const plan = report as unknown as { kind: string; count: number; ask: readonly unknown[] }
    assert.equal(plan.kind, 'VerificationPlan')
    assert.ok(plan.count > 0 && plan.count === plan.ask.length)
    assert.deepEqual(requests, [])
  })
})

const wrong: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [['http://127.0.0.1:1/', '-f', 'profile:v1.9'], /KFD1802/],
  [['http://127.0.0.1:1/', '-f', 'none'], /KFD0101/],
  [['ftp://x/', '-f', 'profile:v1.9'], /KFD0100/],
  [['http://127.0.0.1:1/', '-f', 'profile:v1.9', '--gateway', 'x'], /KFD0100: .*NAMESPACE\/NAME/],
  [['http://127.0.0.1:1/', '-f', 'profile:v1.9', '--self', 'x'], /KFD0100: .*no principal/],
]
for (const [words, says] of wrong) {
  test(`verify ${words.join(' ')} is told what is wrong`, async () => {
    const { code, err } = await verify(words)
    assert.ok(code === 2 || code === 3, String(code))
    assert.match(err, says)
    assert.doesNotMatch(err, /\n\s+at /)
  })
}
for (const rate of ['0', '-1', 'fast', '1000']) {
  test(`a rate of ${rate} is refused`, async () => {
    const { code, err } = await run(['verify', 'http://127.0.0.1:1/', '-f', 'profile:v1.9', '--rate', rate])
    assert.equal(code, 2)
    assert.match(err, /requests a second/)
  })
}
