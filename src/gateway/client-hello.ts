/** What a connection's first bytes say, so far. */
export type Hello =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'hello'
      readonly serverName: string | undefined
      /** Protocols the client offers (RFC 7301), in its order. */
      readonly alpn: readonly string[]
    }

/** A hello with post-quantum keys has 1.7 KB; nobody needs this much. */
const LARGEST = 32 * 1024
const malformed: Hello = { kind: 'malformed' }
const more: Hello = { kind: 'more' }

/**
 * Reads the server name from a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3), because which
 * certificate is shown, and whether one is asked for, depends on it before a TLS stack is chosen.
 * It may come in many pieces and records. Only the name is read; the TLS stack judges the rest.
 */
export function readClientHello(bytes: Buffer): Hello {
  const handshake: Buffer[] = []
  let length = 0
  let wanted = 4
  for (let at = 0; length < wanted; ) {
    if (bytes.length < at + 5)
      return bytes.length > 0 && bytes[at] !== undefined && bytes[at] !== 22 ? malformed : more
    if (bytes[at] !== 22 || bytes[at + 1] !== 3) return malformed
    const size = bytes.readUInt16BE(at + 3)
    if (size === 0 || size > 16_384) return malformed
    const part = bytes.subarray(at + 5, at + 5 + size)
    handshake.push(part)
    length += part.length
    if (length >= 4 && wanted === 4) {
      const head = Buffer.concat(handshake)
      if (head[0] !== 1) return malformed
      wanted = 4 + head.readUIntBE(1, 3)
      if (wanted > LARGEST) return malformed
    }
    if (part.length < size && length < wanted) return more
    at += 5 + size
  }
  try {
    return { kind: 'hello', ...readExtensions(Buffer.concat(handshake).subarray(4, wanted)) }
  } catch (error) {
    if (error instanceof RangeError) return malformed
    throw error
  }
}

/** Throws RangeError where a length points outside. */
function readExtensions(hello: Buffer): { serverName: string | undefined; alpn: readonly string[] } {
  let serverName: string | undefined
  let alpn: readonly string[] = []
  let at = 2 + 32
  at += 1 + hello.readUInt8(at)
  at += 2 + hello.readUInt16BE(at)
  at += 1 + hello.readUInt8(at)
  // A hello without extensions is lawful in TLS 1.2.
  if (at === hello.length) return { serverName, alpn }
  const end = at + 2 + hello.readUInt16BE(at)
  if (end > hello.length) throw new RangeError('extensions')
  at += 2
  while (at < end) {
    const type = hello.readUInt16BE(at)
    const size = hello.readUInt16BE(at + 2)
    at += 4
    if (at + size > end) throw new RangeError('extension')
    const extension = hello.subarray(at, at + size)
    if (type === SERVER_NAME) serverName = readServerName(extension)
    else if (type === ALPN) alpn = readProtocols(extension)
    at += size
  }
  return { serverName, alpn }
}

const SERVER_NAME = 0
const ALPN = 16

function readServerName(extension: Buffer): string {
  // One list with one name of type host_name; anything else is no name we can serve.
  if (extension.readUInt8(2) !== 0) throw new RangeError('name type')
  const name = extension.subarray(5, 5 + extension.readUInt16BE(3))
  if (
    name.length === 0 ||
    name.length !== extension.length - 5 ||
    !/^[!-~]+$/.test(name.toString('latin1'))
  ) {
    throw new RangeError('name')
  }
  return name.toString('latin1').toLowerCase()
}

function readProtocols(extension: Buffer): readonly string[] {
  const list: string[] = []
  for (let at = 2; at < extension.length; ) {
    const size = extension.readUInt8(at)
    if (at + 1 + size > extension.length) throw new RangeError('protocol')
    list.push(extension.toString('latin1', at + 1, at + 1 + size))
    at += 1 + size
  }
  return list
}
