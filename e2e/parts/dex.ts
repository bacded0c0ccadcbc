import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureGoProgram } from './go-program.ts'
import { freePort, startNeighbour } from './process.ts'

/** What `dex serve` reads, as far as `e2e/parts/dex/main.go` does; where it listens and stores is set here. */
export type DexConfig = Readonly<Record<string, unknown>>

export interface Dex {
  readonly port: number
  /** The last of what it logged. */
  log(): string
  close(): Promise<void>
}

/** bcrypt of Kubeflow's published password, `12341234`. */
export const PUBLISHED_HASH = '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72'

/** A real Dex on loopback; `KFDOOR_DEX` names another one's binary, `dex serve` of any version. */
export async function startDex(config: DexConfig & { readonly issuer: string }, port?: number): Promise<Dex> {
  const own = process.env.KFDOOR_DEX
  const binary = own ?? (await ensureGoProgram('dex'))
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-dex-'))
  const at = port ?? (await freePort())
  const file = join(folder, 'dex.json')
  // JSON is YAML too, and Dex's web files lie beside its sources.
  const whole = {
    ...config,
    storage: { type: 'memory' },
    web: { http: `127.0.0.1:${at}` },
    ...(process.env.KFDOOR_DEX_WEB && { frontend: { dir: process.env.KFDOOR_DEX_WEB } }),
  }
  writeFileSync(file, JSON.stringify(whole), { mode: 0o600 })
  const base = new URL(config.issuer).pathname.replace(/\/$/, '')
  const neighbour = await startNeighbour(binary, ['serve', file], {
    ready: async () =>
      (await fetch(`http://127.0.0.1:${at}${base}/.well-known/openid-configuration`)).status === 200,
  })
  return {
    port: at,
    log: neighbour.output,
    async close() {
      await neighbour.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
