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

/** One exchange before anything is left out of it. */
interface Exchange {
  readonly method: string
  /** As the door was asked, with its query. */
  readonly target: string
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body?: string
  readonly challenged: boolean
  readonly took: number
  /** What we sent for a credential: an answer that repeats it must not be remembered with it. */
  readonly credential: Readonly<Record<string, string>>
}

/** What may be remembered of an exchange. */
export function observed({ target, header, body, credential, ...seen }: Exchange): Observed {
  const hidden = secretsOf(credential)
  const hide = (text: string) => hidden.reduce((kept, secret) => kept.replaceAll(secret, '…'), text)
  const headers = Object.entries(tellingHeaders(header)).map(([name, value]) => [name, hide(value)] as const)
  return {
    ...seen,
    path: hide(target.replace(/\?.*$/s, '')),
    headers: Object.fromEntries(headers),
    ...(body !== undefined && { body: hide(body) }),
  }
}

/** The values of a credential, as they are and as URLs write them. */
function secretsOf({ authorization = '', cookie = '' }: Readonly<Record<string, string>>): string[] {
  const values = [
    authorization.replace(/^\S+\s+/, ''),
    ...cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1)),
  ]
  // A short one is a word of every other answer, and no credential of a door.
  const long = values.filter((value) => value.length >= 6)
  return [...new Set(long.flatMap((value) => [value, encodeURIComponent(value)]))]
}

const telling = [
  'server',
  'content-type',
  'content-length',
  'www-authenticate',
  'retry-after',
  'x-envoy-upstream-service-time',
]

function tellingHeaders(header: (name: string) => string | undefined): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of telling) {
    const value = header(name)
    if (value !== undefined) found[name] = value
  }
  const location = header('location')
  // A redirect of a sign-in carries state in its query, and tokens behind `#`.
  if (location !== undefined) found.location = location.replace(/[?#].*$/s, (rest) => `${rest[0]}…`)
  return found
}
