/** `-o kustomize`, rendered by the real kustomize over the door's own YAML: what `--apply` makes, object by object. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { componentOf, keyOf, objectText, type Plan } from '../src/planner/index.ts'
import type { Anything } from './change/cluster-dump.ts'
import type { TestWorld } from './change/intent-world.ts'
import { planned } from './change/planned.ts'
import { planWith } from './change/rows.ts'
import { startRenderers } from './parts/manifests.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfdoor-component-'))
let render: Awaited<ReturnType<typeof startRenderers>>

before(async () => {
  render = await startRenderers()
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('a component of', () => {
  for (const [index, [command, { world, intend }]] of Object.entries(planned).entries()) {
    test(`${command}: kustomize makes of it what apply makes`, () => {
      const door = world()
      const changes = intend(door)
      assert.ok(changes.length > 0)
      const [place, base] = [join(folder, `${index}`), join(folder, `${index}`, 'base')]
      writeAll(join(place, 'component'), componentOf(planWith('a-plan', changes, 'https://x')))
      const files = [...objectsOf(door).values()].map((each, at) => ({
        name: `${at}.yaml`,
        text: objectText(each),
      }))
      writeAll(base, [kustomization({ resources: files.map(({ name }) => name) }), ...files])
      writeAll(place, [kustomization({ resources: ['base'], components: ['component'] })])

      const wanted = objectsOf(door.after(changes))
      const made = new Map(render.kustomize(place).map((each) => [keyOf(named(each)), each]))
      assert.deepEqual([...made.keys()].sort(), [...wanted.keys()].sort())
      for (const [key, object] of wanted) assert.deepEqual(made.get(key), plain(object), key)
    })
  }
})

/** By their names; what stands later in a folder of files is what counts. */
const objectsOf = ({ door }: TestWorld) =>
  new Map(door.objects.map(({ name, object }) => [keyOf(name), object]))

const kustomization = (content: object) => ({
  name: 'kustomization.yaml',
  text: JSON.stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...content }),
})

function writeAll(place: string, files: readonly { readonly name: string; readonly text: string }[]): void {
  mkdirSync(place, { recursive: true })
  for (const { name, text } of files) writeFileSync(join(place, name), text)
}

const named = ({ apiVersion, kind, metadata }: Anything): Plan['spec']['changes'][number]['object'] => ({
  apiVersion,
  kind,
  ...metadata,
})
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
