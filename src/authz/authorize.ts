import { andThen } from '../base/index.ts'
import type { CheckAnswer, Check as EngineCheck, HeaderList } from '../policy/index.ts'
import type { Allow, Authorize, AuthzCheck, Reason, Refuse, Verdict } from './check.ts'
import { words } from './codes.ts'
import type { IdentityHeaders } from './identity-headers.ts'
import type { MachineAnswer, Machines } from './machines/machines.ts'

/** Sessions and the sign-in: the auth service whose seat this is. */
export interface SignIn {
  check(check: EngineCheck): SignInAnswer | Promise<SignInAnswer>
}

export interface SignInAnswer extends CheckAnswer {
  readonly about?:
    | { readonly kind: 'admitted'; readonly user: SignedIn; readonly by: 'cookie' | 'header' }
    | { readonly kind: 'exempt' | 'refused' | 'unavailable' }
    /** `api`: the caller is a program, and where a person signs in. */
    | { readonly kind: 'nobody'; readonly api?: { readonly login?: string } }
}

export interface SignedIn {
  readonly userId: string
  readonly groups: readonly string[]
}

export interface AuthorizeOptions {
  readonly signIn: SignIn
  readonly machines: Machines
  readonly identity: IdentityHeaders
  /** Whether sessions are written as the identity headers too, beside what the auth service says. */
  readonly nameSessions: boolean
  /** A new decision's id. */
  readonly newId: () => string
}

const NONE: HeaderList = []

/**
 * One decision: token first, then session, then the way to sign in. Whoever sends a token is judged
 * by the token; a cookie beside it does not help a bad one.
 *
 * Neither throws nor rejects. What went wrong on the way is a refusal: the door stays shut.
 */
export function createAuthorize(options: AuthorizeOptions): Authorize {
  const { signIn, machines, identity, newId } = options
  const sets = new WeakMap<SignInAnswer, HeaderList>()

  /** What a session sets; the same list for the same answer, and a sign-in gives the same for a session. */
  const setOf = (answer: SignInAnswer, user: SignedIn): HeaderList => {
    let set = sets.get(answer)
    if (set === undefined) {
      const own = options.nameSessions ? identity.of(user.userId, user.groups) : NONE
      // Where the mesh forgets to take over a header, a client's own stays: only what a workload reads is set.
      const theirs = forUpstream(answer.headers)
      set = options.nameSessions ? [...own, ...theirs.filter(([name]) => name !== 'gap-auth')] : theirs
      sets.set(answer, set)
    }
    return set
  }
  const allow = (
    check: AuthzCheck,
    reason: Allow['reason'],
    set: HeaderList,
    who?: string,
    status = 200,
  ): Allow => ({
    kind: 'allow',
    id: newId(),
    reason,
    who,
    status,
    set,
    remove: identity.toRemove(set, check.headers),
  })

  const named = new WeakMap<MachineAnswer & object, HeaderList>()
  const ofMachine = (check: AuthzCheck, answer: Exclude<MachineAnswer, undefined>): Verdict => {
    if (answer.kind !== 'admitted') return refusal(newId(), answer.reason, { detail: answer.detail })
    // The same list for the same answer, and a token that is known has the same.
    const known = named.get(answer)
    if (known !== undefined) return allow(check, answer.by, known, answer.user)
    const set = identity.of(answer.user, answer.groups)
    named.set(answer, set)
    return { ...allow(check, answer.by, set, answer.user), isNew: true }
  }

  const ofSignIn = (check: AuthzCheck, answer: SignInAnswer): Verdict => {
    const { about, status, headers, body = '' } = answer
    if (answer.failure !== undefined) return refusal(newId(), 'unavailable', { detail: 'the sign-in failed' })
    if (about?.kind === 'admitted' && status < 300)
      return allow(check, 'session', setOf(answer, about.user), about.user.userId, status)
    if (about?.kind === 'exempt' && status === 200) return allow(check, 'exempt', NONE)
    const id = newId()
    if (about?.kind === 'nobody' && about.api) return refusal(id, 'not-signed-in', about.api)
    if (about?.kind === 'unavailable')
      return refusal(id, 'unavailable', { detail: 'the sign-in is unavailable' })
    const kind = about?.kind === 'nobody' ? 'challenge' : about?.kind === 'refused' ? 'deny' : 'sign-in'
    const reason: Reason =
      about?.kind === 'nobody' ? 'not-signed-in' : about?.kind === 'refused' ? 'not-admitted' : 'sign-in'
    if (status >= 200 && status < 300 && check.via !== 'direct') {
      if (kind !== 'sign-in')
        return refusal(id, 'failed', { detail: `the sign-in answers ${status} to nobody` })
      // The proxy takes a page for "let it through": then as nobody, to where a route has it. That may
      // be this very port, where nobody tells a check from a visit, so the page stands in the answer.
      // Envoy lets through at 200 only, nginx and Traefik at every 2xx.
      if (check.via !== 'grpc' && (check.via !== 'http' || status === 200))
        return { ...allow(check, 'exempt', NONE), page: { headers, body } }
    }
    const marks: HeaderList =
      kind === 'sign-in'
        ? NONE
        : [
            ['x-kfdoor-code', words[reason].code],
            ['x-kfdoor-decision', id],
          ]
    return { kind, id, reason, status, headers: [...headers, ...marks], body }
  }

  const bySignIn = (check: AuthzCheck): Verdict | Promise<Verdict> => {
    const answer = signIn.check(engineCheck(check))
    return answer instanceof Promise ? answer.then((late) => ofSignIn(check, late)) : ofSignIn(check, answer)
  }

  const decide = (check: AuthzCheck): Verdict | Promise<Verdict> => {
    const wrong = unreadable(check)
    if (wrong !== undefined) return refusal(newId(), 'bad-check', { detail: wrong })
    const token = bearerToken(check.headers)
    if (token === 'ambiguous')
      return refusal(newId(), 'bad-check', { detail: 'several Authorization headers' })
    if (token === undefined) return bySignIn(check)
    return andThen(machines.identify(token), (found) => (found ? ofMachine(check, found) : bySignIn(check)))
  }
  /** What a failing store says may hold an address; it goes to the log and nowhere else. */
  const failed = (error: unknown): Verdict =>
    refusal(newId(), 'failed', { detail: error instanceof Error ? error.message : String(error) })

  return (check) => {
    try {
      const verdict = decide(check)
      return verdict instanceof Promise ? verdict.catch(failed) : verdict
    } catch (error) {
      return failed(error)
    }
  }
}

const statusOf: { readonly [R in Reason]: number } = {
  'not-signed-in': 401,
  'sign-in': 403,
  'not-admitted': 403,
  'token-not-accepted': 401,
  'token-expired': 401,
  'token-audience': 401,
  unavailable: 503,
  'bad-check': 400,
  failed: 503,
}

/** A refusal a program can read (RFC 6750 §3 for the header). */
function refusal(
  id: string,
  reason: Reason,
  more: { readonly detail?: string; readonly login?: string } = {},
): Refuse {
  const { code, error, message, hint } = words[reason]
  const status = statusOf[reason]
  const headers: [string, string][] = [
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
    ['x-content-type-options', 'nosniff'],
    ['x-kfdoor-code', code],
    ['x-kfdoor-decision', id],
  ]
  if (status === 401) {
    const token = error === 'invalid_token' ? `, error="invalid_token", error_description="${message}"` : ''
    headers.push(['www-authenticate', `Bearer realm="kfdoor"${token}`])
  }
  if (status === 503) headers.push(['retry-after', '5'])
  const { login, detail } = more
  const body = { error, code, message, hint, ...(login !== undefined && { login }), decision: id }
  return {
    kind: reason === 'not-signed-in' ? 'challenge' : 'deny',
    id,
    reason,
    ...(detail !== undefined && { detail }),
    status,
    headers,
    body: `${JSON.stringify(body)}\n`,
  }
}

/** Why the check cannot be decided, if so: two readings of where it goes are none. */
function unreadable({ via, target, host }: AuthzCheck): string | undefined {
  if (target === '') return via === 'forward-auth' || via === 'auth-request' ? undefined : 'no path'
  if (!target.startsWith('/')) return 'the path does not begin with a slash'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u0020\u007f]/.test(target)) return 'a control character in the path'
  return /[\s,@/\\]/.test(host) ? 'the host is none' : undefined
}

/** The token of the only `Authorization: Bearer` header (RFC 6750 §2.1; the scheme in any case). */
function bearerToken(headers: HeaderList): string | 'ambiguous' | undefined {
  let found: string | undefined
  for (const [name, value] of headers) {
    if (name !== 'authorization') continue
    if (found !== undefined) return 'ambiguous'
    found = value
  }
  if (found === undefined || found.length < 8 || found.slice(0, 7).toLowerCase() !== 'bearer ')
    return undefined
  const token = found.slice(7).trim()
  return token === '' ? undefined : token
}

/** Of an answer that lets through, what is for the workload and not for a browser. */
function forUpstream(headers: HeaderList): HeaderList {
  return headers.some(([name]) => name === 'content-type')
    ? headers.filter(([name]) => name !== 'content-type')
    : headers
}

function engineCheck({ method, target, host, headers }: AuthzCheck): EngineCheck {
  return {
    provider: 'kfdoor',
    service: 'kfdoor',
    method,
    path: target === '' ? '/' : target,
    host,
    headers,
    protocol: 'http',
    timeoutMs: 10_000,
  }
}
