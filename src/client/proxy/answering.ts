import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request of a client, over HTTP/1.1 or HTTP/2. */
export type Asking = IncomingMessage | Http2ServerRequest
/** What is known of one before its body. */
export type Head = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>
/** Where its answer goes. */
export type Answering = ServerResponse | Http2ServerResponse

const overHttp2 = (response: Answering): response is Http2ServerResponse => 'stream' in response

/** The client went away, or was sent away. */
export const isGone = (response: Answering): boolean =>
  overHttp2(response) ? response.stream === undefined || response.stream.destroyed : response.destroyed

/** The head of an answer: names and values in turn, as HTTP/1 has them on the wire. */
export function writeHead(response: Answering, status: number, lines: readonly string[]): void {
  if (!overHttp2(response)) {
    response.writeHead(status, lines as string[])
    return
  }
  response.writeHead(status, headersOf(lines))
}

/** false = nothing more should come before `drain`. */
export const write = (response: Answering, chunk: Buffer): boolean =>
  (response as ServerResponse).write(chunk)

export function addTrailers(response: Answering, raw: unknown): void {
  if (!Array.isArray(raw) || raw.length === 0) return
  const lines = raw.map(String)
  if (overHttp2(response)) {
    response.addTrailers(headersOf(lines))
    return
  }
  if (!response.hasHeader('trailer') && !response.chunkedEncoding) return
  const pairs: [string, string][] = []
  for (let i = 0; i < lines.length; i += 2) pairs.push([lines[i] as string, lines[i + 1] as string])
  response.addTrailers(pairs)
}

/** As HTTP/2 wants them: names in lower case, several of one name together. */
function headersOf(lines: readonly string[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] as string).toLowerCase()
    const value = lines[i + 1] as string
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return headers
}
