/** Sets of small numbers, a bit each: callers, by their place in the list of callers. */
export type Bits = Uint32Array

export function noBits(size: number): Bits {
  return new Uint32Array((size + 31) >>> 5)
}

export function bitsOf(size: number, members: Iterable<number>): Bits {
  const bits = noBits(size)
  for (const member of members) addBit(bits, member)
  return bits
}

export function addBit(bits: Bits, member: number): void {
  bits[member >>> 5] = (bits[member >>> 5] ?? 0) | (1 << (member & 31))
}

export function hasBit(bits: Bits, member: number): boolean {
  return ((bits[member >>> 5] ?? 0) & (1 << (member & 31))) !== 0
}

/** Adds all of `others`. */
export function addBits(bits: Bits, others: Bits): void {
  for (let at = 0; at < bits.length; at++) bits[at] = (bits[at] ?? 0) | (others[at] ?? 0)
}

export function both(one: Bits, other: Bits): Bits {
  const bits = new Uint32Array(one.length)
  for (let at = 0; at < bits.length; at++) bits[at] = (one[at] ?? 0) & (other[at] ?? 0)
  return bits
}

export function without(one: Bits, other: Bits): Bits {
  const bits = new Uint32Array(one.length)
  for (let at = 0; at < bits.length; at++) bits[at] = (one[at] ?? 0) & ~(other[at] ?? 0)
  return bits
}

export function isEmpty(bits: Bits): boolean {
  for (let at = 0; at < bits.length; at++) if (bits[at] !== 0) return false
  return true
}

export function countBits(bits: Bits): number {
  let count = 0
  for (let word of bits) for (; word !== 0; word = (word & (word - 1)) >>> 0) count++
  return count
}

/** -1 = empty. */
export function firstBit(bits: Bits): number {
  for (let at = 0; at < bits.length; at++) {
    const word = bits[at] ?? 0
    if (word !== 0) return at * 32 + 31 - Math.clz32(word & -word)
  }
  return -1
}

/** In order. */
export function membersOf(bits: Bits): number[] {
  const members: number[] = []
  for (let at = 0; at < bits.length; at++) {
    for (let word = bits[at] ?? 0; word !== 0; word = (word & (word - 1)) >>> 0) {
      members.push(at * 32 + 31 - Math.clz32(word & -word))
    }
  }
  return members
}
