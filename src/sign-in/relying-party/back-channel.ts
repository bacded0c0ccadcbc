import { Fault } from '../../base/index.ts'

/** The back channel: mesh names such as `dex.auth.svc.cluster.local` go to whatever stands there. */
export type BackChannel = (url: string, init?: RequestInit) => Promise<Response>

const TIMEOUT = 5000
const LARGEST_ANSWER = 1024 * 1024

/** Calls an issuer: never over plain HTTP outside the mesh, without redirects, with a bounded answer. */
export function guarded(fetch: BackChannel): BackChannel {
  return async (url, init) => {
    requireTrustedChannel(url)
    const answer = await fetch(url, { ...init, redirect: 'manual' })
    if (answer.status >= 300 && answer.status < 400) throw new Error('it answers with a redirect')
    return bounded(answer)
  }
}

/** Plain HTTP carries the client secret in clear, so only names that stay inside the mesh may have it. */
export function requireTrustedChannel(text: string): void {
  const url = URL.parse(text)
  if (!url) throw new Fault('ERR_USAGE', { message: `\`${text}\` is not a URL an issuer can have` })
  if (url.protocol === 'https:' || isInsideMesh(url)) return
  throw new Fault('ERR_USAGE', {
    message: `\`${url.origin}\` would carry a client secret over ${url.protocol.slice(0, -1)}`,
    next: 'only names inside the mesh may be plain http',
  })
}

/** Service names (`dex.auth.svc.cluster.local`, `dex.auth.svc`, `dex`) and loopback. */
function isInsideMesh({ protocol, hostname }: URL): boolean {
  if (protocol !== 'http:') return false
  if (/\.svc(\.[a-z0-9.-]+)?$/.test(hostname) || hostname.endsWith('.local')) return true
  return !hostname.includes('.') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

export function deadline(signal?: AbortSignal): AbortSignal {
  const limit = AbortSignal.timeout(TIMEOUT)
  return signal ? AbortSignal.any([signal, limit]) : limit
}

/** The answer with its body read, unless that is larger than any honest one. */
async function bounded(answer: Response): Promise<Response> {
  if (!answer.body) return answer
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of answer.body) {
    size += part.byteLength
    if (size > LARGEST_ANSWER) throw new Error(`it sends more than ${LARGEST_ANSWER} bytes`)
    parts.push(part)
  }
  return new Response(size === 0 ? null : Buffer.concat(parts), {
    status: answer.status,
    headers: answer.headers,
  })
}
