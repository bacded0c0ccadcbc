import { isIP } from 'node:net'
import type { Certificate } from '../certificate.ts'
import { ipOctets, ipText } from '../names.ts'
import type { Client } from './client.ts'

/**
 * Whether a certificate is for `host`, as this client reads names: undefined = it is, else why not.
 * `host` is a name in ASCII or an address.
 */
export function hostProblem(
  client: Client,
  { names, commonNames }: Certificate,
  host: string,
): string | undefined {
  const address = isIP(host) !== 0
  const dns = names?.dns ?? []
  const ips = names?.ips ?? []
  if (
    address
      ? ips.some((ip) => sameAddress(client, ip, host))
      : dns.some((name) => matches[client](name, host))
  ) {
    return undefined
  }
  const common = commonNames.at(-1)
  if (readsCommonName(client, dns, ips, address)) {
    // curl looks at the last one only.
    const read = client === 'curl' ? commonNames.slice(-1) : commonNames
    if (read.some((name) => (address ? name === host : matches[client](name, host)))) return undefined
  }
  if (dns.length + ips.length > 0) {
    const hint =
      address && dns.includes(host) ? '; an address has to stand there as an address, not as a name' : ''
    return `it is for ${[...dns, ...ips].join(', ')}, not for ${host}${hint}`
  }
  return common === undefined
    ? 'it names nobody: there is no subjectAltName'
    : `it has no subjectAltName, and ${readsCommonName(client, dns, ips, address) ? `its common name \`${common}\` is not ${host}` : `the common name \`${common}\` is not read`}`
}

/**
 * The common name counts where there is no alternative name of the kind that is asked for, and only with
 * clients that kept the habit RFC 6125 tells them to give up. urllib3 2, Go 1.15 and Chromium 58 gave it up.
 */
function readsCommonName(
  client: Client,
  dns: readonly string[],
  ips: readonly string[],
  address: boolean,
): boolean {
  switch (client) {
    case 'curl':
      return dns.length + ips.length === 0
    case 'python':
    case 'python3.13':
    case 'node':
      return !address && dns.length === 0
    default:
      return false
  }
}

type Match = (pattern: string, host: string) => boolean

const fold = (name: string) => name.toLowerCase()
const noDot = (name: string) => name.replace(/\.$/, '')

/** One star for one whole label, with at least `behind` labels after it. */
const wholeLabel =
  (behind: number, strip: (name: string) => string = (name) => name): Match =>
  (pattern, host) => {
    const [want, has] = [strip(fold(pattern)), noDot(fold(host))]
    if (!want.startsWith('*.')) return want === has
    const rest = want.slice(2)
    return (
      rest.split('.').length >= behind &&
      !rest.includes('*') &&
      has.includes('.') &&
      has.slice(has.indexOf('.') + 1) === rest
    )
  }

/** Node's `check()`: a star may stand for a part of the first label too. */
const node: Match = (pattern, host) => {
  const want = noDot(fold(pattern)).split('.')
  const has = noDot(fold(host)).split('.')
  if (want.length !== has.length || want.includes('')) return false
  if (want.slice(1).join('.') !== has.slice(1).join('.')) return false
  const [first = '', label = ''] = [want[0], has[0]]
  const parts = first.split('*')
  if (parts.length === 1 || first.includes('xn--')) return first === label
  const [prefix = '', suffix = ''] = parts
  if (parts.length > 2 || want.length <= 2 || prefix.length + suffix.length > label.length) return false
  return label.startsWith(prefix) && label.endsWith(suffix)
}

/**
 * OpenSSL's `valid_star` with X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: where the name is not made of letters,
 * digits and hyphens its star is none, and the star stands for such a label only.
 */
const openssl: Match = (pattern, host) => {
  const [want, has] = [fold(pattern), fold(host)]
  const ldh = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
  const [star, ...behind] = want.split('.')
  if (star !== '*' || behind.length < 2 || !behind.every((label) => ldh.test(label))) return want === has
  const [label = '', ...rest] = has.split('.')
  return rest.join('.') === behind.join('.') && /^(\*|[a-z0-9-]+)$/.test(label)
}

const matches: Readonly<Record<Client, Match>> = {
  curl: wholeLabel(2, noDot),
  python: openssl,
  'python3.13': openssl,
  requests: openssl,
  node,
  go: wholeLabel(1),
  // What lies right below a registry (`*.test`, `*.co.kr`) is no site of its own.
  chromium: wholeLabel(2, noDot),
}

function sameAddress(client: Client, written: string, host: string): boolean {
  // Go's net.IP takes an IPv4 address and its IPv6 spelling (RFC 4291 §2.5.5.2) for the same.
  const octets = (text: string) =>
    ipText(ipOctets(text)).replace(
      /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/,
      (whole, high: string, low: string) =>
        client === 'go'
          ? [high, low]
              .map((part) => Number.parseInt(part, 16))
              .flatMap((part) => [part >> 8, part & 0xff])
              .join('.')
          : whole,
    )
  return isIP(written) !== 0 && octets(written) === octets(host)
}
