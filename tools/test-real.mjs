// `npm run test:real`: the suites that need real parts. Each installs what it needs into a cache
// folder outside the tree (KFDOOR_CACHE, or the user's cache folder) and fails where it cannot.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const given = process.argv.slice(2)
const files = (
  given.length > 0 ? given : globSync('{bench,conformance,e2e,src}/**/*.real.test.ts', { cwd: root })
).sort()
const { status } = spawnSync(
  process.execPath,
  // One file at a time: two cores, and every file starts servers of its own.
  ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
