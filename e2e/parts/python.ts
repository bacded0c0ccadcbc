import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { cached } from './cache.ts'

/**
 * A virtual environment with exactly these packages, made once. Returns its `python`. A virtual
 * environment knows its own path, so it is made in place.
 */
export async function ensureVenv(name: string, requirements: readonly string[]): Promise<string> {
  const digest = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 8)
  const folder = await cached(`venv-${name}-${digest}`, (place) => {
    execFileSync('python3', ['-m', 'venv', place], { stdio: 'inherit' })
    execFileSync(
      join(place, 'bin', 'pip'),
      ['install', '--quiet', '--disable-pip-version-check', ...requirements],
      {
        stdio: 'inherit',
      },
    )
  })
  return join(folder, 'bin', 'python')
}
