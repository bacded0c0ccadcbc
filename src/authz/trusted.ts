import { BlockList, isIP } from 'node:net'
import type { HeaderList } from '../policy/index.ts'

/** Peers whose word about the original request is taken. Nobody, unless they are named. */
export interface TrustedProxies {
  has(address: string | undefined): boolean
}

/** Undefined when `text` is neither an address nor a range. */
function addRange(list: BlockList, text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const most = family === 4 ? 32 : 128
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)) return false
  if (bits === undefined) list.addAddress(address, type)
  else list.addSubnet(address, Number(bits), type)
  return true
}

export const isAddressRange = (text: string): boolean => addRange(new BlockList(), text)

/**
 * @example
 * trustedProxies(['10.0.0.0/8', '::1']).has('10.1.2.3') // true
 */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  // A gateway asks over few connections, so few addresses are ever asked about.
  const known = new Map<string, boolean>()
  const look = (address: string): boolean => {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
    const bare = mapped ?? address
    const family = isIP(bare)
    return family !== 0 && list.check(bare, family === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    has(address) {
      if (ranges.length === 0 || address === undefined) return false
      let found = known.get(address)
      if (found === undefined) {
        found = look(address)
        if (known.size < 1024) known.set(address, found)
      }
      return found
    },
  }
}

/** Headers in which a proxy tells of the original request, and anybody else lies about it. */
export function isForwardedHeader(name: string): boolean {
  const first = name.charCodeAt(0)
  if (first !== 120 && first !== 102) return false
  return (
    name.startsWith('x-forwarded-') ||
    name.startsWith('x-original-') ||
    name.startsWith('x-envoy-original-') ||
    name === 'forwarded' ||
    name === 'x-real-ip' ||
    name === 'x-auth-request-redirect' ||
    name === 'x-rewrite-url'
  )
}

/** The only value of a header; undefined when there is none or several. */
export function soleValue(headers: HeaderList, name: string): string | undefined {
  let found: string | undefined
  for (const [one, value] of headers) {
    if (one !== name) continue
    if (found !== undefined) return undefined
    found = value
  }
  return found
}
