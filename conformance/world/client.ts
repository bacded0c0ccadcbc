/** The client of the recordings: bytes on a socket, nothing normalized, nothing added. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { CaseRequest, HeaderList } from '../../src/policy/index.ts'
import { messageReader } from './http1.ts'

export interface Answered {
  readonly status: number
  /** Names as sent, in order. */
  readonly headers: HeaderList
  readonly body: string
}

/** No HTTP answer; the texts are those of the recordings, `no answer` = nothing came for five seconds. */
export interface Unanswered {
  readonly error:
    | 'tls handshake failed'
    | 'connection closed without response'
    | 'connect: refused'
    | 'no answer'
}

export interface Dial {
  /** undefined = 127.0.0.1. */
  readonly address?: string
  readonly port: number
  readonly sourceIp?: string
  /** undefined = plain text. */
  readonly tls?: {
    /** '' = none is sent. */
    readonly servername: string
    readonly alpn: readonly string[]
    readonly cert?: string
    readonly key?: string
    readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  }
  /** Sent before anything else, for a listener that reads the PROXY protocol. */
  readonly preamble?: string
}

export interface Connection {
  /** One request and its answer; the connection stays open if the other side lets it. */
  ask(request: string, method: string): Promise<Answered | Unanswered>
  readonly open: boolean
  close(): void
}

export async function dial(where: Dial): Promise<Connection | Unanswered> {
  const plain = connectPlain({
    port: where.port,
    host: where.address ?? '127.0.0.1',
    ...(where.sourceIp !== undefined && { localAddress: where.sourceIp }),
  })
  plain.setNoDelay(true)
  if ((await happens(plain, 'connect')) === 'no') return { error: 'connect: refused' }
  if (where.preamble !== undefined) plain.write(where.preamble, 'latin1')
  if (where.tls === undefined) return connectionOn(plain, false)
  const { servername, alpn, cert, key, maxVersion } = where.tls
  const socket = connectTls({
    socket: plain,
    rejectUnauthorized: false,
    servername,
    ALPNProtocols: [...alpn],
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(maxVersion && { maxVersion }),
  })
  const patience = setTimeout(() => plain.destroy(), 5000)
  const shaken = await happens(socket, 'secureConnect')
  clearTimeout(patience)
  if (shaken === 'no') {
    plain.destroy()
    return { error: 'tls handshake failed' }
  }
  return connectionOn(socket, true)
}

/** A refused client certificate is told only after the handshake, to whoever reads: TLS 1.3. */
function connectionOn(socket: Socket, tls: boolean): Connection {
  let alert = false
  let open = true
  socket.on('error', (error: NodeJS.ErrnoException) => {
    alert ||= tls && /SSL|TLS|alert/i.test(`${error.code} ${error.message}`)
  })
  socket.on('close', () => {
    open = false
  })
  const reader = messageReader(socket)
  return {
    get open() {
      return open && !socket.destroyed
    },
    async ask(request, method) {
      socket.write(request, 'latin1')
      let silent = false
      const patience = setTimeout(() => {
        silent = true
        socket.destroy()
      }, 5000)
      for (;;) {
        const message = await reader.next(method === 'HEAD')
        if (message === undefined) {
          clearTimeout(patience)
          socket.destroy()
          if (silent) return { error: 'no answer' }
          return { error: alert ? 'tls handshake failed' : 'connection closed without response' }
        }
        const status = Number(message.start.split(' ')[1])
        if (status >= 100 && status < 200 && status !== 101) continue
        clearTimeout(patience)
        const closing = message.headers.some(
          ([name, value]) => /^connection$/i.test(name) && /close/i.test(value),
        )
        if (closing) {
          open = false
          socket.end()
        }
        return { status, headers: message.headers, body: message.body }
      }
    },
    close: () => void socket.destroy(),
  }
}

function happens(socket: Socket, event: string): Promise<'yes' | 'no'> {
  return new Promise((resolve) => {
    const no = () => resolve('no')
    socket.once(event, () => resolve('yes'))
    socket.once('error', no).once('close', no)
  })
}

/** The bytes of a recorded request, as the recordings' client sent them. */
export function requestText(request: CaseRequest, keepOpen = false): string {
  const { method, path, host, headers = [], body } = request
  const lines = [`${method} ${path} HTTP/1.1`]
  if (host !== '') lines.push(`Host: ${host}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (body !== undefined) lines.push(`content-length: ${Buffer.byteLength(body)}`)
  if (!keepOpen) lines.push('connection: close')
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
  return head.toString('latin1')
}

const istioAlpn = ['istio-http/1.1', 'istio', 'http/1.1']

/** How a recorded request reaches a listener: TLS, names, certificates. `file` reads `certs/`. */
export function dialOf(request: CaseRequest, port: number, file: (name: string) => string | undefined): Dial {
  const mutual = request.peer !== undefined && request.peer !== null
  const { sourceIp, clientCert } = request
  const common = { port, ...(sourceIp !== undefined && { sourceIp }) }
  if (!mutual && request.scheme === 'http') return common
  const cert = clientCert === undefined ? undefined : file(`${clientCert}.crt`)
  const key = clientCert === undefined ? undefined : file(`${clientCert}.key`)
  const name = request.host.replace(/:\d*$/, '')
  const isName = name !== '' && !/^[\d.]+$|[:[\]]/.test(name)
  return {
    ...common,
    tls: {
      servername: request.sni ?? (isName && !mutual ? name : ''),
      alpn: request.alpn ?? (mutual ? istioAlpn : ['http/1.1']),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(mutual && { maxVersion: 'TLSv1.2' as const }),
    },
  }
}
