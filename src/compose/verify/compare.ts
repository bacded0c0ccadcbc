/** Whether what a door answered is what was predicted. */
import type { Prediction } from './prediction.ts'

/** What came back, or why nothing did. */
export type Seen =
  | {
      readonly status: number
      /** By lower-case name. */
      readonly headers: Readonly<Record<string, string>>
      /** The beginning of the body. */
      readonly body: string
    }
  | { readonly failed: string }

type Answer = Exclude<Seen, { readonly failed: string }>

export interface Comparison {
  readonly agrees: boolean
  /** What was seen, in a few words; never a cookie and never a token. */
  readonly saw: string
  /** A workload answered, and not the door by itself. */
  readonly through?: true
  /** Worth knowing where it agrees: nobody answered behind the door. */
  readonly note?: string
}

/** Envoy’s words where it let a request through and found nobody. */
const nobodyBehind =
  /^(no healthy upstream|upstream connect error|upstream request timeout|no cluster match)/i
/** What Envoy’s own filters say when they refuse. */
const refusedByFilter = /^\s*(RBAC: access denied|Jwt |Jwks |Audiences in Jwt)/

export function compare(prediction: Prediction, seen: Seen, method: string): Comparison {
  const compared = compareAnswer(prediction, seen, method)
  if ('failed' in seen || !passedOn(seen) || isOfAuthService(prediction, seen, compared)) return compared
  return { ...compared, through: true }
}

/** Envoy marks what it is told by the auth service too, and some filters hand the mark on. */
function isOfAuthService(
  { reply, signIn }: Prediction,
  { status, headers }: Answer,
  { agrees }: Comparison,
): boolean {
  if (isSentTo(signIn, headers.location)) return true
  return reply?.relayed === true && (agrees || status === 401 || status === 403)
}

function compareAnswer(prediction: Prediction, seen: Seen, method: string): Comparison {
  if ('failed' in seen) {
    return { agrees: prediction.dropped === true, saw: `no answer: ${seen.failed}` }
  }
  const saw = wordsOf(seen)
  if (prediction.dropped) return { agrees: false, saw }
  const { reply } = prediction
  const through = passedOn(seen)
  if (reply === undefined) return compareForward(prediction, seen, through, saw)
  if (seen.status !== reply.status) return { agrees: false, saw }
  // A later proxy's answer comes to the door as a workload's, and so may the auth service's.
  const foreseen = reply.later === true || (reply.relayed === true && through)
  if (through !== undefined && through !== foreseen) return { agrees: false, saw }
  if (reply.location !== undefined && !sameTarget(reply.location, seen.headers.location)) {
    const port = reply.anyPort === true ? otherPort(reply.location, seen.headers.location) : undefined
    if (port === undefined) return { agrees: false, saw }
    return { agrees: true, saw, note: `${seen.status} to port ${port}, where this door is published` }
  }
  const told = reply.body === undefined || reply.body === '' || method === 'HEAD'
  return { agrees: told || seen.body.startsWith(reply.body as string), saw }
}

function compareForward(
  { refusedInside, signIn }: Prediction,
  seen: Answer,
  through: boolean | undefined,
  saw: string,
): Comparison {
  const { status, body } = seen
  if (status >= 500 && nobodyBehind.test(body)) {
    return { agrees: true, saw, note: 'let through; nobody answered behind the door' }
  }
  const refused = refusedByFilter.test(body) && (status === 401 || status === 403)
  if (refused) return { agrees: false, saw }
  if (through === false) return { agrees: false, saw }
  if (isSentTo(signIn, seen.headers.location)) return { agrees: false, saw }
  if (through === undefined && (asksToSignIn(seen) || (status === 404 && body === ''))) {
    return { agrees: false, saw }
  }
  if (refusedInside && status < 400) return { agrees: false, saw }
  return { agrees: true, saw }
}

/**
 * Whether a workload answered, or an auth service whose answer is handed on whole: Istio’s gateways mark what
 * comes from one. Undefined where nothing of an Istio gateway is in the answer, because something in front
 * took it out.
 */
function passedOn({ headers }: Answer): boolean | undefined {
  if (headers['x-envoy-upstream-service-time'] !== undefined) return true
  return /envoy/.test(headers.server ?? '') ? false : undefined
}

function asksToSignIn({ status, headers, body }: Answer): boolean {
  if (status >= 300 && status < 400) return /[?&]client_id=/.test(headers.location ?? '')
  return (status === 401 || status === 403) && /<form[^>]+\/start"/.test(body)
}

/**
 * An authorization request has a new `state` each time; everything else is compared whole. Who asks for it
 * may lie in a Secret: then it is some client, and which is not told.
 */
function sameTarget(expected: string, got: string | undefined): boolean {
  if (got === undefined) return false
  if (expected === got) return true
  const [one, other] = [expected, got].map((text) => URL.parse(text, 'http://door.invalid'))
  if (!one || !other) return false
  if (one.origin !== other.origin || one.pathname !== other.pathname) return false
  const ids = [one, other].map(({ searchParams }) => searchParams.get('client_id'))
  const untold = ids[0] === null && one.searchParams.get('response_type') !== null
  return untold ? ids[1] !== null : ids[0] !== null && ids[0] === ids[1]
}

/** Whether it is the auth service's own sign-in, and not that of a workload with the same issuer. */
function isSentTo(signIn: string | undefined, got: string | undefined): boolean {
  if (signIn === undefined || !sameTarget(signIn, got)) return false
  const [one, other] = [signIn, got ?? ''].map((text) => {
    const back = URL.parse(text, 'http://door.invalid')?.searchParams.get('redirect_uri') ?? ''
    // What is set as a path is sent with the Host that was asked.
    return URL.parse(back, 'http://door.invalid')?.pathname
  })
  return one === other
}

/** The port it goes to instead, where that is all they differ in. */
function otherPort(expected: string, got: string | undefined): string | undefined {
  const [one, other] = [expected, got ?? ''].map((text) => URL.parse(text))
  if (!one || !other) return undefined
  const { port } = other
  one.port = other.port = ''
  return one.href === other.href ? port : undefined
}

function wordsOf({ status, headers, body }: Answer): string {
  const { location } = headers
  // A terminal must not be told to do anything.
  if (location !== undefined)
    return `${status} to ${location
      .replace(/[?#].*$/s, '')
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200)}`
  const through = headers['x-envoy-upstream-service-time'] !== undefined
  if (through && !refusedByFilter.test(body)) return `${status} from a workload`
  const html = /^\s*</.test(body)
  // Only the door's own short texts: a workload's answer may hold anything.
  const words = html ? 'a page' : /^[\x20-\x7e]{1,120}$/.test(body.trim()) && !through ? body.trim() : ''
  return `${status}${words === '' ? '' : ` ${refusedByFilter.test(body) ? body.trim().slice(0, 80) : words}`}`
}
