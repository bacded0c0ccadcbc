import { request as httpRequest } from 'node:http'
import { type ClientHttp2Session, connect as http2Connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as netConnect } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'
import { Fault } from '../../base/index.ts'
import { type TrustOptions, tlsOptions } from './trust.ts'

export interface Http2Options extends TrustOptions {
  readonly url: URL
  /** The HTTP proxy that leads there. */
  readonly proxy?: URL
  readonly connectMs: number
}

/**
 * An HTTP/2 session with a door, for gRPC: over TLS what ALPN agrees on has to be `h2`, without TLS it is
 * spoken with prior knowledge (RFC 9113, 3.3).
 *
 * @throws Fault ERR_DOOR_UNREACHABLE where the door speaks HTTP/1 only, and errors of sockets and TLS
 */
export async function openHttp2(options: Http2Options): Promise<ClientHttp2Session> {
  const socket = await openSocket(options)
  // The window of a whole session is what all of its streams share: the default of 64 KiB stalls uploads.
  const session = http2Connect(options.url.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW },
  })
  session.once('connect', () => {
    if (!session.destroyed) session.setLocalWindowSize(4 * WINDOW)
  })
  // Streams tell what became of them; an idle session that ends is opened anew.
  session.on('error', () => {})
  return session
}

const WINDOW = 1024 * 1024

async function openSocket({ url, proxy, connectMs, ...trust }: Http2Options): Promise<Duplex> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const plain = proxy
    ? await through(proxy, url, port, connectMs)
    : await connected(netConnect({ host, port, noDelay: true }), 'connect', connectMs, url)
  if (url.protocol !== 'https:') return plain
  const servername = /^[\d.]+$|:/.test(host) ? undefined : host
  const secure = tlsConnect({
    ...tlsOptions(trust, url),
    socket: plain,
    ALPNProtocols: ['h2', 'http/1.1'],
    ...(servername !== undefined && { servername }),
  })
  await connected(secure, 'secureConnect', connectMs, url)
  if (secure.alpnProtocol === 'h2') return secure
  secure.destroy()
  throw new Fault('ERR_DOOR_UNREACHABLE', {
    url: url.origin,
    reason: 'it does not speak HTTP/2 on this port, which gRPC needs',
  })
}

function connected<S extends Duplex>(socket: S, event: string, ms: number, url: URL): Promise<S> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Fault('ERR_DOOR_UNREACHABLE', { url: url.origin, reason: 'nobody answered in 10 s' }))
    }, ms)
    const failed = (error: Error) => {
      clearTimeout(late)
      reject(error)
    }
    socket.once('error', failed)
    socket.once(event, () => {
      clearTimeout(late)
      socket.off('error', failed)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** CONNECT of the HTTP proxy in between. */
function through(proxy: URL, url: URL, port: number, ms: number): Promise<Duplex> {
  const target = `${url.hostname}:${port}`
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  const ask = proxy.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const asked = ask({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      timeout: ms,
      agent: false,
      headers: {
        host: target,
        ...(proxy.username !== '' && {
          'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}`,
        }),
      },
    })
    const fail = (reason: string) => {
      asked.destroy()
      reject(new Fault('ERR_DOOR_UNREACHABLE', { url: url.origin, reason }))
    }
    asked.once('error', reject)
    asked.once('timeout', () => fail(`the proxy ${proxy.host} did not answer`))
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) resolve(socket)
      else fail(`the proxy ${proxy.host} answered ${answer.statusCode} to CONNECT`)
    })
    asked.end()
  })
}
