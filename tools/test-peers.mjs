// `npm run test:peers`: beside the very programs that kfdoor speaks to or stands in for. They are built from
// their sources, which takes minutes and is not possible everywhere, so nothing that has to pass before a change
// lands depends on it: what these programs answered is recorded and replayed in `npm test`.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const given = process.argv.slice(2)
const files = (
  given.length > 0 ? given : globSync('{conformance,e2e,src}/**/*.peer.test.ts', { cwd: root })
).sort()
const { status } = spawnSync(
  process.execPath,
  // One file at a time: every file starts servers of its own.
  ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
