/** As much of protobuf's wire format as ext_authz needs: varints and length-delimited fields. */

/** Field number → its values in order; a varint is a number, anything else bytes. */
export type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>

export function decodeFields(bytes: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>()
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('a protobuf message ends within a number')
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    const list = fields.get(key >>> 3) ?? []
    fields.set(key >>> 3, list)
    const wire = key & 7
    if (wire === 0) {
      list.push(varint())
      continue
    }
    const length = wire === 2 ? varint() : wire === 1 ? 8 : 4
    list.push(bytes.subarray(at, at + length))
    at += length
  }
  return fields
}

export function bytesOf(fields: Fields | undefined, field: number): Buffer | undefined {
  const value = fields?.get(field)?.at(-1)
  return typeof value === 'object' ? value : undefined
}

export function textOf(fields: Fields | undefined, field: number): string {
  return bytesOf(fields, field)?.toString('utf8') ?? ''
}

export function numberOf(fields: Fields | undefined, field: number): number {
  const value = fields?.get(field)?.at(-1)
  return typeof value === 'number' ? value : 0
}

export function messageOf(fields: Fields | undefined, field: number): Fields | undefined {
  const bytes = bytesOf(fields, field)
  return bytes && decodeFields(bytes)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) | 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** One field; zero and empty text are written too, because presence can mean something. */
export function encodeField(field: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(field * 8), varint(value)])
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}
