import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from '../../e2e/parts/cache.ts'

const module = fileURLToPath(new URL('./oracle/', import.meta.url))

/**
 * Istio's discovery server as a program that answers questions, built once from the Go module beside
 * this file. Needs Go 1.26 and its module proxy; minutes the first time, nothing after that.
 * `KFDOOR_ISTIOD` names one that is built already.
 */
export async function ensureOracle(): Promise<string> {
  const given = process.env.KFDOOR_ISTIOD
  if (given) return given
  const digest = createHash('sha256')
  for (const name of globSync('*', { cwd: module }).sort()) digest.update(readFileSync(join(module, name)))
  const folder = await cached(`istiod-${digest.digest('hex').slice(0, 8)}`, (place) => {
    const source = mkdtempSync(join(tmpdir(), 'kfdoor-istiod-'))
    cpSync(module, source, { recursive: true })
    process.stderr.write('building istiod; minutes the first time\n')
    try {
      execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(place, 'oracle'), '.'], {
        cwd: source,
        stdio: 'inherit',
        env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      })
    } finally {
      rmSync(source, { recursive: true, force: true })
    }
  })
  return join(folder, 'oracle')
}
