/**
 * What our reader calls an error, against what istiod's admission webhook refuses, on objects that were
 * spoilt at random. The CRD's own schema is not applied, as in the recorded verdicts.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { parseMesh } from '../src/mesh/index.ts'
import { type Istiod, startIstiod } from './istiod/ask-istiod.ts'
import { brokenObject } from './istiod/broken-objects.ts'
import { ensureOracle } from './istiod/build-oracle.ts'

const seed = Number(process.env.KFDOOR_SEED ?? Math.trunc(Math.random() * 2 ** 31))
const objects = Number(process.env.KFDOOR_OBJECTS ?? 20_000)

let istiod: Istiod
before(async () => {
  istiod = startIstiod(await ensureOracle())
})
after(() => istiod?.close())

test('the reader refuses what istiod refuses, on spoilt objects', { timeout: 1_800_000 }, async (context) => {
  context.diagnostic(
    `seed ${seed}: KFDOOR_SEED=${seed} npm run test:peers -- conformance/istiod-validation.peer.test.ts`,
  )
  const made = fc.sample(brokenObject, { seed, numRuns: objects })
  const verdicts = await istiod.validate(made)
  const wrong: string[] = []
  let refused = 0
  for (const [index, text] of made.entries()) {
    const { valid, message = '' } = verdicts[index] as { valid: boolean; message?: string }
    if (!valid) refused++
    const { problems } = parseMesh([{ file: 'object.json', text }])
    const errors = problems.filter(({ severity }) => severity === 'error')
    if ((errors.length === 0) !== valid) {
      wrong.push(
        `${text}\n  istiod: ${valid ? 'takes it' : message}\n  reader: ${errors[0]?.message ?? 'takes it'}`,
      )
    }
  }
  context.diagnostic(
    `${made.length - wrong.length} of ${made.length} verdicts agree, ${refused} are refusals`,
  )
  const shown = wrong.sort((a, b) => a.length - b.length).slice(0, 10)
  assert.equal(wrong.length, 0, `${wrong.length} differ, the shortest\n${shown.join('\n')}`)
})
