import type { Attributes } from './attributes.ts'

/**
 * The part of Envoy's header format strings that configuration of a door uses: `%REQ(name)%` with an
 * optional alternative and length, addresses, and `%%`. A command without a value leaves nothing; one
 * that is not known here stays as written.
 */
export function formatHeader(format: string, attributes: Attributes): string {
  if (!format.includes('%')) return format
  return format.replace(/%%|%([A-Z_]+)(?:\(([^)]*)\))?(?::([0-9]+))?%/g, (all, command, argument, length) => {
    if (all === '%%') return '%'
    const text = commandText(command as string, argument as string | undefined, attributes)
    if (text === undefined) return all as string
    return length === undefined ? text : text.slice(0, Number(length))
  })
}

function commandText(
  command: string,
  argument: string | undefined,
  attributes: Attributes,
): string | undefined {
  const { source } = attributes
  switch (command) {
    case 'REQ':
      return requestHeader(argument ?? '', attributes)
    case 'PROTOCOL':
      return (source as { readonly protocol?: string }).protocol ?? 'HTTP/1.1'
    case 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
      return source.remoteIp
    case 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT':
      return source.sourceIp
    case 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT':
      return source.destinationIp
    case 'DOWNSTREAM_LOCAL_ADDRESS':
      return `${source.destinationIp}:${source.port}`
    case 'DOWNSTREAM_LOCAL_PORT':
      return String(source.port)
    case 'REQUESTED_SERVER_NAME':
      return source.sni
    case 'DOWNSTREAM_PEER_URI_SAN':
      return source.principals.join(',')
    default:
      return undefined
  }
}

/** `NAME` or `NAME?ALTERNATIVE`; the first value that is there. */
function requestHeader(argument: string, attributes: Attributes): string {
  for (const name of argument.split('?')) {
    let text: string | undefined
    const found = attributes.someHeader(name.trim().toLowerCase(), (value) => {
      text = value
      return true
    })
    if (found && text !== undefined) return text
  }
  return ''
}
