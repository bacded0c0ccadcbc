import { elements } from './der.ts'
import { readName } from './distinguished-name.ts'
import { ipText } from './names.ts'

/** Subtrees of nameConstraints; an address range is its base and its mask, in octets. */
export interface Subtrees {
  readonly dns: readonly string[]
  readonly ips: readonly { readonly base: Uint8Array; readonly mask: Uint8Array }[]
  readonly mails: readonly string[]
  readonly uris: readonly string[]
  /** Folded RDNs. */
  readonly directories: readonly (readonly string[])[]
}

export interface Constraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
  readonly critical: boolean
  /** It speaks of kinds of names that are not compared here (registered IDs, other names). */
  readonly others: boolean
  /** What parsers that take nothing but the standard's words stop at. */
  readonly malformed: boolean
}

interface Growing {
  readonly dns: string[]
  readonly ips: Subtrees['ips'][number][]
  readonly mails: string[]
  readonly uris: string[]
  readonly directories: (readonly string[])[]
}
const none = (): Growing => ({ dns: [], ips: [], mails: [], uris: [], directories: [] })

/** The whole of a nameConstraints extension's value (RFC 5280 §4.2.1.10). Throws a RangeError on damage. */
export function readAllConstraints(value: Uint8Array, critical: boolean): Constraints {
  const lists = { permitted: none(), excluded: none() }
  const odd = { others: false, malformed: false }
  for (const { content } of elements(value)) {
    const trees = [...elements(content)]
    if (trees.length === 0) odd.malformed = true
    for (const list of trees) {
      const into = list.tag === 0xa0 ? lists.permitted : lists.excluded
      for (const subtree of elements(list.content)) {
        const [base] = elements(subtree.content)
        if (base !== undefined) take(base.tag, base.content, into, odd)
      }
    }
  }
  return { ...lists, critical, ...odd }
}

function take(
  tag: number,
  content: Uint8Array,
  into: Growing,
  odd: { others: boolean; malformed: boolean },
): void {
  const text = Buffer.from(content).toString('latin1')
  switch (tag) {
    case 0x81:
      into.mails.push(text)
      return
    case 0x82:
      into.dns.push(text.toLowerCase())
      return
    case 0x86:
      into.uris.push(text.toLowerCase())
      return
    case 0x87: {
      const half = content.length / 2
      if (half !== 4 && half !== 16) {
        odd.malformed = true
        return
      }
      const [base, mask] = [content.subarray(0, half), content.subarray(half)]
      if (!isPrefixMask(mask)) odd.malformed = true
      into.ips.push({ base, mask })
      return
    }
    case 0xa4:
      into.directories.push(readName(content).folded)
      return
    default:
      odd.others = true
  }
}

const isPrefixMask = (mask: Uint8Array) =>
  /^1*0*$/.test([...mask].map((octet) => octet.toString(2).padStart(8, '0')).join(''))

/** Whether `name` is `base` or lies below it; a base with a leading dot (not standard, but met) means only below. */
export function liesUnder(name: string, base: string): boolean {
  if (base === '') return true
  const host = name.toLowerCase()
  return base.startsWith('.') ? host.endsWith(base) : host === base || host.endsWith(`.${base}`)
}

export function liesIn(octets: Uint8Array, { base, mask }: Subtrees['ips'][number]): boolean {
  return (
    octets.length === base.length &&
    octets.every((octet, at) => (octet & (mask[at] ?? 0)) === ((base[at] ?? 0) & (mask[at] ?? 0)))
  )
}

/** `10.0.0.0/8`-like text of a range, for people. */
export function rangeText({ base, mask }: Subtrees['ips'][number]): string {
  const bits = [...mask].reduce((sum, octet) => sum + octet.toString(2).replaceAll('0', '').length, 0)
  return bits === base.length * 8 ? ipText(base) : `${ipText(base)}/${bits}`
}
