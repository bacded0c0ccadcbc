import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { debian } from './debian.ts'

/** ms a page is waited for: CI's machine is slow, and waiting is no failure. */
export const patience = 300_000

/** A browser that trusts one more authority: its own store holds it, as a person would import it. */
export interface TrustingBrowser {
  readonly browser: Browser
  close(): Promise<void>
}

/**
 * Debian's Chromium with a home of its own; what `caFiles` hold is imported into its NSS store, as far
 * as NSS takes it: there is no Ed25519 in it.
 */
export async function startChromium(
  caFiles: string | readonly string[] | null,
  switches: readonly string[] = [],
  /** Somebody else's home, which is left where it is. */
  homeOf?: string,
): Promise<TrustingBrowser> {
  const program = await debian(['chromium'], 'usr/bin/chromium')
  const nss = await debian(['libnss3-tools'], 'usr/bin/certutil')
  const home = homeOf ?? mkdtempSync(join(tmpdir(), 'kfdoor-chromium-'))
  const wanted = typeof caFiles === 'string' ? [caFiles] : (caFiles ?? [])
  if (wanted.length > 0) {
    const store = join(home, '.pki', 'nssdb')
    mkdirSync(store, { recursive: true })
    const certutil = (...args: readonly string[]) =>
      execFileSync(join(nss.root, 'usr/bin/certutil'), ['-d', `sql:${store}`, ...args], { env: nss.env })
    certutil('-N', '--empty-password')
    for (const [index, file] of wanted.entries()) {
      try {
        // C: trusted to sign certificates of servers.
        certutil('-A', '-n', `door ${index}`, '-t', 'C,,', '-i', file)
      } catch (error) {
        if (wanted.length === 1) throw error
      }
    }
  }
  const browser = await chromium.launch({
    executablePath: join(program.root, 'usr/lib/chromium/chromium'),
    // The sandbox refuses to run as root, and an unpacked one has no set-uid helper.
    args: [...(process.getuid?.() === 0 || program.root !== '/' ? ['--no-sandbox'] : []), ...switches],
    env: { ...(program.env as Record<string, string>), HOME: home, XDG_DATA_HOME: join(home, 'data') },
  })
  return {
    browser,
    close: async () => {
      await browser.close()
      if (homeOf === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}
