/** `npm run tour` must hold: every report, every step. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { stages } from '../tools/tour/stages.ts'
import { walkAll } from '../tools/tour/walk.ts'

for (const stage of stages) {
  test(`report ${stage.number}: ${stage.title}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-tour-'))
    try {
      let done = 0
      for await (const seen of walkAll({ folder, kfp: undefined, only: [stage.number] })) {
        if (seen.kind === 'failed') assert.fail(seen.message)
        if (seen.kind === 'step') done++
      }
      assert.equal(done, stage.steps.length)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
