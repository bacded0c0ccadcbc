import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../../e2e/parts/cache.ts'

/** A Go program of this folder, built once for its sources. @throws where Go is missing or does not build it. */
export async function goProgram(name: string, source: string): Promise<string> {
  const hash = createHash('sha256')
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)))
  const folder = await cached(`bench-go-${name}-${hash.digest('hex').slice(0, 8)}`, (place) => {
    execFileSync('go', ['build', '-buildvcs=false', '-o', join(place, name), '.'], {
      cwd: source,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  })
  return join(folder, name)
}
