/**
 * Whether the attacks would tell: a build that lacks one defence has to let attacks of its class
 * through, and say which.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildWithout, defences } from './defences.ts'

for (const defence of defences)
  test(`without ${defence.name}, attacks of ${defence.classes.join(', ')} get through`, () => {
    const build = buildWithout(defence)
    try {
      const only = [...defence.classes, 'control'].flatMap((one) => ['--only', one])
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [join(build.dir, 'e2e/attacks/main.ts'), '-o', 'json', ...only],
        { encoding: 'utf8', timeout: 120_000 },
      )
      const result = JSON.parse(stdout || '{}') as {
        through?: string[]
        controls?: { n: number; ok: number }
      }
      assert.ok(
        result.through && result.through.length > 0,
        `nothing got through: ${stdout}${stderr.slice(-2000)}`,
      )
      assert.equal(result.controls?.ok, result.controls?.n, 'honest requests still succeed')
    } finally {
      build.remove()
    }
  })
