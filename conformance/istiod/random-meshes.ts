/** Random meshes put to the real istiod: what its proxies are pushed, and whether the engine says the same. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Mesh, parseMesh } from '../../src/mesh/index.ts'
import type { ProxyIdentity } from '../../src/policy/index.ts'
import { type Pushed, startIstiod } from './ask-istiod.ts'
import { ensureOracle } from './build-oracle.ts'

/** Each has a name of its own and is older than the next; nine at most. */
export const byAge = <T extends { readonly metadata: object }>(objects: readonly T[]) =>
  objects.map((object, index) => ({
    ...object,
    metadata: {
      ...object.metadata,
      name: `o${index}`,
      creationTimestamp: `2026-01-0${index + 1}T00:00:00Z`,
    },
  }))

export interface Comparison {
  /** What istiod has it come to, for the count. */
  readonly kind: string
  readonly want: string
  readonly got: string
  readonly about: string
}

/**
 * Meshes the engine finds an error in are left out.
 *
 * @returns how many comparisons there were of each kind
 */
export async function agreeOnMeshes(
  context: TestContext,
  meshes: readonly (readonly object[])[],
  proxies: readonly ProxyIdentity[],
  compare: (mesh: Mesh, pushed: readonly Pushed[]) => Iterable<Comparison>,
): Promise<ReadonlyMap<string, number>> {
  const istiod = startIstiod(await ensureOracle())
  context.after(() => istiod.close())
  const told = new Map<string, number>()
  const wrong: string[] = []
  for (const objects of meshes) {
    const text = objects.map((each) => JSON.stringify(each)).join('\n---\n')
    const { mesh, problems } = parseMesh([{ file: 'mesh.yaml', text }])
    if (problems.some(({ severity }) => severity === 'error')) continue
    const pushed = await istiod.push(text, proxies, {})
    assert.ok(typeof pushed !== 'string', String(pushed))
    for (const { kind, want, got, about } of compare(mesh, pushed)) {
      told.set(kind, (told.get(kind) ?? 0) + 1)
      if (got !== want) wrong.push(`${about}: ${got}, istiod ${want}\n${text}`)
    }
  }
  context.diagnostic([...told].map(([what, count]) => `${what}: ${count}`).join(', '))
  const shown = wrong.sort((a, b) => a.length - b.length).slice(0, 5)
  assert.equal(wrong.length, 0, `${wrong.length} differ, the shortest\n${shown.join('\n')}`)
  return told
}
