import { createPublicKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { createAuthority, doorNames, generateKey, issueLeaf, keyPem } from '../../pki/index.ts'
import { answerJson } from './answer-json.ts'
import type { Head } from './answering.ts'
import { Carrier, type ProxiedDoor } from './carry.ts'
import { carryGrpc } from './grpc/carry-grpc.ts'
import { foreignPage, hostOf } from './guard.ts'
import type { Observe } from './observe.ts'
import { stacks } from './stacks.ts'
import { carryUpgrade, refuseUpgrade } from './websocket.ts'

export interface InterceptorOptions {
  readonly door: ProxiedDoor
  readonly observe?: Observe
  /** How everything that is not for the door is reached: `HTTPS_PROXY` as it was; undefined = directly. */
  readonly onward?: (host: string, port: number) => URL | undefined
}

export interface RunningInterceptor {
  /** `http://kfdoor:PASSWORD@127.0.0.1:PORT`, for `HTTPS_PROXY`. */
  readonly url: string
  /** The root the door’s name is signed with here, for this run only; its key is nowhere but in memory. */
  readonly caPem: string
  close(): Promise<void>
}

/**
 * A forward proxy for one run of one command, with a password. A CONNECT to the door’s own host and
 * port is opened and carried with the credential added; everything else is tunnelled unread. The root
 * may sign for the door’s name and nothing else, so that it is worth nothing to a thief.
 */
export async function startInterceptor(options: InterceptorOptions): Promise<RunningInterceptor> {
  const { observe } = options
  // Its clients name the door itself, so their paths are whole.
  const door: ProxiedDoor = { ...options.door, base: '' }
  const password = randomBytes(18).toString('base64url')
  const expected = Buffer.from(`Basic ${Buffer.from(`kfdoor:${password}`).toString('base64')}`)
  const hostname = door.url.hostname.replace(/^\[|\]$/g, '')
  const doorPort = Number(door.url.port || (door.url.protocol === 'https:' ? 443 : 80))
  const names = doorNames([hostname])
  const authority = await createAuthority({ names, clock: Date.now })
  const key = await generateKey('ecdsa')
  const leaf = await issueLeaf(authority, { names, publicKey: createPublicKey(key), clock: Date.now })
  const here = door.url.origin
  const carrier = new Carrier({ door, prefix: '', here: () => here, ...(observe && { observe }) })
  const open = new Set<Duplex>()

  const own = new Set([door.url.host, door.url.hostname, `${door.url.hostname}:${doorPort}`])
  // A model's host is the client's to say; the door's is written as the door knows it.
  const hostFor = (head: Head) => {
    const said = hostOf(head.rawHeaders)?.toLowerCase()
    return said === undefined || own.has(said) ? door.host : said
  }
  /** A browser run here signs in at the door for every page it shows; only the door's own may use that. */
  const refused = (head: Head) =>
    isVisit(head) ? undefined : foreignPage(head.headers, new Set([...own, hostFor(head)]))

  const { http1, http2 } = stacks({
    request: (request, response) => {
      const page = refused(request)
      if (page !== undefined) return answerJson(response, page)
      return void carrier.carry(request, response, pathOf(request), hostFor(request))
    },
    call: (head, stream) => {
      const call = { stream, rawHeaders: head.rawHeaders, path: pathOf(head) }
      void carryGrpc({ ...call, door: { ...door, host: hostFor(head) }, ...(observe && { observe }) })
    },
    wants: (request) => refused(request) === undefined,
    upgrade: (request, socket, head) => {
      const page = refused(request)
      if (page !== undefined) return refuseUpgrade(socket, page.status, 'Refused')
      carryUpgrade(request, socket, head, pathOf(request), door, '', here).catch(() =>
        refuseUpgrade(socket, 401, 'Unauthorized'),
      )
    },
  })
  const secure = createTlsServer(
    { cert: leaf, key: keyPem(key), ALPNProtocols: ['h2', 'http/1.1'], allowHalfOpen: true },
    (socket) => {
      ;(socket.alpnProtocol === 'h2' ? http2 : http1).emit('connection', socket)
    },
  )
  secure.on('tlsClientError', (_error, socket) => socket.destroy())
  const outer = createServer({ requestTimeout: 0 })
  outer.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (!allowed(request, expected)) return demandPassword(socket)
    const target = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(request.url ?? '')
    const port = Number(target?.[2])
    if (target === null || port < 1 || port > 65_535) return refuseUpgrade(socket, 400, 'Bad Request')
    const host = (target[1] as string).replace(/^\[|\]$/g, '').toLowerCase()
    if (host === hostname.toLowerCase() && port === doorPort && door.url.protocol === 'https:') {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      if (head.length > 0) socket.unshift(head)
      secure.emit('connection', socket)
      return
    }
    tunnel(socket, head, host, port, options.onward?.(host, port), open)
  })
  outer.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!allowed(request, expected)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="kfdoor"', connection: 'close' }).end()
      return
    }
    if (URL.canParse(request.url ?? '')) {
      const url = new URL(request.url as string)
      if (url.origin === door.url.origin) {
        const page = refused(request)
        if (page !== undefined) return answerJson(response, page)
        return void carrier.carry(request, response, `${url.pathname}${url.search}`, hostFor(request))
      }
      if (url.protocol === 'http:') return relay(request, response, url)
    }
    answerJson(response, {
      status: 400,
      code: 'request-target',
      message: 'this proxy takes absolute http addresses and CONNECT',
    })
  })
  outer.on('clientError', (_error, socket: Socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    outer.once('error', reject)
    outer.listen(0, '127.0.0.1', resolve)
  })
  const { port } = outer.address() as AddressInfo
  return {
    url: `http://kfdoor:${password}@127.0.0.1:${port}`,
    caPem: authority.certPem,
    async close() {
      for (const socket of open) socket.destroy()
      http1.close()
      await new Promise<void>((resolve) => {
        outer.close(() => resolve())
        outer.closeAllConnections()
      })
    },
  }
}

/** A page that is gone to, by a link or by typing: it tells the page before nothing (as `SameSite=Lax`). */
const isVisit = ({ method, headers }: Head) =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document' &&
  headers.origin === undefined

const pathOf = (request: Head) => (request.url?.startsWith('/') ? request.url : '/')

function allowed(request: IncomingMessage, expected: Buffer): boolean {
  const given = Buffer.from(request.headers['proxy-authorization'] ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function demandPassword(socket: Duplex): void {
  socket.end(
    'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="kfdoor"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
  )
}

/** Bytes both ways, none of them read; through the proxy that was set before us, where there was one. */
function tunnel(
  socket: Socket,
  head: Buffer,
  host: string,
  port: number,
  via: URL | undefined,
  open: Set<Duplex>,
): void {
  const join = (far: Duplex) => {
    open.add(far)
    far.once('close', () => {
      open.delete(far)
      socket.destroy()
    })
    socket.once('close', () => far.destroy())
    far.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) far.write(head)
    socket.pipe(far).pipe(socket)
  }
  if (via === undefined) {
    const far = connect(port, host)
    far.once('error', () => refuseUpgrade(socket, 502, 'Bad Gateway'))
    far.once('connect', () => {
      far.removeAllListeners('error')
      join(far)
    })
    return
  }
  const credentials = via.username === '' ? {} : { 'proxy-authorization': basic(via) }
  const literal = host.includes(':') ? `[${host}]` : host
  const asked = httpRequest({
    host: via.hostname,
    port: via.port || 80,
    method: 'CONNECT',
    path: `${literal}:${port}`,
    headers: { host: `${literal}:${port}`, ...credentials },
  })
  asked.once('error', () => refuseUpgrade(socket, 502, 'Bad Gateway'))
  asked.once('connect', (answer, far) => {
    if (answer.statusCode === 200) return join(far)
    far.destroy()
    refuseUpgrade(socket, 502, 'Bad Gateway')
  })
  asked.end()
}

function basic(url: URL): string {
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

/** Plain HTTP to somebody else, unchanged but for what belongs to this connection. */
function relay(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers
  const onward = httpRequest(url, { method: request.method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
  })
  onward.once('error', () =>
    answerJson(response, { status: 502, code: 'unreachable', message: `${url.host} did not answer` }),
  )
  response.once('close', () => onward.destroy())
  request.pipe(onward)
}
