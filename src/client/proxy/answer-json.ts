import { type Answering, writeHead } from './answering.ts'

/** Why a request did not reach what stands behind the door. */
export interface Refusal {
  readonly status: number
  /** `KFD####`, or the proxy's own word. */
  readonly code: string
  readonly message: string
  /** The next command to type. */
  readonly hint?: string
}

/** API clients get JSON, never a page: `error`, `code`, `message`, `hint`. */
export function answerJson(response: Answering, refusal: Refusal): void {
  const { status, code, message, hint } = refusal
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify({ error: message, code, message, ...(hint !== undefined && { hint }) })
  writeHead(response, status, [
    ...['content-type', 'application/json'],
    ...['content-length', String(Buffer.byteLength(body))],
    ...['cache-control', 'no-store'],
    ...['x-content-type-options', 'nosniff'],
    ...(status === 401 ? ['www-authenticate', 'Bearer realm="kfdoor"'] : []),
  ])
  response.end(body)
}
