/** An address range as Envoy's CidrRange: IPv4 and IPv6 never match one another. */
export interface Cidr {
  readonly bits: 32 | 128
  readonly base: bigint
  readonly prefix: number
}

export interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/**
 * `10.0.0.0/8`, `10.1.2.3`, `2001:db8::/32`; undefined when Go's netip would refuse it, as in
 * Istio's `util.AddrStrToCidrRange`.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  // netip takes the zone of a single address, and the range leaves it out.
  const single = /^[^/%]*:[^/%]*%./.test(text) ? text.slice(0, text.indexOf('%')) : text
  const address = parseAddress(slash === -1 ? single : text.slice(0, slash))
  if (address === undefined) return undefined
  let prefix: number = address.bits
  if (slash !== -1) {
    const digits = text.slice(slash + 1)
    if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > address.bits) return undefined
    prefix = Number(digits)
  }
  const shift = BigInt(address.bits - prefix)
  return { bits: address.bits, base: (address.value >> shift) << shift, prefix }
}

export function inCidr(cidr: Cidr, address: Address | undefined): boolean {
  if (address === undefined || address.bits !== cidr.bits) return false
  const shift = BigInt(cidr.bits - cidr.prefix)
  return address.value >> shift === cidr.base >> shift
}

export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) return parseV6(text)
  const value = parseV4(text)
  return value === undefined ? undefined : { bits: 32, value: BigInt(value) }
}

function parseV4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return value
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half, index) => v6Groups(half, index === halves.length - 1))
  const [head, tail] = groups
  if (head === undefined || (groups.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]
  return { bits: 128, value: all.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) }
}

/** Colon-separated groups; the last may be a dotted IPv4 address. */
function v6Groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (v4 === undefined) return undefined
      groups.push(Math.floor(v4 / 65536), v4 % 65536)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
    } else {
      return undefined
    }
  }
  return groups
}
