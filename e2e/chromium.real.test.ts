/**
 * A real browser at the door, with the keyboard only and without JavaScript: it trusts the door's CA
 * and nothing else, in both colour schemes, both languages, on a small screen and on a large one.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { type Door, startDoor } from './door.ts'
import { faultsOf, tabTo } from './page-audit.ts'
import { patience, startChromium, type TrustingBrowser } from './parts/chromium.ts'

interface Eyes {
  readonly locale: 'en-US' | 'ko-KR'
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
}

const eyes: readonly Eyes[] = (['en-US', 'ko-KR'] as const).flatMap((locale) =>
  (['light', 'dark'] as const).flatMap((colorScheme) =>
    [320, 1280].map((width) => ({ locale, colorScheme, width })),
  ),
)

/** Pages that stand beside the way in: what they are, and the status a browser gets. */
const others: Readonly<Record<string, readonly (readonly [what: string, path: string, status: number])[]>> = {
  '26.03': [
    ['a callback nobody asked for', '/oauth2/callback?code=a&state=b', 403],
    ['an application the issuer does not know', '/dex/auth?client_id=nobody', 404],
    ['the sign-in page', '/oauth2/sign_in', 200],
  ],
  'v1.8': [['an application the issuer does not know', '/dex/auth?client_id=nobody', 404]],
}

for (const profile of ['26.03', 'v1.8']) {
  describe(`Chromium at ${profile}`, { timeout: 1_800_000 }, () => {
    let door: Door
    let chromium: TrustingBrowser
    before(async () => {
      door = await startDoor(['--profile', profile])
      chromium = await startChromium(door.ready.caFile)
    })
    after(async () => {
      await chromium?.close()
      await door?.stop()
    })

    /** A page that writes down what it should not do. */
    async function aPage({ locale, colorScheme, width }: Eyes): Promise<{
      readonly context: BrowserContext
      readonly page: Page
      /** Console errors, and requests to anywhere but the door. */
      readonly noted: readonly string[]
    }> {
      const context = await chromium.browser.newContext({
        locale,
        colorScheme,
        javaScriptEnabled: false,
        viewport: { width, height: 720 },
      })
      context.setDefaultTimeout(patience)
      const page = await context.newPage()
      const noted: string[] = []
      page.on('console', (message) => {
        // Chromium calls every document with a status above 399 an error.
        if (message.type() === 'error' && !/the server responded with a status of 4/.test(message.text())) {
          noted.push(message.text())
        }
      })
      page.on('pageerror', (error) => noted.push(error.message))
      page.on('request', (request) => {
        const url = new URL(request.url())
        if (url.protocol !== 'data:' && url.origin !== door.ready.url) noted.push(`asked ${url.origin}`)
      })
      return { context, page, noted }
    }

    const seen = async (page: Page, language: string | RegExp) => {
      assert.deepEqual(await faultsOf(page), [], page.url())
      assert.match(await page.evaluate(() => document.documentElement.lang), new RegExp(language))
    }

    for (const look of eyes) {
      const language = look.locale.slice(0, 2)
      it(`signs in with the keyboard: ${language}, ${look.colorScheme}, ${look.width} px`, async () => {
        const { context, page, noted } = await aPage(look)
        try {
          await page.goto(`${door.ready.url}/`)
          if (!(await page.$('input[type=password]'))) {
            // oauth2-proxy's sign-in page: Envoy sends no Accept-Language to the provider, so it may be English.
            await seen(page, /^(en|ko)$/)
            await tabTo(page, 'button[type=submit]')
            await page.keyboard.press('Enter')
            await page.waitForSelector('input[type=password]')
          }
          await seen(page, language)
          await tabTo(page, 'input[name=login]')
          await page.keyboard.type('user@example.com')
          await tabTo(page, 'input[name=password]')
          await page.keyboard.type('wrong')
          await page.keyboard.press('Enter')
          await page.waitForSelector('#login-error')
          await seen(page, language)
          const described = await page.evaluate(() => {
            const field = document.querySelector('input[aria-invalid=true]')
            return document.getElementById(field?.getAttribute('aria-describedby') ?? '')?.textContent?.trim()
          })
          assert.ok(described, 'the field says what was wrong with it')
          await tabTo(page, 'input[name=login]')
          await page.keyboard.press('Control+A')
          await page.keyboard.type('user@example.com')
          await tabTo(page, 'input[name=password]')
          await page.keyboard.type('12341234')
          await page.keyboard.press('Enter')
          await page.waitForURL(`${door.ready.url}/`)
          assert.match((await page.textContent('main')) ?? '', /user@example\.com/)
          await seen(page, language)
          assert.deepEqual(noted, [])
          const cookies = await context.cookies()
          assert.ok(cookies.length > 0 && cookies.every(({ httpOnly, secure }) => httpOnly && secure))
        } finally {
          await context.close()
        }
      })

      for (const [what, path, status] of others[profile] ?? []) {
        it(`shows ${what}: ${language}, ${look.colorScheme}, ${look.width} px`, async () => {
          const { context, page, noted } = await aPage(look)
          try {
            const answer = await page.goto(door.ready.url + path)
            assert.equal(answer?.status(), status)
            await seen(page, language)
            assert.deepEqual(noted, [])
          } finally {
            await context.close()
          }
        })
      }
    }

    it('does not take the door for trusted without its CA', async () => {
      const stranger = await startChromium(null)
      try {
        const page = await stranger.browser.newPage()
        await assert.rejects(page.goto(`${door.ready.url}/`), /ERR_CERT_AUTHORITY_INVALID/)
      } finally {
        await stranger.close()
      }
    })
  })
}
