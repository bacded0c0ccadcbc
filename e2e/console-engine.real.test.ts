/**
 * The engine in a page says what it says in the terminal; a thousand edits leave nothing behind; of a map of
 * ten thousand cells only those in sight are drawn.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CDPSession, Page } from 'playwright-core'
import { openCarried } from '../conformance/families.ts'
import { secretPrincipal } from '../src/cli/cases/certificates.ts'
import { readWorld } from '../src/cli/cases/world.ts'
import { asJson } from '../src/cli/explain/as-json.ts'
import { explainOne } from '../src/cli/explain/explain-one.ts'
import { readInputs } from '../src/compose/read-inputs.ts'
import { createEngine } from '../src/console/engine/engine.ts'
import { type Case, decideCase } from '../src/policy/index.ts'
import { bundleForPage } from '../tools/build-console.ts'
import { smallApp, smallFront } from '../tools/small-door.ts'
import type { InPage, PageCases } from './console/in-page.ts'
import {
  enter,
  putCursorBehind,
  type StartedConsole,
  settled,
  startConsoleProcess,
  visit,
} from './console/start-console.ts'
import { startChromium, type TrustingBrowser } from './parts/chromium.ts'

/** Of each family, at most so many cases. */
const most = 250
const istioVersion = '1.31.0'

let chromium: TrustingBrowser
before(async () => {
  chromium = await startChromium(null)
})
after(() => chromium?.close())

describe('the engine in a page', { timeout: 1_800_000 }, () => {
  let started: StartedConsole
  let page: Page
  before(async () => {
    started = await startConsoleProcess(['-f', 'profile:26.03'])
    const cookies = await enter(chromium.browser, started)
    const visitor = await visit(chromium.browser, started, cookies, { bypassCSP: true })
    page = visitor.page
    await page.goto(`${started.origin}/findings`)
    const entry = fileURLToPath(new URL('console/in-page.ts', import.meta.url))
    await page.evaluate(await bundleForPage(entry))
  })
  after(() => started?.stop())

  const now = 1_800_000_000
  const carried = openCarried(now)
  for (const name of carried.families) {
    it(`says the same as \`explain --cases\`: ${name}`, async () => {
      const family = carried.read(name)
      // A page reads no certificates; what is in them it is told.
      const cases = family.cases.filter(({ request }) => request.clientCert === undefined).slice(0, most)
      const byConfig = Map.groupBy(cases, ({ config }) => config)
      let compared = 0
      for (const [config, own] of byConfig) {
        const text = family.config(config)
        const world = readWorld(config, text, carried.around)
        const expected = own.map((one) => {
          world.prepare(one)
          return JSON.stringify(decideCase(world, one))
        })
        const given: PageCases = {
          file: config,
          text,
          cases: own as readonly Case[],
          now,
          istioVersion,
          jwks: Object.fromEntries(
            Object.keys(carried.jwksUris).map((uri) => [uri, carried.around.fetched(uri) ?? '']),
          ),
          workload: carried.around.certificates.workload,
          secrets: Object.fromEntries(
            world.mesh.secrets.flatMap(({ namespace, name: secret }) => {
              const principal = secretPrincipal(world.mesh, namespace, secret)
              return principal === undefined ? [] : [[`${namespace}/${secret}`, principal]]
            }),
          ),
        }
        const said = await page.evaluate(
          (one) => (globalThis as unknown as { readonly inPage: InPage }).inPage.cases(one),
          given,
        )
        assert.deepEqual(said, expected)
        compared += said.length
      }
      assert.ok(compared > 0 || cases.length === 0)
    })
  }

  for (const profile of ['26.03', 'v1.9', 'v1.8', 'v1.6']) {
    it(`says the same as \`explain -o json\` about profile:${profile}`, async () => {
      const inputs = await readInputs([`profile:${profile}`], async () => '')
      const engine = createEngine()
      await engine.open('now', inputs, undefined)
      const { rows } = await engine.map('now', Date.now() / 1000)
      const asked = rows
        .filter(
          (row, index) => index % 41 === 0 && row.witness.from === undefined && row.witness.sni === undefined,
        )
        .slice(0, 60)
        .map(({ principal, witness }) => ({ method: witness.method, url: witness.url, as: principal }))
      const io = { readStdin: async () => '', env: {}, err: () => {} }
      const expected = []
      for (const { method, url, as } of asked) {
        try {
          expected.push(
            asJson(await explainOne(io, 'explain', [method, url], { as, filename: [`profile:${profile}`] })),
          )
        } catch (error) {
          expected.push((error as Error).message)
        }
      }
      const said = await page.evaluate(
        ([given, questions, at]) =>
          (globalThis as unknown as { readonly inPage: InPage }).inPage.asks(given, questions, at),
        [inputs, asked, Date.now() / 1000] as const,
      )
      assert.ok(asked.length > 20)
      assert.deepEqual(said, expected)
    })
  }
})

type Send = (method: string) => Promise<unknown>

/**
 * The workers of a page as they are now, the oldest first, each to be asked over the protocol: their heaps are
 * their own. A worker whose question was overtaken is gone, and another there.
 */
async function workersOf(cdp: CDPSession): Promise<() => readonly Send[]> {
  const sessions = new Set<string>()
  const waiting = new Map<number, (result: unknown) => void>()
  let id = 0
  cdp.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') sessions.add(sessionId)
  })
  cdp.on('Target.detachedFromTarget', ({ sessionId }) => sessions.delete(sessionId))
  cdp.on('Target.receivedMessageFromTarget', ({ message }) => {
    const answer = JSON.parse(message) as { readonly id: number; readonly result: unknown }
    waiting.get(answer.id)?.(answer.result)
  })
  await cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const to = (sessionId: string) => async (method: string) => {
    id++
    const answered = new Promise((done) => waiting.set(id, done))
    await cdp.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    return answered
  }
  return () => [...sessions].map(to)
}

describe('the page under load', { timeout: 1_800_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-many-'))
  let started: StartedConsole
  let page: Page
  let noted: readonly string[]
  before(async () => {
    const routes = Array.from(
      { length: 300 },
      (_, n) => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app-${n}, namespace: apps}
spec:
  hosts: ['*']
  gateways: [istio-system/g]
  http:
  - match: [{uri: {prefix: /app-${n}/}}]
    route: [{destination: {host: app.apps.svc.cluster.local}}]
`,
    )
    const people = Array.from(
      { length: 20 },
      (_, n) => `---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: {name: team-${n}}
spec: {owner: {kind: User, name: person-${n}@example.com}}
`,
    )
    writeFileSync(
      join(folder, 'many.yaml'),
      `${smallFront}---
${smallApp}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: some, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  rules:
  - to: [{operation: {paths: ["/app-1*"]}}]
${routes.join('')}${people.join('')}`,
    )
    started = await startConsoleProcess(['-f', folder])
    const visitor = await visit(chromium.browser, started, await enter(chromium.browser, started))
    page = visitor.page
    noted = visitor.noted
  })
  after(async () => {
    await started?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('keeps only the cells in sight of more than ten thousand', async () => {
    await page.goto(`${started.origin}/map?fold=no&forged=yes`)
    await page.waitForSelector('.grid .cell')
    const cells = Number(/, (\d+) [^,]*$/.exec((await page.textContent('.map > .hint')) ?? '')?.[1])
    assert.ok(cells >= 10_000, `${cells} cells`)
    const drawn = await page.evaluate(async () => {
      const grid = document.querySelector('.grid') as HTMLElement
      let most = 0
      for (let step = 0; step < 120; step++) {
        grid.scrollTop = (grid.scrollHeight * step) / 120
        grid.scrollLeft = (grid.scrollWidth * (step % 40)) / 40
        await new Promise(requestAnimationFrame)
        most = Math.max(most, grid.querySelectorAll('.cell').length)
      }
      return most
    })
    assert.ok(drawn > 0 && drawn < 1200, `${drawn} cells in the document`)
    assert.deepEqual(noted, [])
  })

  it('forgets a thousand edits', async () => {
    await page.goto(`${started.origin}/request?url=${encodeURIComponent('http://localhost/app-1/')}`)
    await page.waitForSelector('.answer .verdict')
    const cdp = await page.context().newCDPSession(page)
    const workers = await workersOf(cdp)
    const heaps = async () => {
      const sizes: number[] = []
      for (const send of [(method: string) => cdp.send(method as 'Runtime.getHeapUsage'), ...workers()]) {
        for (let pass = 0; pass < 3; pass++) await send('HeapProfiler.collectGarbage')
        sizes.push(((await send('Runtime.getHeapUsage')) as { readonly usedSize: number }).usedSize)
      }
      return sizes
    }
    await putCursorBehind(page, 'metadata: {name: some')
    const edits = async (count: number) => {
      for (let n = 0; n < count; n++) {
        await page.keyboard.press(n % 2 === 0 ? 's' : 'Backspace')
        // The engine is asked each time the hand rests: of a policy by another name, then of the old one.
        if (n % 25 === 24) await settled(page)
      }
      await settled(page)
    }
    // An odd number: both times an edit stands there, and both engines have answered about it.
    await edits(101)
    const before = await heaps()
    await edits(1000)
    const after = await heaps()
    assert.deepEqual([before.length, after.length], [3, 3], 'the page, and two engines')
    const mib = (sizes: readonly number[]) => sizes.map((bytes) => (bytes / 1024 ** 2).toFixed(1)).join(', ')
    for (const [at, size] of after.entries()) {
      const grown = size - (before[at] as number)
      assert.ok(grown < 6 * 1024 ** 2, `page and engines grew from ${mib(before)} to ${mib(after)} MiB`)
    }
    assert.deepEqual(noted, [])
  })

  it('forgets the meshes it had open, a thousand times over', async () => {
    const inputs = await readInputs(['profile:26.03'], async () => '')
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const engine = createEngine()
    const question = { method: 'GET', url: 'https://localhost/pipeline/', as: 'anonymous' }
    const used = async (times: number) => {
      for (let n = 0; n < times; n++) {
        await engine.open('now', inputs, undefined)
        if (n % 20 === 0) await engine.ask('now', question, n)
      }
      gc()
      return process.memoryUsage().heapUsed
    }
    const before = await used(50)
    const after = await used(1000)
    assert.ok(after - before < 8 * 1024 ** 2, `${before} → ${after}`)
  })
})
