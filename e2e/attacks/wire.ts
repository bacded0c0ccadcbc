import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as netConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'

export interface Answer {
  /** 0 = closed without one. */
  readonly status: number
  readonly text: string
  /** Status lines seen, for HTTP/1. */
  readonly answers: number
  readonly closed: boolean
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface Target {
  readonly port: number
  readonly address?: string
  /** From which of this machine's addresses. */
  readonly from?: string
  readonly tls?: {
    readonly sni?: string
    readonly min?: string
    readonly max?: string
    readonly ca: string
    readonly cert?: string
    readonly key?: string
    readonly h2: boolean
  }
  readonly h2?: boolean
  /** Writes so many bytes at a time after the first. */
  readonly pace?: { readonly bytes: number; readonly every_ms: number }
  readonly readPace?: { readonly bytes?: number; readonly every_ms?: number }
}

/** No answer takes longer. */
const LONGEST = 5000
/** After an answer, so long is waited for another. */
const QUIET = 150

/** Sends bytes as they are and reads until close, silence after an answer, or 5 s. */
export function exchange(target: Target, bytes: Buffer): Promise<Answer> {
  const { tls, h2 = false, pace, readPace } = target
  return new Promise((resolve) => {
    const where = { port: target.port, host: target.address ?? '127.0.0.1', localAddress: target.from }
    const socket = tls
      ? tlsConnect({
          ...where,
          ...(tls.sni !== undefined && { servername: tls.sni }),
          ca: tls.ca,
          checkServerIdentity: () => undefined,
          ...(tls.cert !== undefined && { cert: tls.cert, key: tls.key }),
          ...(tls.min !== undefined && { minVersion: tls.min as 'TLSv1.2' }),
          ...(tls.max !== undefined && { maxVersion: tls.max as 'TLSv1.2' }),
          ...(tls.h2 && { ALPNProtocols: ['h2'] }),
        })
      : netConnect(where)
    let received = Buffer.alloc(0)
    let quiet: NodeJS.Timeout | undefined
    let pacer: NodeJS.Timeout | undefined
    const done = (closed: boolean) => {
      clearTimeout(quiet)
      clearInterval(pacer)
      clearTimeout(latest)
      socket.destroy()
      resolve(read(received, h2, closed))
    }
    const latest = setTimeout(() => done(false), LONGEST)
    socket.on(tls ? 'secureConnect' : 'connect', () => {
      socket.write(bytes)
      // What comes after the written part comes slowly, byte by byte: a client that never ends.
      if (pace) pacer = setInterval(() => socket.write('a'), Math.max(5, pace.every_ms / 20))
    })
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (readPace) {
        socket.pause()
        setTimeout(() => socket.resume(), Math.min(readPace.every_ms ?? 100, 200))
      }
      clearTimeout(quiet)
      quiet = setTimeout(() => done(false), QUIET)
    })
    socket.on('error', () => done(true))
    socket.on('close', () => done(true))
  })
}

/** Who nobody is, on every Linux. */
const NOBODY = 65_534

/**
 * Sends bytes as another user of this machine.
 *
 * @throws where this user may not become another one
 */
export async function exchangeAsAnother(target: Target, bytes: Buffer): Promise<Answer> {
  if (process.getuid?.() !== 0) throw new Error('only root can connect as another user')
  const script = `exec 3<>/dev/tcp/${target.address ?? '127.0.0.1'}/${target.port}; cat >&3; timeout 2 cat <&3`
  const child = spawn('bash', ['-c', script], { uid: NOBODY, gid: NOBODY, cwd: '/', stdio: 'pipe' })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.stdin.on('error', () => {})
  child.stdin.end(bytes)
  await once(child, 'close')
  return read(Buffer.concat(parts), target.h2 ?? false, true)
}

/** `:status` of the static table (RFC 7541 appendix A). */
const indexed: Readonly<Record<number, number>> = {
  136: 200,
  137: 204,
  138: 206,
  139: 304,
  140: 400,
  141: 404,
  142: 500,
}

function read(bytes: Buffer, h2: boolean, closed: boolean): Answer {
  const text = bytes.toString('latin1')
  if (h2) {
    let status = 0
    let answers = 0
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      if (bytes[at + 3] !== 1) continue
      answers++
      if (status === 0) status = statusOf(bytes.subarray(at + 9)) ?? 499
    }
    return { status, text, answers, closed, headers: [], body: text }
  }
  const lines = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].filter(([, status]) => status !== '100')
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const headers = head
    .split('\r\n')
    .slice(1)
    .map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    })
  const rest = end < 0 ? '' : text.slice(end + 4)
  const chunked = headers.some(([name, value]) => name === 'transfer-encoding' && /chunked/i.test(value))
  return {
    status: Number(lines[0]?.[1] ?? 0),
    text,
    answers: lines.length,
    closed,
    headers,
    body: Buffer.from(chunked ? dechunk(rest) : rest, 'latin1').toString('utf8'),
  }
}

/** Huffman codes of digits (RFC 7541 appendix B). */
const digits = [
  '00000',
  '00001',
  '00010',
  '011001',
  '011010',
  '011011',
  '011100',
  '011101',
  '011110',
  '011111',
]

/** The first field of a header block, which is `:status`: indexed, or a literal under that name. */
function statusOf(block: Buffer): number | undefined {
  let at = 0
  // Changes of the table's size come first.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at++
  const first = block[at] ?? 0
  if (indexed[first] !== undefined) return indexed[first]
  // With, without, or never to be indexed; the name is one of the seven entries of `:status`.
  const name = first >= 0x40 ? first & 0x3f : first & 0x0f
  if (first >= 0x80 || name < 8 || name > 14) return undefined
  const length = (block[at + 1] ?? 0) & 0x7f
  const value = block.subarray(at + 2, at + 2 + length)
  if (((block[at + 1] ?? 0) & 0x80) === 0) return Number(value.toString('latin1'))
  let bits = [...value].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let status = ''
  while (status.length < 3) {
    const digit = digits.findIndex((code) => bits.startsWith(code))
    if (digit < 0) return undefined
    status += digit
    bits = bits.slice((digits[digit] as string).length)
  }
  return Number(status)
}

function dechunk(text: string): string {
  let body = ''
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (end < 0 || !(size > 0)) return body
    body += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
}

/** A request as bytes: path, header names and their order as they are written. */
export function requestBytes(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body = '',
): Buffer {
  const has = (name: string) => headers.some(([one]) => one.toLowerCase() === name)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(has('host') ? [] : ['Host: door.test']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body !== '' && !has('content-length') ? [`Content-Length: ${Buffer.byteLength(body)}`] : []),
    ...(has('connection') ? [] : ['Connection: close']),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body, 'utf8')])
}
