/**
 * The words Istio's validator accepts as names, hosts, addresses and labels
 * (istio pkg/config/validation/agent/validation.go, pkg/config/labels). Each function answers
 * `undefined`, or what is wrong as the end of a sentence.
 */
import type { Labels } from './model.ts'

export type Complaint = string | undefined

const label = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/
const wildcardLabel = /^(?:\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/

/** A DNS label as RFC 1123 has it; Istio takes upper case too. */
export function isLabel(text: string): boolean {
  return text.length <= 63 && label.test(text)
}

/** A domain name without wildcards; a single label and a trailing dot are fine. */
function checkDomain(domain: string): Complaint {
  return checkLength(domain) ?? checkLabels(domain, domain)
}

/** A domain name whose first label may be `*`, `*-a` or `*a`. */
export function checkWildcardDomain(domain: string): Complaint {
  const wrong = checkLength(domain)
  if (wrong) return wrong
  const dot = domain.indexOf('.')
  const first = dot === -1 ? domain : domain.slice(0, dot)
  if (first.length > 63 || !wildcardLabel.test(first))
    return `\`${domain}\` is no domain name: \`${first}\` is no label`
  return dot === -1 ? undefined : checkLabels(domain.slice(dot + 1), domain)
}

function checkLength(domain: string): Complaint {
  if (domain === '') return 'a domain name is empty'
  return domain.length > 255 ? `\`${domain.slice(0, 40)}…\` is longer than 255 characters` : undefined
}

function checkLabels(rest: string, domain: string): Complaint {
  const parts = rest.split('.')
  const top = parts.at(-1) ?? ''
  if (/^[-+]?[0-9]+$/.test(top)) return `\`${domain}\` is no domain name: it ends in a number`
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part === '') return undefined
    if (!isLabel(part)) return `\`${domain}\` is no domain name: \`${part}\` is no label`
  }
  return undefined
}

/** An IPv4 or IPv6 address as Go's netip.ParseAddr reads it; a zone is allowed. */
export function isAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text)
}

/** `address` or `address/bits`; in a CIDR range no zone and no leading zero in the bits. */
export function isAddressOrRange(text: string): boolean {
  const slash = text.lastIndexOf('/')
  if (slash === -1) return isAddress(text)
  const address = text.slice(0, slash)
  const bits = text.slice(slash + 1)
  if (address.includes('%') || !isAddress(address) || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return false
  return Number(bits) <= (isIpv4(address) ? 32 : 128)
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return (
    parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  )
}

function isIpv6(text: string): boolean {
  const zone = text.indexOf('%')
  if (zone === text.length - 1) return false
  let address = zone === -1 ? text : text.slice(0, zone)
  let groups = 8
  const dotted = address.lastIndexOf(':')
  if (address.includes('.')) {
    if (dotted === -1 || !isIpv4(address.slice(dotted + 1))) return false
    // The IPv4 tail stands for two groups.
    address = `${address.slice(0, dotted)}:0:0`
    if (address.startsWith('::0:0') && dotted === 1) address = '::0:0'
  }
  const gap = address.indexOf('::')
  if (gap !== address.lastIndexOf('::')) return false
  if (/:::/.test(address)) return false
  const count = (part: string): number | undefined => {
    if (part === '') return 0
    const pieces = part.split(':')
    return pieces.every((piece) => /^[0-9a-fA-F]{1,4}$/.test(piece)) ? pieces.length : undefined
  }
  if (gap === -1) return count(address) === groups
  const before = count(address.slice(0, gap))
  const after = count(address.slice(gap + 2))
  groups -= 1
  return before !== undefined && after !== undefined && before + after <= groups
}

export function checkPort(port: number): Complaint {
  return port >= 1 && port <= 65_535 ? undefined : `port ${port} is not between 1 and 65535`
}

const labelName = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const labelPrefix = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/

/** Kubernetes label keys and values. */
export function checkLabelsOf(labels: Labels): Complaint {
  for (const [key, value] of Object.entries(labels)) {
    const slash = key.indexOf('/')
    const name = slash === -1 ? key : key.slice(slash + 1)
    const good =
      name.length <= 63 && labelName.test(name) && (slash === -1 || labelPrefix.test(key.slice(0, slash)))
    if (!good) return `\`${key}\` is no label key`
    if (value !== '' && !labelName.test(value)) return `\`${value}\` is no label value`
  }
  return undefined
}

/** Names of Gateways as a VirtualService writes them; a name without `/` ends the check, as in Istio. */
export function checkGatewayNames(names: readonly string[]): Complaint {
  for (const name of names) {
    const slash = name.indexOf('/')
    if (slash === -1) return checkDomain(name)
    const namespace = name.slice(0, slash)
    if (!isLabel(namespace)) return `\`${name}\`: \`${namespace}\` is no namespace`
    if (!isLabel(name.slice(slash + 1)))
      return `\`${name}\`: \`${name.slice(slash + 1)}\` is no Gateway's name`
  }
  return undefined
}

/** `exportTo`: each entry once, `*` alone. */
export function checkExportTo(exportTo: readonly string[], namespace: string): Complaint {
  const seen = new Set<string>()
  for (const entry of exportTo) {
    const key = entry === '.' ? namespace : entry
    if (seen.has(key)) return `\`exportTo\` names \`${entry}\` twice`
    seen.add(key)
    if (entry !== '.' && entry !== '*' && entry !== '~' && !isLabel(entry)) {
      return `\`exportTo\` is a namespace, \`.\` or \`*\`, not \`${entry}\``
    }
  }
  if (seen.has('*') && exportTo.length > 1) return '`exportTo` has `*` beside other namespaces'
  return undefined
}

/** A duration istiod takes: at least 1 ms, and whole milliseconds. */
export function checkDuration(ms: number): Complaint {
  if (ms < 1) return 'a duration has to be at least 1ms'
  return Number.isInteger(Math.round(ms * 1e6) / 1e6) ? undefined : 'a duration has to be whole milliseconds'
}
