import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { kfdoor } from '../door.ts'
import { patience } from '../parts/chromium.ts'

export interface StartedConsole {
  /** With its ticket, which works once. */
  readonly url: string
  readonly origin: string
  stop(): Promise<void>
}

/** `kfdoor console -o json` as a process of its own. */
export async function startConsoleProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<StartedConsole> {
  const home = mkdtempSync(join(tmpdir(), 'kfdoor-console-'))
  const child = spawn(process.execPath, [kfdoor, 'console', '--no-open', '-o', 'json', ...args], {
    env: { ...process.env, XDG_RUNTIME_DIR: home, XDG_STATE_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (part) => {
    said += String(part)
  })
  const ended = once(child, 'exit')
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => undefined)])
  if (line === undefined) throw new Error(`the console ended: ${said}`)
  const { url } = JSON.parse(String(line[0])) as { readonly url: string }
  return {
    url,
    origin: new URL(url).origin,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export interface Visitor {
  readonly page: Page
  /** Errors of the console, violations of the policy, and requests to anywhere else. */
  readonly noted: readonly string[]
  close(): Promise<void>
}

export type Cookies = Awaited<ReturnType<Awaited<ReturnType<Browser['newContext']>>['storageState']>>

/** Redeems the ticket; what it gave can be used by any number of visitors. */
export async function enter(browser: Browser, { url }: StartedConsole): Promise<Cookies> {
  const context = await browser.newContext()
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  await page.goto(url)
  if (/ticket/.test(page.url())) throw new Error('the ticket stayed in the address')
  const state = await context.storageState()
  await context.close()
  return state
}

export async function visit(
  browser: Browser,
  { origin }: StartedConsole,
  storageState: Cookies,
  options: BrowserContextOptions = {},
): Promise<Visitor> {
  const context = await browser.newContext({
    storageState,
    viewport: { width: 1360, height: 900 },
    locale: 'en-US',
    ...options,
  })
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  const slower = Number(process.env.KFDOOR_TEST_SLOWER ?? 1)
  if (slower !== 1) {
    const cdp = await context.newCDPSession(page)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower })
  }
  const noted: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content.Security.Policy|TrustedScript/i.test(message.text())) {
      noted.push(message.text())
    }
  })
  page.on('pageerror', (error) => noted.push(`${error.message}\n${error.stack ?? ''}`))
  page.on('dialog', (dialog) => {
    noted.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) noted.push(`asked ${url.origin}`)
  })
  return { page, noted, close: () => context.close() }
}

/** Waits until the page has read what was typed and answered what was asked. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('main [aria-busy=true]') === null)
}

/**
 * Sets the cursor behind a text of the YAML, as somebody at the keyboard does: by the editor's search. The
 * editor draws only the lines in sight, so a line may be in the file and not in the document.
 */
export async function putCursorBehind(page: Page, text: string): Promise<void> {
  const content = page.locator('.editor .cm-content')
  await content.focus()
  await page.keyboard.press('Control+f')
  const field = page.locator('.editor .cm-search input[name=search]')
  // The editor reads it as keys are let go.
  await field.pressSequentially(text)
  await field.press('Enter')
  await field.press('Escape')
  // The match is selected, and its line in sight.
  await page.waitForFunction(
    (wanted) =>
      document
        .querySelector('.editor')
        ?.shadowRoot?.querySelector('.cm-activeLine')
        ?.textContent?.includes(wanted),
    text,
  )
  await page.keyboard.press('ArrowRight')
}

/** What stands there when a view has answered. */
export const ready: Readonly<Record<string, string>> = {
  request: '.answer .verdict, .note.bad',
  map: '.grid .cell, .map > .note',
  change: '.change .note, .change .diff',
  findings: 'table.findings, .findings-view .note',
  live: '.live form',
  tokens: '.tokens textarea',
}
