/**
 * RequestAuthentications made ready: which jwtRules a proxy runs, in which order, with which keys.
 *
 * Agrees with Istio's pilot/pkg/security/authn/policy_applier.go and pilot/pkg/model/jwks_resolver.go.
 */
import type { JwtRule, RequestAuthentication } from '../mesh/index.ts'
import { type Jwk, readJwks } from './jwks.ts'
import type { VerificationKey } from './seam.ts'
import { type Locations, locationsOf } from './token-location.ts'
import { lowerCase } from './value-pattern.ts'

/** One jwtRule, ready to run. */
export interface JwtProvider {
  readonly owner: RequestAuthentication
  readonly rule: JwtRule
  /** Place in `jwtRules` of its owner. */
  readonly index: number
  readonly issuer: string
  readonly audiences: ReadonlySet<string>
  readonly locations: Locations
  readonly keys: readonly ProviderKey[]
  /** Why there is no key of the issuer's own. */
  readonly keyProblem?: 'unfetched' | 'unusable'
  /** Headers it writes, and therefore takes from the client first. Lower case. */
  readonly written: readonly string[]
  /** String claims that are split at spaces before policies see them. */
  readonly spaceDelimited: readonly string[]
}

interface ProviderKey extends Jwk {
  readonly id: string
}

/** `fetched` answers for a JWKS URI or a discovery document; undefined = not to be had. */
export function compileProviders(
  policies: readonly RequestAuthentication[],
  fetched: (uri: string) => string | undefined,
): readonly JwtProvider[] {
  const providers = policies.flatMap((owner) =>
    owner.jwtRules.map((rule, index) => compileProvider(owner, rule, index, fetched)),
  )
  // Stable, as istiod sorts them; the order decides which error a request with several sees.
  return providers.sort((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0))
}

export function verificationKeys(providers: readonly JwtProvider[]): readonly VerificationKey[] {
  return providers.flatMap((provider) => provider.keys.map(({ id, jwk }) => ({ id, jwk })))
}

function compileProvider(
  owner: RequestAuthentication,
  rule: JwtRule,
  index: number,
  fetched: (uri: string) => string | undefined,
): JwtProvider {
  const text = jwksText(rule, fetched)
  const found = text === undefined ? undefined : (readJwks(text) ?? [])
  const outputs = [
    ...(rule.outputPayloadToHeader ? [rule.outputPayloadToHeader.value] : []),
    ...rule.outputClaimToHeaders.map((output) => output.header),
  ]
  return {
    owner,
    rule,
    index,
    issuer: rule.issuer.value,
    audiences: new Set(rule.audiences.map((audience) => plainAudience(audience.value))),
    locations: locationsOf(rule),
    // istiod puts in a key nobody holds when it cannot fetch the issuer's: tokens fail, none pass.
    keys: (found ?? []).map((key, at) => ({
      ...key,
      id: `${owner.namespace}/${owner.name}/jwtRules[${index}]/keys[${at}]`,
    })),
    ...(found === undefined && { keyProblem: 'unfetched' as const }),
    ...(found?.length === 0 && { keyProblem: 'unusable' as const }),
    written: [...new Set(outputs.map(lowerCase))],
    spaceDelimited: [...new Set([...rule.spaceDelimitedClaims, 'permission', 'scope'])],
  }
}

/** The JWKS of a rule; undefined = it cannot be fetched. */
export function jwksText(rule: JwtRule, fetched: (uri: string) => string | undefined): string | undefined {
  if (rule.jwks !== undefined && rule.jwks.value !== '') return rule.jwks.value
  if (rule.jwksUri !== undefined && rule.jwksUri.value !== '') return fetched(rule.jwksUri.value)
  const issuer = rule.issuer.value.replace(/\/$/, '')
  const discovery = fetched(`${issuer}/.well-known/openid-configuration`)
  if (discovery === undefined) return undefined
  try {
    const uri: unknown = (JSON.parse(discovery) as { readonly jwks_uri?: unknown } | null)?.jwks_uri
    return typeof uri === 'string' ? fetched(uri) : undefined
  } catch {
    return undefined
  }
}

/** Without scheme and one trailing slash. */
export function plainAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
