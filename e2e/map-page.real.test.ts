/**
 * The page of `map -o html` in a real browser: on a small screen and on a large one, light and dark, by keyboard, and
 * with names in the YAML that would be markup, scripts or addresses if they were let.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { run } from './door.ts'
import { faultsOf, tabTo } from './page-audit.ts'
import { patience, startChromium, type TrustingBrowser } from './parts/chromium.ts'

const hostile = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: '<img src="http://192.0.2.1/x" onerror="document.title=1">', namespace: kubeflow}
spec:
  gateways: [gw]
  hosts: ['*']
  http:
  - match: [{uri: {prefix: '/"><script>document.title=1</script>'}}]
    directResponse: {status: 200}
  - match: [{uri: {prefix: /plain}}]
    directResponse: {status: 200}
---
apiVersion: v1
kind: Service
metadata: {name: direct, namespace: kubeflow}
spec: {type: NodePort, selector: {app: a}, ports: [{name: '<b>', port: 80}]}
---
apiVersion: kubeflow.org/v1
kind: Profile
metadata: {name: kubeflow}
spec: {owner: {kind: User, name: "</td><script>document.title=1</script>@example.com"}}
`

describe('Chromium and the page of map -o html', { timeout: 1_800_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-map-page-'))
  let chromium: TrustingBrowser
  const urls = new Map<string, string>()
  before(async () => {
    chromium = await startChromium(null)
    const yaml = join(folder, 'hostile.yaml')
    writeFileSync(yaml, hostile)
    for (const [name, from] of [
      ['26.03', 'profile:26.03'],
      ['hostile', yaml],
    ] as const) {
      const { out, code, err } = await run(['map', '-f', from, '-o', 'html'])
      assert.equal(code, 0, err)
      const file = join(folder, `${name}.html`)
      writeFileSync(file, out)
      urls.set(name, pathToFileURL(file).href)
    }
  })
  after(async () => {
    await chromium?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(
    name: string,
    width: number,
    colorScheme: 'light' | 'dark',
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await chromium.browser.newContext({ colorScheme, viewport: { width, height: 720 } })
    context.setDefaultTimeout(patience)
    const noted: string[] = []
    try {
      const page = await context.newPage()
      page.on('console', (message) => noted.push(message.text()))
      page.on('pageerror', (error) => noted.push(String(error)))
      page.on('request', (request) => {
        if (request.url() !== urls.get(name)) noted.push(request.url())
      })
      await page.goto(urls.get(name) as string)
      await look(page)
      assert.deepEqual(noted, [], 'it asks nobody and complains of nothing')
      const pictures = process.env.KFDOOR_PICTURES
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) })
    } finally {
      await context.close()
    }
  }

  for (const name of ['26.03', 'hostile']) {
    for (const width of [320, 1280]) {
      for (const scheme of ['light', 'dark'] as const) {
        it(`${name}, ${width} wide, ${scheme}: can be read`, async () => {
          await open(name, width, scheme, async (page) => {
            assert.deepEqual(await faultsOf(page), [])
            assert.equal(await page.title(), 'kfdoor map')
            assert.equal(await page.locator('img, script[src], link, iframe, td script').count(), 0)
          })
        })
      }
    }
  }

  it('rows are found by keyboard', async () => {
    await open('26.03', 1280, 'light', async (page) => {
      await tabTo(page, '#find')
      const all = await page.locator('tbody tr:visible').count()
      await page.keyboard.type('anonymous /dex/ allow')
      const some = await page.locator('tbody tr:visible').count()
      assert.ok(some > 0 && some < all, `${some} of ${all}`)
      await page.keyboard.press('Control+A')
      await page.keyboard.type('nothing is called that')
      assert.equal(await page.locator('tbody tr:visible').count(), 0)
      assert.match((await page.locator('[role=status]').textContent()) ?? '', /^0 of \d+ rows$/)
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+A')
      await page.keyboard.press('Delete')
      assert.equal(await page.locator('tbody tr:visible').count(), all)
    })
  })
})
