/**
 * Which room may know which. An import that points outward, or past another room's index.ts, fails
 * here with the file that has it.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../src/', import.meta.url))

const layers: Readonly<Record<string, readonly string[]>> = {
  pure: ['base', 'mesh', 'policy', 'envoy-config', 'regions', 'lint', 'planner', 'doctor'],
  crypto: ['identity', 'pki'],
  wire: ['http1'],
  adapters: ['kube', 'probe', 'issuer', 'behind', 'sign-in', 'authz', 'gateway', 'client'],
  shells: ['compose', 'cli', 'console'],
}
const order = Object.keys(layers)

const layerOf = (room: string) => order.findIndex((layer) => layers[layer]?.includes(room))

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const found: Import[] = []
  for (const [, , target] of text.matchAll(/(from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    found.push({ from: file, to: relative(src, join(src, dirname(file), target as string)) })
  }
  return found
}

const files = globSync('**/*.{ts,tsx}', { cwd: src })
/** Tests stand outside the rooms: they may use the tools, and several rooms at once. */
const imports = files.filter((file) => !file.endsWith('.test.ts')).flatMap(importsOf)
const roomOf = (path: string) => path.split(sep)[0] as string

test('every room has a layer', () => {
  const strangers = [...new Set(files.map(roomOf))].filter((room) => layerOf(room) < 0)
  assert.deepEqual(strangers, [])
})

test('imports point inward, and adapters do not know one another', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [mine, theirs] = [roomOf(from), roomOf(to)]
    if (mine === theirs) return false
    const [inner, outer] = [layerOf(theirs), layerOf(mine)]
    return inner > outer || (inner === outer && layers.adapters?.includes(mine))
  })
  assert.deepEqual(wrong, [])
})

test('a room is entered by its index.ts', () => {
  const wrong = imports.filter(({ from, to }) => {
    if (roomOf(from) === roomOf(to)) return false
    // `behind` is a street of rooms, and the command line loads single commands.
    const door = to.split(sep)
    return !(door.at(-1) === 'index.ts' && (door.length === 2 || (door[0] === 'behind' && door.length === 3)))
  })
  const shells = new Set(layers.shells)
  assert.deepEqual(
    wrong.filter(({ to }) => !shells.has(roomOf(to))),
    [],
  )
})

test('pure rooms import no Node module', () => {
  const pure = files.filter((file) => layers.pure?.includes(roomOf(file)) && !file.endsWith('.test.ts'))
  const wrong = pure.filter((file) => /from 'node:/.test(readFileSync(join(src, file), 'utf8')))
  assert.deepEqual(wrong, [])
})
