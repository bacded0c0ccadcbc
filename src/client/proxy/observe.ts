/**
 * What is remembered of one request that went through the proxy, for whoever asks why it failed. No
 * query, no body of a request, no cookie and no authorization is ever in it.
 */
export interface Observed {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  /** Of the answer, of those that tell something. */
  readonly headers: Readonly<Record<string, string>>
  /** The first 16 KiB of an answer of 400 or more; undefined = not kept. */
  readonly body?: string
  /** The door asked for a sign-in. */
  readonly challenged: boolean
  /** ms */
  readonly took: number
}

export type Observe = (seen: Observed) => void

/** Bytes of a refused answer that are kept. */
export const KEPT = 16 * 1024

const telling = [
  'server',
  'content-type',
  'content-length',
  'www-authenticate',
  'retry-after',
  'x-envoy-upstream-service-time',
]

export function tellingHeaders(
  header: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of telling) {
    const value = header(name)
    if (value !== undefined) found[name] = value
  }
  const location = header('location')
  // A redirect of a sign-in carries state in its query.
  if (location !== undefined) found.location = location.replace(/\?.*$/s, '?…')
  return found
}
