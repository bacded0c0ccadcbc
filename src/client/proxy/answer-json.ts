import type { ServerResponse } from 'node:http'

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
export function answerJson(response: ServerResponse, { status, code, message, hint }: Refusal): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = JSON.stringify({ error: message, code, message, ...(hint !== undefined && { hint }) })
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="kfdoor"' }),
  })
  response.end(body)
}
