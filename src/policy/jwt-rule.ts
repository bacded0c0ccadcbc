/**
 * jwtRules on a request, as Envoy's jwt_authn filter runs them: whether its tokens satisfy them, and
 * what the request looks like afterwards.
 *
 * Agrees with the requirement istiod builds (pilot/pkg/security/authn/policy_applier.go) and Envoy's
 * jwt_authn verifier.cc and authenticator.cc.
 */
import type { Claims } from './attributes.ts'
import { claimHeaderText } from './claim-header.ts'
import type { HeaderList } from './decision.ts'
import { type JwtProvider, plainAudience } from './jwt-provider.ts'
import type { JwtFailure } from './jwt-status.ts'
import { readToken, type Token } from './token.ts'
import { type FoundToken, findTokens, withoutToken } from './token-location.ts'
import { lowerCase } from './value-pattern.ts'

/** What became of one rule, for the steps. */
export interface JwtTrial {
  readonly provider: JwtProvider
  readonly failure?: JwtFailure
  readonly token?: Token
}

export type JwtResult =
  | { readonly kind: 'failed'; readonly failure: JwtFailure; readonly trials: readonly JwtTrial[] }
  | {
      readonly kind: 'passed'
      readonly headers: HeaderList
      readonly path: string
      readonly claims?: Claims
      /** A token was accepted, so the route is chosen again where the filter asks for that. */
      readonly accepted: boolean
      readonly trials: readonly JwtTrial[]
    }

export interface JwtInput {
  /** Reads a token's text; undefined = anew each time. */
  readonly read?: typeof readToken
  readonly method: string
  readonly headers: HeaderList
  readonly path: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly verified: (keyId: string, token: string) => boolean
  /** false = nobody wants to know what became of each rule. */
  readonly trace?: boolean
}

/** Envoy allows clocks to differ by this many seconds. */
const skew = 60

/** A browser's question before the real request: it carries no credentials, so none are looked at. */
function isPreflight(input: JwtInput): boolean {
  const has = (wanted: string) => input.headers.some(([name, value]) => name === wanted && value !== '')
  return input.method === 'OPTIONS' && has('origin') && has('access-control-request-method')
}

export function runJwt(providers: readonly JwtProvider[], input: JwtInput): JwtResult {
  const run = new JwtRun(providers, input)
  if (!isPreflight(input)) {
    const failure = run.requirement()
    if (failure !== undefined) return { kind: 'failed', failure, trials: run.trials }
  }
  return run.passed()
}

const noTrials: readonly JwtTrial[] = []
const noHeaders: readonly never[] = []

/** One request on its way through the requirement tree; the tree changes the request as it goes. */
class JwtRun {
  headers: HeaderList
  path: string
  claims: Claims | undefined = undefined
  accepted = false
  trials: readonly JwtTrial[] = noTrials
  readonly #providers: readonly JwtProvider[]
  readonly #input: JwtInput

  constructor(providers: readonly JwtProvider[], input: JwtInput) {
    this.#providers = providers
    this.#input = input
    this.headers = input.headers
    this.path = input.path
    // What any rule writes no client may send, token or not, preflight or not.
    for (const provider of providers) this.#removeWritten(provider)
  }

  passed(): JwtResult {
    const { headers, path, claims, accepted, trials } = this
    return claims === undefined
      ? { kind: 'passed', headers, path, accepted, trials }
      : { kind: 'passed', headers, path, claims, accepted, trials }
  }

  /** `any[p0, …, all[any[p0, missing], …]]`; with one rule only `any[p0, missing]`. */
  requirement(): JwtFailure | undefined {
    const [only] = this.#providers
    if (this.#providers.length === 1 && only !== undefined) {
      const failure = this.#provider(only)
      return failure === 'token-missing' ? undefined : failure
    }
    let worst: JwtFailure = 'token-missing'
    for (const provider of this.#providers) {
      const failure = this.#provider(provider)
      if (failure === undefined) return undefined
      worst = weigh(worst, failure)
    }
    const all = this.#allOrMissing()
    return all === undefined ? undefined : weigh(worst, all)
  }

  #allOrMissing(): JwtFailure | undefined {
    for (const provider of this.#providers) {
      const failure = this.#provider(provider)
      if (failure !== undefined && failure !== 'token-missing') return failure
    }
    return undefined
  }

  /** Every token in the rule's locations has to pass; the last found is tried first. */
  #provider(provider: JwtProvider): JwtFailure | undefined {
    this.#removeWritten(provider)
    const tokens = findTokens(provider.locations, this.headers, this.path)
    if (tokens.length === 0) return this.#tried(provider, 'token-missing')
    for (let at = tokens.length - 1; at >= 0; at--) {
      const found = tokens[at] as FoundToken
      const token = (this.#input.read ?? readToken)(found.text)
      if (typeof token === 'string') return this.#tried(provider, token)
      const failure = judge(provider, token, this.#input)
      if (failure !== undefined) return this.#tried(provider, failure, token)
      this.#accept(provider, token, found)
    }
    return undefined
  }

  #trials(): JwtTrial[] {
    if (this.trials === noTrials) this.trials = []
    return this.trials as JwtTrial[]
  }

  #tried(provider: JwtProvider, failure: JwtFailure, token?: Token): JwtFailure {
    if (this.#input.trace !== false) this.#trials().push({ provider, failure, ...(token && { token }) })
    return failure
  }

  #removeWritten(provider: JwtProvider): void {
    if (provider.written.length === 0) return
    if (!this.headers.some(([name]) => provider.written.includes(name))) return
    this.headers = this.headers.filter(([name]) => !provider.written.includes(name))
  }

  #accept(provider: JwtProvider, token: Token, found: FoundToken): void {
    const { rule } = provider
    let added: readonly (readonly [string, string])[] = noHeaders
    if (rule.outputPayloadToHeader !== undefined && rule.outputPayloadToHeader.value !== '') {
      added = [[lowerCase(rule.outputPayloadToHeader.value), token.payloadPart]]
    }
    for (const { header, claim } of rule.outputClaimToHeaders) {
      const text = claimHeaderText(token.payload, claim)
      if (text !== '') added = [...added, [lowerCase(header), text]]
    }
    if (added.length > 0) this.headers = [...this.headers, ...added]
    if (!rule.forwardOriginalToken) {
      const rest = withoutToken(found, this.headers, this.path)
      this.headers = rest.headers
      this.path = rest.path
    }
    this.claims = splitClaims(token.payload, provider.spaceDelimited)
    this.accepted = true
    if (this.#input.trace !== false) this.#trials().push({ provider, token })
  }
}

/** `missing` gives way to anything, `issuer-unknown` to anything but `missing`; else the later one stays. */
function weigh(sofar: JwtFailure, next: JwtFailure): JwtFailure {
  const minor = next === 'token-missing' || next === 'issuer-unknown'
  return !minor || sofar === 'token-missing' ? next : sofar
}

function judge(provider: JwtProvider, token: Token, input: JwtInput): JwtFailure | undefined {
  if (provider.issuer !== '' && token.issuer !== provider.issuer) return 'issuer-unknown'
  if (input.now + skew < token.notBefore) return 'token-not-yet-valid'
  if (token.expires !== 0 && input.now > token.expires + skew) return 'token-expired'
  if (provider.audiences.size > 0) {
    const allowed = token.audiences.some((audience) => provider.audiences.has(plainAudience(audience)))
    if (!allowed) return 'audience-not-allowed'
  }
  if (provider.keyProblem === 'unfetched') return 'token-signature-invalid'
  if (provider.keyProblem === 'unusable') return 'keys-unusable'
  let eligible = false
  for (const key of provider.keys) {
    if (token.kid !== '' && key.kid !== '' && key.kid !== token.kid) continue
    if (key.alg !== '' && key.alg !== token.alg) continue
    eligible = true
    if (input.verified(key.id, token.compact)) return undefined
    if (key.jwk.kty === 'OKP' && token.signatureLength !== 64) return 'token-signature-length'
  }
  return eligible ? 'token-signature-invalid' : 'key-not-found'
}

/** `scope: "read write"` becomes a list, so that policies can ask for one of them. */
function splitClaims(payload: Claims, names: readonly string[]): Claims {
  let copy: Record<string, unknown> | undefined
  for (const name of names) {
    const value = Object.hasOwn(payload, name) ? payload[name] : undefined
    if (typeof value !== 'string') continue
    const parts = value.split(' ').filter((part) => part !== '')
    if (parts.length === 0) continue
    copy ??= { ...payload }
    copy[name] = parts
  }
  return copy ?? payload
}
