import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cached } from '../../e2e/parts/cache.ts'

/** npm packages at exact versions, in a folder of the cache: peers are nobody's dependencies. */
export async function npmPeers(
  name: string,
  versions: Readonly<Record<string, string>>,
): Promise<NodeJS.Require> {
  const manifest = JSON.stringify({ name: `kfdoor-bench-${name}`, private: true, dependencies: versions })
  const digest = createHash('sha256').update(manifest).digest('hex').slice(0, 8)
  const folder = await cached(`bench-npm-${name}-${digest}`, (place) => {
    writeFileSync(join(place, 'package.json'), manifest)
    // npm's own Node: the one on the PATH that came with it.
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    })
  })
  return createRequire(join(folder, 'package.json'))
}
