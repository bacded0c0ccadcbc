/**
 * Writes the pictures of docs/console: `node tools/console-screenshots.ts [FOLDER [VIEW…]]`. A door of a release with
 * one rule opened, a door that runs, both languages and both themes; look at each one before it is kept. When each
 * was first painted is said too: less than 300 ms is wanted on a machine that does nothing else.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { enter, ready, settled, startConsoleProcess, visit } from '../e2e/console/start-console.ts'
import { startDoor } from '../e2e/door.ts'
import { startChromium } from '../e2e/parts/chromium.ts'
import { debian } from '../e2e/parts/debian.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = resolve(process.argv[2] ?? join(root, 'docs', 'console'))
mkdirSync(out, { recursive: true })

/** Korean letters: a fresh machine has none. */
const letters = 'usr/share/fonts/truetype/nanum'
const fonts = await debian(['fonts-nanum'], `${letters}/NanumGothic.ttf`, 'unpack')
const home = mkdtempSync(join(tmpdir(), 'kfdoor-shots-'))
const mesh = join(home, 'my-mesh')
for (const [at, part] of ['release', 'tls', 'demo'].entries()) {
  cpSync(join(root, 'profiles', '26.03', part), join(mesh, `${at + 1}-${part}`), { recursive: true })
}
const edited = join(mesh, '2-tls', 'plain-port.yaml')
// What somebody does who has had enough of sign-in pages.
writeFileSync(
  edited,
  readFileSync(edited, 'utf8').replaceAll('"/oauth2/*"], notPorts', '"/oauth2/*", "/pipeline/*"], notPorts'),
)
const door = await startDoor(['--profile', '26.03'])
mkdirSync(join(home, 'data'))
symlinkSync(join(fonts.root, letters), join(home, 'data', 'fonts'))
const chromium = await startChromium(null, [], home)
process.chdir(home)
const started = await startConsoleProcess(['-f', 'my-mesh', '--against', 'profile:26.03'], {
  XDG_RUNTIME_DIR: door.env.XDG_RUNTIME_DIR,
})
const cookies = await enter(chromium.browser, started)

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = [
  part({ alg: 'RS256', kid: 'made-up' }),
  part({
    iss: 'https://kubernetes.default.svc.cluster.local',
    sub: 'system:serviceaccount:kubeflow-user-example-com:default-editor',
    aud: ['pipelines.kubeflow.org'],
    exp: 1_700_000_000,
  }),
  'c2lnbmF0dXJl',
].join('.')

interface Shot {
  readonly name: string
  readonly address: string
  /** Pixels. */
  readonly height?: number
  readonly act?: (page: Page) => Promise<void>
}

const shots: readonly Shot[] = [
  {
    name: 'request',
    height: 900,
    address: `/request?${new URLSearchParams({ url: 'https://localhost/jupyter/', as: 'anonymous' })}`,
    act: (page) =>
      page.locator('.editor .lit-decides, .editor .lit-step').first().waitFor({ state: 'visible' }),
  },
  {
    name: 'map',
    address: '/map',
    act: async (page) => {
      await page.waitForSelector('.grid .cell')
    },
  },
  {
    name: 'change',
    address: '/change?show=mesh',
    act: async (page) => {
      await page.waitForSelector('.change .diff')
    },
  },
  { name: 'findings', address: '/findings' },
  {
    name: 'live',
    address: `/live?${new URLSearchParams({ url: door.ready.httpUrl })}`,
    act: async (page) => {
      await page.locator('article.door button').first().click()
      await page.locator('article.door .bar [role=status]:not(:empty)').waitFor()
      for (const path of ['/', '/pipeline/', '/dex/.well-known/openid-configuration', '/oauth2/sign_in']) {
        await fetch(door.ready.httpUrl + path, { redirect: 'manual', headers: { accept: 'text/html' } })
      }
      await page.waitForSelector('.decisions tbody tr:nth-child(3)')
      await page.locator('button[type=submit]').click()
      await page.waitForSelector('.live > section table tbody tr:nth-child(5)')
      await page.locator('button[type=submit]:enabled').waitFor()
    },
  },
  {
    name: 'tokens',
    address: '/tokens',
    act: async (page) => {
      await page.locator('textarea').fill(token)
      await page.waitForSelector('.tokens .answer')
    },
  },
]

for (const [locale, colorScheme] of [
  ['en-US', 'light'],
  ['en-US', 'dark'],
  ['ko-KR', 'light'],
  ['ko-KR', 'dark'],
] as const) {
  for (const { name, address, height = 640, act } of shots) {
    if (process.argv.length > 3 && !process.argv.slice(3).includes(name)) continue
    const { page, noted, close } = await visit(chromium.browser, started, cookies, {
      locale,
      colorScheme,
      viewport: { width: 1120, height },
    })
    await page.goto(started.origin + address)
    await page.waitForSelector(ready[name] as string)
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    )
    process.stdout.write(`${name} ${locale} ${colorScheme}: first paint after ${Math.round(paint)} ms\n`)
    await act?.(page)
    await settled(page)
    await page.evaluate(() => document.fonts.ready.then(() => undefined))
    await page.screenshot({ path: join(out, `${name}-${locale.slice(0, 2)}-${colorScheme}.png`) })
    for (const line of noted) process.stderr.write(`${name}: ${line}\n`)
    await close()
  }
}
await chromium.close()
await started.stop()
await door.stop()
rmSync(home, { recursive: true, force: true })
