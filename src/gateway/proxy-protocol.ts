/** HAProxy's PROXY protocol (doc/proxy-protocol.txt): who a connection is from, told by a proxy in front. */
export type ProxyHeader =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'header'
      /** Bytes it takes. */
      readonly length: number
      /** undefined = the proxy speaks for itself (LOCAL, UNKNOWN). */
      readonly from?: {
        readonly remoteAddress: string
        readonly localAddress: string
        readonly localPort: number
      }
    }

const more: ProxyHeader = { kind: 'more' }
const malformed: ProxyHeader = { kind: 'malformed' }
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const LONGEST_TEXT = 107

/** Reads version 1 and 2 from a connection's first bytes. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, signature.length)
  if (bytes.compare(signature, 0, known, 0, known) === 0) {
    return bytes.length < 16 ? more : readBinary(bytes)
  }
  const end = bytes.indexOf('\r\n')
  if (end === -1 || end > LONGEST_TEXT - 2) return bytes.length < LONGEST_TEXT ? more : malformed
  const [proxy, family, source, target, , port] = bytes.toString('latin1', 0, end).split(' ')
  if (proxy !== 'PROXY') return malformed
  if (family === 'UNKNOWN') return { kind: 'header', length: end + 2 }
  const localPort = Number(port)
  if (!/^TCP[46]$/.test(family ?? '') || !source || !target || !(localPort > 0 && localPort < 65_536)) {
    return malformed
  }
  return { kind: 'header', length: end + 2, from: { remoteAddress: source, localAddress: target, localPort } }
}

function readBinary(bytes: Buffer): ProxyHeader {
  const length = 16 + bytes.readUInt16BE(14)
  const version = bytes.readUInt8(12)
  if (version >> 4 !== 2 || length > 4096) return malformed
  if (bytes.length < length) return more
  if ((version & 15) === 0) return { kind: 'header', length }
  const family = bytes.readUInt8(13)
  if (family !== 0x11 && family !== 0x21) return { kind: 'header', length }
  const size = family === 0x11 ? 4 : 16
  if (length < 16 + 2 * size + 4) return malformed
  return {
    kind: 'header',
    length,
    from: {
      remoteAddress: address(bytes.subarray(16, 16 + size)),
      localAddress: address(bytes.subarray(16 + size, 16 + 2 * size)),
      localPort: bytes.readUInt16BE(16 + 2 * size + 2),
    },
  }
}

function address(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  return groups.join(':')
}
