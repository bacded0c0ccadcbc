import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureGoProgram } from './go-program.ts'
import { freePort, startNeighbour } from './process.ts'

export interface OAuth2Proxy {
  readonly port: number
  readonly url: string
  log(): string
  close(): Promise<void>
}

/** A real oauth2-proxy on loopback with this configuration file and environment. */
export async function startOAuth2Proxy(
  config: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<OAuth2Proxy> {
  const binary =
    process.env.KFDOOR_OAUTH2_PROXY ??
    (await ensureGoProgram('oauth2-proxy', 'github.com/oauth2-proxy/oauth2-proxy/v7'))
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-oauth2-proxy-'))
  const file = join(folder, 'oauth2_proxy.cfg')
  const logo = join(folder, 'logo.svg')
  writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg"/>')
  const here = config.replace(/^custom_sign_in_logo = .*$/m, `custom_sign_in_logo = "${logo}"`)
  writeFileSync(file, here, { mode: 0o600 })
  const port = await freePort()
  const neighbour = await startNeighbour(
    binary,
    [`--http-address=127.0.0.1:${port}`, `--config=${file}`, ...args],
    {
      env: { PATH: process.env.PATH, ...env },
      ready: async () => (await fetch(`http://127.0.0.1:${port}/ping`)).ok,
    },
  )
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    log: neighbour.output,
    async close() {
      await neighbour.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
