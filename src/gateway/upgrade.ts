import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ForwardDecision } from '../policy/index.ts'
import { answerHeaders, finishHead, type Outside } from './answer.ts'
import type { Http1Exchange } from './exchange-http1.ts'
import type { Limits, Upstream } from './options.ts'
import { requestHeaders } from './request-out.ts'
import { failureAnswer, failureOf } from './upstream.ts'

/**
 * Carries a WebSocket handshake, decided like any request, to its upstream. Only after the
 * upstream's own 101 are bytes passed on, both ways; before it nothing the client sent behind its
 * request leaves (CVE-2026-2833).
 */
export function forwardUpgrade(options: {
  readonly exchange: Http1Exchange
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly decision: ForwardDecision
  readonly upstream: Upstream | undefined
  readonly id: string
  readonly outside: Outside | undefined
  readonly limits: Limits
  readonly answer: (status: number, body: string) => void
}): void {
  const { exchange, request, socket, head, decision, upstream, answer } = options
  if (upstream?.kind !== 'origin') {
    // A function from Request to Response has no socket to give.
    answer(upstream ? 501 : 503, upstream ? 'this upstream takes no WebSocket' : 'no healthy upstream')
    return
  }
  const { protocol, hostname, port } = new URL(upstream.url)
  const headers = ['host', decision.host].concat(requestHeaders(exchange, decision, options.id, 1), [
    'connection',
    'Upgrade',
    'upgrade',
    String(request.headers.upgrade),
  ])
  const send = protocol === 'https:' ? httpsRequest : httpRequest
  const outgoing = send({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port || (protocol === 'https:' ? 443 : 80),
    method: decision.method,
    path: decision.path,
    headers,
    setHost: false,
    agent: false,
    timeout: options.limits.connectMs,
    ...(upstream.tls && { ca: upstream.tls.caPem, servername: upstream.tls.serverName }),
  })
  const begun = performance.now()
  const lower = (raw: readonly string[]) => raw.map((part, at) => (at % 2 === 0 ? part.toLowerCase() : part))
  outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })))
  outgoing.on('error', (error) => {
    const { status, body } = failureAnswer(failureOf(error), false)
    answer(status, body)
  })
  socket.on('error', () => outgoing.destroy())
  socket.on('close', () => outgoing.destroy())
  outgoing.on('upgrade', (response, upstreamSocket, upstreamHead) => {
    outgoing.removeAllListeners('error')
    outgoing.on('error', () => socket.destroy())
    upstreamSocket.setTimeout(0)
    upstreamSocket.on('error', () => socket.destroy())
    socket.on('error', () => upstreamSocket.destroy())
    upstreamSocket.on('close', () => socket.destroy())
    socket.on('close', () => upstreamSocket.destroy())
    const answered = finishHead(
      exchange,
      options.outside,
      answerHeaders(lower(response.rawHeaders), decision.response, performance.now() - begun),
    )
    answered.push('connection', 'Upgrade', 'upgrade', String(response.headers.upgrade ?? 'websocket'))
    exchange.status = 101
    socket.write(statusLine(101, answered))
    if (upstreamHead.length > 0) socket.write(upstreamHead)
    if (head.length > 0) upstreamSocket.write(head)
    socket.pipe(upstreamSocket)
    upstreamSocket.pipe(socket)
  })
  outgoing.on('response', (response) => {
    // The upstream said no: its answer, and the end of this connection.
    const headersOut = finishHead(
      exchange,
      options.outside,
      answerHeaders(lower(response.rawHeaders), decision.response, performance.now() - begun),
    )
    const kept: string[] = []
    for (let at = 0; at < headersOut.length; at += 2) {
      // What is passed on is the body without its framing, up to the end of the connection.
      if (headersOut[at] !== 'content-length')
        kept.push(headersOut[at] as string, headersOut[at + 1] as string)
    }
    kept.push('connection', 'close')
    exchange.status = response.statusCode ?? 502
    socket.write(statusLine(response.statusCode ?? 502, kept))
    response.pipe(socket)
  })
  outgoing.end()
}

/** The head of an answer written to a bare socket; values were checked where they came from. */
export function statusLine(status: number, headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? 'Unknown'}`]
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

const reasons: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
