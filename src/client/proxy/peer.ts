import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * Whether a loopback connection comes from this user (or from root, who may read our memory anyway). Linux
 * tells whose a socket is in `/proc/net/tcp`; elsewhere nobody does, and the answer is `unknown`.
 */
export async function peerIsOurs(socket: Socket): Promise<'yes' | 'no' | 'unknown'> {
  if (process.platform !== 'linux' || process.getuid === undefined) return 'unknown'
  const { remoteAddress = '', remotePort = 0, localPort = 0 } = socket
  const tables = await nextReading()
  for (const table of tables) {
    const owner = ownerOf(table(), remoteAddress, remotePort, localPort)
    if (owner !== undefined) return owner === process.getuid() || owner === 0 ? 'yes' : 'no'
  }
  // A peer that is gone before it is looked up is nobody to serve.
  return tables.some((table) => table() !== '') ? 'no' : 'unknown'
}

type Table = () => string
let reading: Promise<readonly Table[]> | undefined

/** One reading for all connections that came before it begins: with many sockets a table is long. */
function nextReading(): Promise<readonly Table[]> {
  reading ??= new Promise((resolve) =>
    setImmediate(() => {
      reading = undefined
      resolve(['/proc/net/tcp', '/proc/net/tcp6'].map(once))
    }),
  )
  return reading
}

function once(path: string): Table {
  let text: string | undefined
  return () => {
    if (text === undefined) {
      try {
        // The kernel hands it out by the page: asked for in another thread each page waits its turn.
        text = readFileSync(path, 'latin1')
      } catch {
        text = ''
      }
    }
    return text
  }
}

/**
 * The uid of the socket bound to `address` and `port` and connected to our port. Lines are
 * `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`; one without an inode belongs to no
 * process any more, and its uid says nothing.
 */
export function ownerOf(table: string, address: string, port: number, ours: number): number | undefined {
  const from = `${hexAddress(address)}:${hexPort(port)} `
  const to = `:${hexPort(ours)}`
  for (let at = table.indexOf(from); at >= 0; at = table.indexOf(from, at + 1)) {
    const begin = table.lastIndexOf('\n', at) + 1
    const end = table.indexOf('\n', at)
    const line = table.slice(begin, end < 0 ? undefined : end)
    const [, local = '', remote = '', , , , , uid, , inode] = line.trim().split(/\s+/)
    const mapped = `0000000000000000FFFF0000${from}`
    if ((`${local} ` === from || `${local} ` === mapped) && remote.endsWith(to) && inode !== '0')
      return Number(uid)
  }
  return undefined
}

const hexPort = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')

/** As the kernel prints it: words of 32 bits in the machine's own order, which is little-endian where Node runs. */
function hexAddress(address: string): string {
  if (address === '::1') return '00000000000000000000000001000000'
  const parts = address.replace(/^::ffff:/, '').split('.')
  return parts
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('')
}
