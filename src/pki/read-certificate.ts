import type { X509Certificate } from 'node:crypto'
import { readAllConstraints } from './constraints.ts'
import { elements } from './der.ts'
import { type DoorNames, ipText } from './names.ts'

const inside = (bytes: Uint8Array, index: number): Uint8Array =>
  [...elements(bytes)][index]?.content ?? new Uint8Array()

/** id-ce-nameConstraints, 2.5.29.30. */
const NAME_CONSTRAINTS = '551d1e'

/**
 * The permitted subtrees of a certificate; undefined = it has no name constraints. Node reads
 * everything else of a certificate by itself, so this walks down to the one extension it does not.
 */
export function readConstraints(certificate: Uint8Array): DoorNames | undefined {
  const value = constraintsIn(certificate)
  return value && permittedIn(value)
}

/** Whether a certificate leaves no host name free: constraints may speak of mail addresses alone, or only leave some out. */
export function limitsHosts(certificate: Uint8Array): boolean {
  const value = constraintsIn(certificate)
  if (value === undefined) return false
  const { permitted, excluded } = readAllConstraints(value, true)
  const isAny = (base: string) => base === '' || base === '.'
  return excluded.dns.includes('') || (permitted.dns.length > 0 && !permitted.dns.some(isAny))
}

function constraintsIn(certificate: Uint8Array): Uint8Array | undefined {
  const extensions = [...elements(inside(inside(certificate, 0), 0))].find(({ tag }) => tag === 0xa3)
  if (!extensions) return undefined
  for (const extension of elements(inside(extensions.content, 0))) {
    const parts = [...elements(extension.content)]
    if (Buffer.from(parts[0]?.content ?? []).toString('hex') !== NAME_CONSTRAINTS) continue
    return parts.at(-1)?.content ?? new Uint8Array()
  }
  return undefined
}

function permittedIn(value: Uint8Array): DoorNames {
  const dns: string[] = []
  const ips: string[] = []
  for (const list of elements(inside(value, 0))) {
    if (list.tag !== 0xa0) continue
    for (const subtree of elements(list.content)) {
      for (const { tag, content } of elements(subtree.content)) {
        if (tag === 0x82) dns.push(Buffer.from(content).toString('ascii').toLowerCase().replace(/^\./, ''))
        // Only single hosts: `outside` compares addresses one by one.
        const half = content.length / 2
        if (tag === 0x87 && content.subarray(half).every((octet) => octet === 0xff)) {
          ips.push(ipText(content.subarray(0, half)))
        }
      }
    }
  }
  return { dns, ips }
}

/** The names of a certificate's subjectAltName. */
export function namesOf(certificate: X509Certificate): DoorNames {
  const dns: string[] = []
  const ips: string[] = []
  for (const part of (certificate.subjectAltName ?? '').split(', ')) {
    if (part.startsWith('DNS:')) dns.push(part.slice(4).toLowerCase())
    else if (part.startsWith('IP Address:')) ips.push(ipFromText(part.slice(11)))
  }
  return { dns, ips }
}

/** OpenSSL writes `0:0:0:0:0:0:0:1`. */
function ipFromText(text: string): string {
  return text.includes(':') ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text
}
