import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { Fault } from '../base/index.ts'

/** What a certificate speaks for: DNS names in lower case (`*.example.com` too) and addresses. */
export interface DoorNames {
  readonly dns: readonly string[]
  readonly ips: readonly string[]
  /** SPIFFE IDs of workloads; undefined = none. */
  readonly uris?: readonly string[]
}

/** Trust domain, then path segments, as the SPIFFE ID standard writes them: no query, no dots alone. */
const spiffeId = /^spiffe:\/\/[a-z0-9._-]{1,255}((?:\/[a-zA-Z0-9._-]+)+)$/

function isSpiffeId(text: string): boolean {
  const [, path] = spiffeId.exec(text) ?? []
  return (
    path !== undefined &&
    text.length <= 2048 &&
    !path.split('/').some((part) => part === '.' || part === '..')
  )
}

const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/

/**
 * Sorts names and addresses, as people write them, into what a certificate holds: lower case, ASCII
 * (IDNA), no final dot, no repetition; the order is kept. Throws `ERR_CERTIFICATE_NAME` for anything
 * that is neither a host name nor an address nor a SPIFFE ID (`spiffe://cluster.local/ns/NS/sa/NAME`).
 *
 * A wildcard needs two labels behind the star: OpenSSL, Node and Chromium all refuse `*.localhost`.
 */
export function doorNames(written: readonly string[]): DoorNames {
  const dns = new Set<string>()
  const ips = new Set<string>()
  const uris = new Set<string>()
  for (const text of written) {
    if (isSpiffeId(text)) {
      uris.add(text)
      continue
    }
    const bare = text.replace(/^\[(.*)\]$/, '$1')
    // A zone (`fe80::1%eth0`) is this machine's own word for an interface; no certificate has it.
    if (isIP(bare) !== 0 && !bare.includes('%')) ips.add(canonicalIp(bare))
    else dns.add(dnsName(text))
  }
  return { dns: [...dns], ips: [...ips], ...(uris.size > 0 && { uris: [...uris] }) }
}

function dnsName(text: string): string {
  const wildcard = text.startsWith('*.')
  const host = domainToASCII((wildcard ? text.slice(2) : text).replace(/\.$/, ''))
  const labels = host.split('.')
  // The WHATWG reading stops at a slash and takes escapes; a name has neither.
  const sound = !/[\s/\\?#@:%]/.test(text) && host.length <= 253 && labels.every((each) => label.test(each))
  if (!sound || (wildcard && labels.length < 2) || isIP(host) !== 0) {
    throw new Fault('ERR_CERTIFICATE_NAME', { name: text })
  }
  return wildcard ? `*.${host}` : host
}

/** The one spelling of an address: `0:0:0:0:0:0:0:1` is `::1`. */
function canonicalIp(text: string): string {
  return isIP(text) === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text
}

/** The address as it stands in a certificate: 4 or 16 octets (RFC 5280 §4.2.1.6). */
export function ipOctets(text: string): Uint8Array {
  if (isIP(text) === 4) return Uint8Array.from(text.split('.'), Number)
  const [head = '', tail] = canonicalIp(text).split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const [front, back] = [groups(head), groups(tail)]
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0')
  return Uint8Array.from(
    [...front, ...zeros, ...back].flatMap((group) => {
      const number = Number.parseInt(group, 16)
      return [number >> 8, number & 0xff]
    }),
  )
}

export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.')
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2)
    groups.push((((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)).toString(16))
  return canonicalIp(groups.join(':'))
}

/**
 * The subtrees a root for these names is limited to. A name stands for itself and everything below
 * it (RFC 5280 §4.2.1.10), so `*.a.example.com` needs `a.example.com`, and what lies below another
 * name of the list needs no row of its own.
 */
export function constraintsFor(names: DoorNames): DoorNames {
  const bases = [...new Set(names.dns.map((name) => name.replace(/^\*\./, '')))]
  return { dns: bases.filter((name) => !bases.some((other) => name.endsWith(`.${other}`))), ips: names.ips }
}

/** The names a root with these constraints may not sign for. */
export function outside(names: DoorNames, permitted: DoorNames): readonly string[] {
  const inside = (name: string) => permitted.dns.some((base) => isBelow(name, base))
  return [
    ...names.dns.filter((name) => !inside(name)),
    ...names.ips.filter((ip) => !permitted.ips.includes(ip)),
  ]
}

/** Whether a name, or what its star stands for, is `base` or lies below it. */
export function isBelow(name: string, base: string): boolean {
  const host = name.replace(/^\*\./, '')
  return host === base || host.endsWith(`.${base}`)
}
