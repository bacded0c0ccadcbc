/**
 * Turns one thing of the engine round at a time, and sees the recordings disagree. The sources are changed
 * as this process loads them: production code knows nothing of it.
 */
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { differences, leftOut, type Recorded } from './compare.ts'
import { type Family, openRecordings } from './families.ts'
import { mutants } from './mutants.ts'

const source = new URL('../src/', import.meta.url).href
const recordings = openRecordings(Date.now() / 1000)

/** `…/rule.ts?mutant=3` is the file as the third mutant has it, and so is all it imports from `src`. */
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const mutant = /\?mutant=\d+$/.exec(context.parentURL ?? '')?.[0]
    const ours = found.url.startsWith(source) && !found.url.includes('?')
    return mutant !== undefined && ours ? { ...found, url: found.url + mutant } : found
  },
  load(url, context, next) {
    const loaded = next(url, context)
    const [file = '', number] = url.split('?mutant=')
    const mutant = number === undefined ? undefined : mutants[Number(number)]
    if (mutant === undefined || file !== source + mutant.file) return loaded
    const text =
      typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
    const parts = text.split(mutant.from)
    assert.equal(parts.length, 2, `\`${mutant.from}\` has to stand in ${mutant.file} exactly once`)
    return { ...loaded, source: parts.join(mutant.to) }
  },
})

const families = new Map<string, Family>()
function familyOf(name: string): Family | undefined {
  if (!recordings.families.includes(name)) return undefined
  let family = families.get(name)
  if (family === undefined) {
    const read = recordings.read(name)
    const texts = new Map<string, string>()
    family = {
      ...read,
      config(file) {
        const known = texts.get(file) ?? read.config(file)
        texts.set(file, known)
        return known
      },
    }
    families.set(name, family)
  }
  return family
}

/** The first recorded decision that the mutant gets wrong. */
async function caught(number: number): Promise<string | undefined> {
  const contestant = pathToFileURL(fileURLToPath(new URL('contestants/engine.ts', import.meta.url))).href
  const { engine } = (await import(
    `${contestant}?mutant=${number}`
  )) as typeof import('./contestants/engine.ts')
  const [mutant] = mutants.slice(number, number + 1)
  for (const name of mutant?.families ?? []) {
    const family = familyOf(name)
    if (family === undefined) continue
    const { decide } = engine(family.config, recordings.around)
    const wrong = family.cases.find(
      (recorded) => leftOut(recorded) === undefined && disagrees(recorded, decide),
    )
    if (wrong !== undefined) return wrong.id
  }
  return undefined
}

/** A mutant that falls over is caught too. */
function disagrees(
  recorded: Recorded,
  decide: ReturnType<typeof import('./contestants/engine.ts').engine>['decide'],
) {
  try {
    return differences(recorded, decide(recorded)).length > 0
  } catch {
    return true
  }
}

for (const [number, { name, families: where }] of mutants.entries()) {
  const known = where.filter((family) => recordings.families.includes(family))
  if (known.length === 0) {
    test(`${name} (left out: no shared folder beside the checkout)`, { skip: true }, () => {})
    continue
  }
  test(`it is noticed that ${name}`, async (context) => {
    const id = await caught(number)
    assert.ok(id !== undefined, `no recorded decision of ${known.join(', ')} tells`)
    context.diagnostic(id)
  })
}
