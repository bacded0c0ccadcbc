import { randomInt } from 'node:crypto'

/** Records by name: a hash table of numbers, eight bytes a record, for a Map holds each name as a text. */
export interface RecordTable {
  /** The same name may be given to several records. */
  add(hash: number, id: number): void
  remove(hash: number, id: number): void
  /** Those that may carry the name; whoever asks compares it. */
  candidates(hash: number): readonly number[]
  ids(): number[]
  readonly size: number
}

const SMALLEST = 1024

/** Open addressing with linear probing; a removal moves the ones behind it up (Knuth, TAOCP 3, §6.4, algorithm R). */
export function createRecordTable(): RecordTable {
  let hashes = new Int32Array(SMALLEST)
  /** The record's number and one; 0 = free. */
  let slots = new Int32Array(SMALLEST)
  let size = 0

  const place = (hash: number, slot: number) => {
    const mask = slots.length - 1
    let at = hash & mask
    while (slots[at] !== 0) at = (at + 1) & mask
    hashes[at] = hash
    slots[at] = slot
  }
  const resize = (length: number) => {
    const [oldHashes, oldSlots] = [hashes, slots]
    hashes = new Int32Array(length)
    slots = new Int32Array(length)
    for (let at = 0; at < oldSlots.length; at++)
      if (oldSlots[at] !== 0) place(oldHashes[at] as number, oldSlots[at] as number)
  }
  return {
    add(hash, id) {
      if (size >= slots.length * 0.7) resize(slots.length * 2)
      place(hash, id + 1)
      size++
    },
    remove(hash, id) {
      const mask = slots.length - 1
      let at = hash & mask
      while (slots[at] !== id + 1 || hashes[at] !== hash) {
        if (slots[at] === 0) return
        at = (at + 1) & mask
      }
      let gap = at
      for (let next = (at + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
        const home = (hashes[next] as number) & mask
        // It may move up unless its home lies between the gap and where it stands.
        if (((next - home) & mask) < ((next - gap) & mask)) continue
        hashes[gap] = hashes[next] as number
        slots[gap] = slots[next] as number
        gap = next
      }
      slots[gap] = 0
      size--
      if (slots.length > SMALLEST && size < slots.length * 0.15) resize(slots.length / 2)
    },
    candidates(hash) {
      const mask = slots.length - 1
      const found: number[] = []
      for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask)
        if (hashes[at] === hash) found.push((slots[at] as number) - 1)
      return found
    },
    ids() {
      const found: number[] = []
      for (const slot of slots) if (slot !== 0) found.push(slot - 1)
      return found
    },
    get size() {
      return size
    },
  }
}

/** Another one in each process, so that nobody can make up names that fall together. */
const seed = randomInt(2 ** 31)

/** 32 bits of a name's bytes (murmur3's mixing). */
export function hashOf(bytes: Uint8Array): number {
  let hash = seed
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x5bd1e995) ^ (hash >>> 15)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
