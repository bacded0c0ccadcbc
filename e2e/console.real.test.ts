/**
 * The console in a real browser: every view on the four releases, by keyboard and for who cannot see,
 * in both languages and themes; and YAML that means harm.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { builtPage } from '../tools/build-console.ts'
import { smallFront } from '../tools/small-door.ts'
import {
  type Cookies,
  enter,
  putCursorBehind,
  ready,
  type StartedConsole,
  settled,
  startConsoleProcess,
  visit,
} from './console/start-console.ts'
import { kfdoor, startDoor } from './door.ts'
import { axeSource } from './parts/axe.ts'
import { startChromium, type TrustingBrowser } from './parts/chromium.ts'

const views = ['request', 'map', 'change', 'findings', 'live', 'tokens'] as const
let chromium: TrustingBrowser
let axe: string
before(async () => {
  chromium = await startChromium(null)
  axe = await axeSource()
})
after(() => chromium?.close())

interface AxeResult {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
  }[]
}

/** What axe finds by WCAG 2.2 A and AA, and by its own advice where that is serious. */
async function axeFinds(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(
    () =>
      (globalThis as unknown as { axe: { run(options: unknown): Promise<unknown> } }).axe.run({
        // WCAG 2.2, 2.5.8: off unless it is asked for.
        rules: { 'target-size': { enabled: true } },
      }) as Promise<AxeResult>,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    )
}

const show = async (page: Page, origin: string, address: string) => {
  await page.goto(origin + address)
  await page.waitForSelector(ready[/^\/(\w*)/.exec(address)?.[1] || 'request'] as string)
  await settled(page)
}

for (const profile of ['26.03', 'v1.9', 'v1.8', 'v1.6']) {
  describe(`the console on ${profile}`, { timeout: 1_800_000 }, () => {
    let started: StartedConsole
    let cookies: Cookies
    before(async () => {
      started = await startConsoleProcess(['-f', `profile:${profile}`])
      cookies = await enter(chromium.browser, started)
    })
    after(() => started?.stop())

    for (const view of views) {
      it(`shows ${view}, and axe finds nothing serious`, async () => {
        const { page, noted, close } = await visit(chromium.browser, started, cookies, {
          colorScheme: view.length % 2 === 0 ? 'dark' : 'light',
          locale: profile === 'v1.9' ? 'ko-KR' : 'en-US',
        })
        try {
          await show(page, started.origin, `/${view}`)
          assert.equal(await page.locator('h1').count(), 1)
          assert.equal(
            await page.evaluate(() => document.documentElement.lang),
            profile === 'v1.9' ? 'ko' : 'en',
          )
          assert.deepEqual(await axeFinds(page), [])
          // A small screen, which is also a large one at 400 %; and the other theme.
          await page.setViewportSize({ width: 320, height: 640 })
          await page.emulateMedia({ colorScheme: view.length % 2 === 0 ? 'light' : 'dark' })
          assert.deepEqual(await axeFinds(page), [])
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
          assert.ok(wide <= 0, `${wide} px stick out`)
          assert.deepEqual(noted, [])
        } finally {
          await close()
        }
      })
    }
  })
}

describe('the console in use', { timeout: 1_800_000 }, () => {
  let started: StartedConsole
  let cookies: Cookies
  before(async () => {
    started = await startConsoleProcess(['-f', 'profile:26.03'])
    cookies = await enter(chromium.browser, started)
  })
  after(() => started?.stop())
  const open = (options = {}) => visit(chromium.browser, started, cookies, options)

  it('is asked by keyboard: URL, who, a step of the way, its YAML', async () => {
    const { page, noted, close } = await open()
    try {
      await show(page, started.origin, '/request')
      const url = page.getByLabel('URL', { exact: true })
      await url.fill('https://localhost/pipeline/apis/v2beta1/runs?namespace=kubeflow-user-example-com')
      await page.getByLabel('Who asks').fill('user:user@example.com')
      await page.waitForSelector('.answer.a-allow')
      assert.match(page.url(), /url=https.*as=user/)
      const box = page.locator('.box[role=button]', { hasText: 'JWT' }).first()
      await box.focus()
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelector('.chosen')?.textContent?.includes('JWT'))
      assert.equal(await box.getAttribute('aria-pressed'), 'true')
      await page.waitForFunction(() =>
        document.querySelector('.editor')?.shadowRoot?.querySelector('.lit-step, .lit-decides'),
      )
      // The address shows the same again.
      const again = await open()
      await again.page.goto(page.url())
      await again.page.waitForSelector('.answer.a-allow')
      await again.page.waitForFunction(() => document.querySelector('.chosen')?.textContent?.includes('JWT'))
      await again.close()
      assert.deepEqual(noted, [])
    } finally {
      await close()
    }
  })

  it('follows an edit of the YAML with the verdict and with who gains and loses', async () => {
    const { page, noted, close } = await open()
    try {
      const asked = new URLSearchParams({ url: 'https://localhost/pipeline/', as: 'anonymous' })
      await show(page, started.origin, `/request?${asked}`)
      await page.waitForSelector('.answer.a-challenge')
      // The policy is about nobody any more: the next one refuses.
      await putCursorBehind(page, 'app: istio-ingressgateway')
      await page.keyboard.type('-gone')
      await page.waitForSelector('.answer.a-deny')
      await page.waitForFunction(() =>
        /gained, .* lost/.test(document.querySelector('.strip')?.textContent ?? ''),
      )
      await page.getByRole('link', { name: 'Show the change' }).click()
      await page.waitForSelector('.text-diff .plus')
      assert.match((await page.textContent('.text-diff')) ?? '', /\+ .*istio-ingressgateway-gone/)
      assert.deepEqual(noted, [])
    } finally {
      await close()
    }
  })

  it('keeps a pasted token out of the address, and says why it is refused', async () => {
    const { page, noted, close } = await open()
    try {
      await show(page, started.origin, '/tokens')
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const token = `${part({ alg: 'RS256', kid: 'x' })}.${part({ iss: 'https://evil.test', sub: '<b>me</b>', aud: 'x', exp: 1 })}.c2ln`
      await page.locator('textarea').fill(`Authorization: Bearer ${token}`)
      await page.waitForSelector('.tokens .answer')
      const told = (await page.textContent('.tokens')) ?? ''
      assert.match(told, /https:\/\/evil\.test/)
      assert.match(told, /does not fit/)
      assert.match(told, /Jwt issuer is not configured|issuer/)
      assert.ok(!page.url().includes(token.slice(0, 20)))
      assert.equal(await page.locator('.tokens b').count(), 0)
      await page.getByRole('link', { name: 'Request', exact: true }).click()
      assert.ok(!page.url().includes(token.slice(0, 20)))
      assert.deepEqual(noted, [])
    } finally {
      await close()
    }
  })

  it('says how far a comparison is, and ends it where somebody wants that', async () => {
    const own = await startConsoleProcess(['-f', 'profile:26.03', '--against', 'profile:v1.8'])
    const { page, noted, close } = await visit(chromium.browser, own, await enter(chromium.browser, own))
    try {
      await page.goto(`${own.origin}/change`)
      const counts = () =>
        page.waitForFunction(() =>
          /\d+ classes of requests so far/.test(document.querySelector('.change .note')?.textContent ?? ''),
        )
      await counts()
      await page.getByRole('button', { name: 'Stop', exact: true }).click()
      await page.waitForFunction(() => /stopped/.test(document.querySelector('.change')?.textContent ?? ''))
      await page.getByRole('button', { name: 'Compare', exact: true }).click()
      await counts()
      assert.deepEqual(noted, [])
    } finally {
      await close()
      await own.stop()
    }
  })

  it('moves through the map by keys, and opens the request of a cell', async () => {
    const { page, noted, close } = await open()
    try {
      await show(page, started.origin, '/map')
      await page.getByRole('grid').focus()
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'PageDown', 'Home', 'End', 'ArrowLeft']) {
        await page.keyboard.press(key)
        const id = await page.getByRole('grid').getAttribute('aria-activedescendant')
        await page.waitForSelector(`#${id}`)
      }
      await page.keyboard.press('Control+Home')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.answer .verdict')
      assert.match(page.url(), /\/request\?.*as=anonymous/)
      assert.deepEqual(noted, [])
    } finally {
      await close()
    }
  })

  it('weighs less than 250 KB without the editor, all of it', async () => {
    const folder = join(await builtPage(() => {}), 'assets')
    const sizes = readdirSync(folder)
      .filter((name) => !name.startsWith('editor-'))
      .map((name) => [name, gzipSync(readFileSync(join(folder, name)), { level: 9 }).length] as const)
    const weight = sizes.reduce((sum, [, size]) => sum + size, 0)
    assert.ok(
      sizes.length >= 4 && weight > 50_000 && weight < 250 * 1024,
      `${weight} bytes: ${sizes.join(' ')}`,
    )
  })

  it('shows the decisions of a door that runs here, who is signed in, and signs them out', async () => {
    const door = await startDoor(['--profile', '26.03'])
    const runtime = door.env.XDG_RUNTIME_DIR
    const own = await startConsoleProcess(['-f', 'profile:26.03'], { XDG_RUNTIME_DIR: runtime })
    const session = execFileSync(
      process.execPath,
      [kfdoor, 'token', '--user', 'user@example.com', '-o', 'header'],
      { env: door.env, encoding: 'utf8' },
    )
    const { page, noted, close } = await visit(chromium.browser, own, await enter(chromium.browser, own))
    try {
      await show(page, own.origin, '/live')
      await page.waitForSelector('article.door')
      await page.waitForFunction(() =>
        document.querySelector('article.door table')?.textContent?.includes('user@example.com'),
      )
      await page.getByRole('button', { name: 'Follow' }).click()
      await page.waitForFunction(() =>
        document.querySelector('article.door')?.textContent?.includes('Waiting'),
      )
      await fetch(`${door.ready.httpUrl}/pipeline/?secret=1`, { redirect: 'manual' })
      await page.waitForSelector('.decisions tbody tr')
      const row = (await page.textContent('.decisions tbody tr')) ?? ''
      assert.match(row, /GET .*\/pipeline\//)
      assert.doesNotMatch(row, /secret/)
      assert.doesNotMatch(
        (await page.content()) ?? '',
        new RegExp(session.trim().slice(-20).replace(/\W/g, '.')),
      )
      await page.getByRole('button', { name: 'Sign out user@example.com' }).click()
      await page.waitForFunction(() =>
        /sessions of user@example.com ended/.test(document.body.textContent ?? ''),
      )
      await page.waitForFunction(() => /Nobody is signed in/.test(document.body.textContent ?? ''))
      await page.getByLabel('Address of the door').fill(door.ready.httpUrl)
      await page.getByRole('button', { name: 'Walk' }).click()
      await page.waitForFunction(() => /tcp/.test(document.querySelector('.live table')?.textContent ?? ''))
      assert.deepEqual(noted, [])
    } finally {
      await close()
      await own.stop()
      await door.stop()
    }
  })
})

describe('the console on YAML that means harm', { timeout: 1_800_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-hostile-'))
  const evil = '<img src=x onerror=alert(1)>"><script>alert(2)</script>'
  let started: StartedConsole
  let cookies: Cookies
  before(async () => {
    const quoted = JSON.stringify(evil)
    writeFileSync(
      join(folder, `a<svg onload=alert(4)>.yaml`.replaceAll('/', '')),
      `${smallFront}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${quoted}, namespace: ${quoted}}
spec:
  hosts: ['*']
  gateways: [istio-system/g]
  http:
  - match: [{uri: {prefix: ${JSON.stringify(`/${evil}`)}}}]
    route: [{destination: {host: ${quoted}}}]
  - route: [{destination: {host: x}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${quoted}, namespace: istio-system}
spec:
  action: DENY
  rules:
  - to: [{operation: {paths: [${JSON.stringify(`/${'y'.repeat(1_000_000)}`)}, "/x*"]}}]
    when: [{key: "request.headers[${'z'.repeat(2000)}]", values: [${quoted}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: "turned\\u202Eelbaliava", namespace: istio-system}
spec:
  action: DENY
  rules:
  - to: [{operation: {paths: ["/\\u202Eprivate/**"]}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: "turned\\u2066", namespace: __proto__}
spec:
  hosts: ['*']
  gateways: [istio-system/g]
  http:
  - match: [{uri: {prefix: "/\\u202Eturned"}}]
    route: [{destination: {host: constructor}}]
`,
    )
    writeFileSync(join(folder, 'cyclic.yaml'), 'a: &a\n  b: *a\n  c: [*a, *a]\n')
    writeFileSync(
      join(folder, 'bomb.yaml'),
      'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\n',
    )
    started = await startConsoleProcess(['-f', folder])
    cookies = await enter(chromium.browser, started)
  })
  after(async () => {
    await started?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const addresses = [
    '/request',
    `/request?${new URLSearchParams({ url: `http://localhost/${evil}`, as: 'anonymous+forged' })}`,
    `/request?${new URLSearchParams({ url: evil, as: evil, method: evil, file: evil, line: '1e9', step: '-1' })}`,
    '/map',
    `/map?${new URLSearchParams({ route: evil, who: evil, verdict: evil })}`,
    '/change',
    '/findings',
    `/findings?severity=${encodeURIComponent(evil)}`,
    '/live?url=javascript:alert(1)',
    '/tokens',
  ]
  for (const address of addresses) {
    it(`stays text: ${address.slice(0, 60)}`, async () => {
      const { page, noted, close } = await visit(chromium.browser, started, cookies)
      try {
        await show(page, started.origin, address)
        const made = await page.evaluate(
          () =>
            document.querySelectorAll(
              '#app script, #app img, #app iframe, [onerror], [onload], a[href^="javascript"]',
            ).length,
        )
        assert.equal(made, 0)
        // Nothing turns the direction of what stands beside it; the editor marks such letters itself.
        const turned = await page.evaluate(() =>
          [...document.querySelectorAll<HTMLElement>('#app *')]
            .filter(
              (one) =>
                one.childElementCount === 0 && /[\u202a-\u202e\u2066-\u2069]/.test(one.textContent ?? ''),
            )
            .map(
              (one) =>
                `${one.localName}.${one.className} in ${one.parentElement?.className}: ${one.textContent}`,
            ),
        )
        assert.deepEqual(turned, [])
        assert.deepEqual(noted, [])
      } finally {
        await close()
      }
    })
  }
})
