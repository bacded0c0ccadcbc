import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Refusal } from './guard.ts'

/** Nothing from elsewhere, nothing inline, nowhere framed; the engine runs in a worker of the page. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  // The editor draws its marks as data.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types default 'allow-duplicates'",
].join('; ')
/** What is no page can do nothing at all. */
const barePolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"

const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), usb=()',
} as const

export interface Answer {
  readonly status?: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** The page and its scripts; everything else may do nothing. */
  readonly page?: boolean
  /** It never changes under its name. */
  readonly immutable?: boolean
  /** The same, compressed. */
  readonly gzipped?: Buffer
}

export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status = 200, type, body, headers = {}, page = false, immutable = false } = answer
  const zips = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const gzipped = answer.gzipped ?? (body.length > 2048 ? gzipSync(body, { level: 4 }) : undefined)
  const sent = zips && gzipped ? gzipped : body
  response.writeHead(status, {
    ...always,
    'content-security-policy': page ? pagePolicy : barePolicy,
    'cache-control': immutable ? 'private, max-age=31536000, immutable' : 'no-store',
    'content-type': type,
    'content-length': Buffer.byteLength(sent),
    ...(sent === gzipped && { 'content-encoding': 'gzip' }),
    vary: 'accept-encoding',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : sent)
}

export function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
  status = 200,
): void {
  const body = inert(typeof value === 'string' ? value : JSON.stringify(value))
  send(request, response, { status, type: 'application/json', body })
}

/** The same JSON without a letter that could begin a tag, whatever somebody takes it for. */
export function inert(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Plain words, nothing of the request in them. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, words }: Refusal | { readonly status: number; readonly words: string },
): void {
  const answer: Answer = { status, type: 'text/plain; charset=utf-8', body: `kfdoor console: ${words}\n` }
  if (request.complete || request.destroyed) {
    send(request, response, answer)
    return
  }
  // Who is still sending reads no answer: what comes is thrown away first, for as long as is bearable.
  let length = 0
  const finish = () => {
    clearTimeout(timer)
    if (!response.headersSent) send(request, response, answer)
  }
  const timer = setTimeout(finish, longestDrain)
  request.on('data', (part: Buffer) => {
    length += part.length
    if (length > mostDrained) request.destroy()
  })
  request.once('end', finish)
  request.once('close', () => clearTimeout(timer))
}

const mostDrained = 32 * 1024 * 1024
/** ms */
const longestDrain = 1000

/** @throws Refusal 413, 400 */
export async function readJson(
  request: IncomingMessage,
  most: number,
): Promise<Readonly<Record<string, unknown>>> {
  const tooLong: Refusal = { status: 413, words: `at most ${most} bytes are taken` }
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLong
  const parts: Buffer[] = []
  let length = 0
  // The loop's end must not end the connection: the refusal goes over it.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += (part as Buffer).length
    if (length > most) throw tooLong
    parts.push(part as Buffer)
  }
  const wrong: Refusal = { status: 400, words: 'this is no JSON object' }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw wrong
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong
  return value as Readonly<Record<string, unknown>>
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'status' in value && 'words' in value
}
