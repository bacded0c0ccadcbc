import { elements } from './der.ts'
import { ipText } from './names.ts'

/** Subtrees of nameConstraints; an address range is its base and its mask, in octets. */
export interface Subtrees {
  readonly dns: readonly string[]
  readonly ips: readonly { readonly base: Uint8Array; readonly mask: Uint8Array }[]
}

export interface Constraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
  /** It speaks of other kinds of names too (directory names, mail, URIs), which are not compared here. */
  readonly others: boolean
}

/** The whole of a nameConstraints extension's value (RFC 5280 §4.2.1.10). Throws a RangeError on damage. */
export function readAllConstraints(value: Uint8Array): Constraints {
  const lists = {
    permitted: { dns: [] as string[], ips: [] as Subtrees['ips'][number][] },
    excluded: { dns: [] as string[], ips: [] as Subtrees['ips'][number][] },
  }
  let others = false
  for (const { content } of elements(value)) {
    for (const list of elements(content)) {
      const into = list.tag === 0xa0 ? lists.permitted : lists.excluded
      for (const subtree of elements(list.content)) {
        const [base] = elements(subtree.content)
        if (base === undefined) continue
        const half = base.content.length / 2
        if (base.tag === 0x82) into.dns.push(Buffer.from(base.content).toString('latin1').toLowerCase())
        else if (base.tag === 0x87)
          into.ips.push({ base: base.content.subarray(0, half), mask: base.content.subarray(half) })
        else others = true
      }
    }
  }
  return { ...lists, others }
}

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
