import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecordTable } from './record-table.ts'
import { bytesOf, packRecord, readRecord, textOf } from './session-record.ts'
import { createSlabs } from './slabs.ts'

/** The same numbers in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

test('a table knows what a Map of sets knows, whatever comes and goes', () => {
  const next = numbers(7)
  const table = createRecordTable()
  const model = new Map<number, Set<number>>()
  let size = 0
  for (let step = 0; step < 60_000; step++) {
    // Few hashes, and many of them next to each other, so that runs grow, wrap around and break.
    const hash = next(2) === 0 ? next(900) - 30 : (next(8) << 24) | next(64)
    const id = next(4)
    const has = model.get(hash) ?? new Set()
    model.set(hash, has)
    const grows = step % 20_000 < 12_000 ? next(3) > 0 : next(3) === 0
    if (grows && !has.has(id)) {
      table.add(hash, id)
      has.add(id)
      size++
    } else if (!grows) {
      table.remove(hash, id)
      if (has.delete(id)) size--
    }
    assert.deepEqual([...table.candidates(hash)].sort(), [...has].sort())
    assert.equal(table.size, size)
  }
  for (const [hash, has] of model) assert.deepEqual([...table.candidates(hash)].sort(), [...has].sort())
  assert.equal(table.ids().length, size)
})

test('rooms are used again and never by two', () => {
  const next = numbers(11)
  const slabs = createSlabs()
  const kept = new Map<number, { readonly length: number; readonly fill: number }>()
  const check = (id: number) => {
    const { length, fill } = kept.get(id) ?? { length: 0, fill: 0 }
    assert.ok(slabs.at(id).length >= length)
    assert.ok(
      slabs
        .at(id)
        .subarray(0, length)
        .every((byte) => byte === fill),
    )
  }
  for (let step = 0; step < 4000; step++) {
    if (next(step % 2000 < 1200 ? 3 : 8) > 0 && step % 2000 < 1200) {
      const length = next(50) === 0 ? 300_000 + next(10_000) : 1 + next(2000)
      const id = slabs.take(length)
      assert.equal(kept.has(id), false)
      const fill = next(256)
      slabs.at(id).fill(fill, 0, length)
      kept.set(id, { length, fill })
    } else {
      const [id] = [...kept.keys()].slice(next(Math.max(1, kept.size)))
      if (id === undefined) continue
      check(id)
      slabs.free(id)
      kept.delete(id)
    }
  }
  for (const id of kept.keys()) check(id)
})

test('a record says what was written, in a room that is longer too', () => {
  const digest = Buffer.alloc(32, 0xfb).toString('base64url')
  const texts = [
    digest,
    'subject',
    '',
    `${digest}x`,
    'a'.repeat(31),
    `=${'a'.repeat(31)}`,
    `~${'a'.repeat(31)}`,
    'ü'.repeat(40),
  ]
  const packed = packRecord({
    key: bytesOf(digest),
    names: texts.map(bytesOf),
    createdAt: 1_800_000_000_000,
    expiresAt: 1_800_000_000_001,
    sealed: Buffer.from('sealed'),
  })
  const read = readRecord(Buffer.concat([packed, Buffer.alloc(50, 0xff)]))
  assert.equal(textOf(read.key), digest)
  assert.deepEqual(read.names.map(textOf), texts)
  assert.deepEqual(
    [read.createdAt, read.expiresAt, `${read.sealed}`],
    [1_800_000_000_000, 1_800_000_000_001, 'sealed'],
  )
  assert.equal(new Set(texts.map((text) => bytesOf(text).toString('hex'))).size, texts.length)
})
