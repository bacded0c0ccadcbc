/**
 * Doors of real parts as they were recorded (`npm run test:peers -- e2e/recorded-doors.peer.test.ts`): the walk
 * finds its way through each again, by what the pages say, and ends as it did there.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Exchange, replay } from '../src/client/testing/replay.ts'
import { recorded } from './peers/recorded.ts'
import { type Ended, type Walk, walk } from './peers/walks.ts'

interface RecordedWalk {
  readonly name: string
  readonly given: Walk
  readonly ended: Ended
  readonly exchanges: readonly Exchange[]
}

const folder = fileURLToPath(new URL('peers/recorded/doors', import.meta.url))
for (const file of readdirSync(folder).sort()) {
  const { about, walks } = recorded<{ about: string; walks: readonly RecordedWalk[] }>(
    `doors/${file.replace(/\.json\.gz$/, '')}`,
  )
  describe(about, () => {
    for (const { name, given, ended, exchanges } of walks)
      test(name, async (t) => {
        const server = await replay(exchanges)
        t.after(() => server.close())
        assert.deepEqual(await walk(server.url, given), ended)
      })
  })
}
