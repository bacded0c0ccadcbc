/** Bytes of many records outside of the JavaScript heap, where a record costs its length and no object. */
export interface Slabs {
  /** Room for a record; the bytes in it are whatever was there before. */
  take(length: number): number
  /** The room of a record, which may be a little longer than what was asked for. */
  at(id: number): Buffer
  /** The record is gone; its room is another's from now on. */
  free(id: number): void
}

const SLAB = 256 * 1024
/** Records of about one length share slabs, so that the room of one that is gone fits the next. */
const STEP = 32
const MOST_IN_SLAB = SLAB / STEP

interface Slab {
  readonly bytes: Buffer
  readonly size: number
  live: number
}

export function createSlabs(): Slabs {
  const slabs: (Slab | undefined)[] = []
  /** By size: rooms that are free. */
  const free = new Map<number, number[]>()

  const open = (size: number): number[] => {
    const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB, size))
    let index = slabs.indexOf(undefined)
    if (index < 0) index = slabs.length
    slabs[index] = { bytes, size, live: 0 }
    const rooms: number[] = []
    for (let at = Math.floor(bytes.length / size) - 1; at >= 0; at--) rooms.push(index * MOST_IN_SLAB + at)
    free.set(size, rooms)
    return rooms
  }
  const slabOf = (id: number): Slab => {
    const slab = slabs[Math.floor(id / MOST_IN_SLAB)]
    if (slab === undefined) throw new RangeError('no such record')
    return slab
  }
  return {
    take(length) {
      const size = Math.ceil(length / STEP) * STEP
      let rooms = free.get(size)
      if (rooms === undefined || rooms.length === 0) rooms = open(size)
      const id = rooms.pop() as number
      slabOf(id).live++
      return id
    },
    at(id) {
      const { bytes, size } = slabOf(id)
      const from = (id % MOST_IN_SLAB) * size
      return bytes.subarray(from, from + size)
    },
    free(id) {
      const slab = slabOf(id)
      const rooms = free.get(slab.size) ?? []
      if (--slab.live > 0) {
        rooms.push(id)
        return
      }
      const index = Math.floor(id / MOST_IN_SLAB)
      slabs[index] = undefined
      free.set(
        slab.size,
        rooms.filter((room) => Math.floor(room / MOST_IN_SLAB) !== index),
      )
    },
  }
}
