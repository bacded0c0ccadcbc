import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.ts'

/**
 * A program of the Go module in `e2e/parts/FOLDER`, built once for what stands there; resolves its path.
 *
 * @param of the package to build: the module's own, or one it requires
 */
export async function ensureGoProgram(folder: string, of = '.'): Promise<string> {
  const module = fileURLToPath(new URL(`./${folder}/`, import.meta.url))
  const digest = createHash('sha256')
  for (const name of readdirSync(module).sort()) digest.update(name).update(readFileSync(join(module, name)))
  const place = await cached(`${folder}-${digest.digest('hex').slice(0, 8)}`, (to) => {
    const source = mkdtempSync(join(tmpdir(), `kfdoor-${folder}-`))
    cpSync(module, source, { recursive: true })
    process.stderr.write(`building ${folder}; minutes the first time\n`)
    try {
      execFileSync('go', ['build', '-ldflags=-s -w', '-o', join(to, folder), of], {
        cwd: source,
        stdio: 'inherit',
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      })
    } finally {
      rmSync(source, { recursive: true, force: true })
    }
  })
  return join(place, folder)
}
