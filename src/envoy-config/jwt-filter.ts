import type { JwtRule } from '../mesh/index.ts'
import type { Blueprint, JwtProvider } from '../policy/index.ts'
import { compact, extension, type Json, some } from './json.ts'

/**
 * Stands in for keys nobody could fetch: a public key whose private half was never kept, so every
 * token of that issuer fails.
 */
const nobodysKey = JSON.stringify({
  keys: [
    {
      kty: 'RSA',
      e: 'AQAB',
      n: 'yyVe0iyeqRqqtZ8q_Wx9_Iesb6gKJMa7tDHkEtRmHG59ZCb_NVyAwUrRlKmujHSM2Re4rVBoWt49KHVtbHLvQLfIKkg_Bn--QDYNbq22KpEMkVknwmRTUl6uAMsDtNVlkD2oVNIoSKpNH-w1Ad7TPOunAtYxXKWfs_ocuVEXqxjycsLAo3bwbnx5SpS7ydXnUcJJ4K7UxtNp4NjK8zw7l42wPEtol_Dhr2PTiavPvxHSmYZqGPv6GW1UiZH7CO6gV2J8zKFcx7t8eYfexibpK8SEFIz9TBjKfAI6DRupyL0tTbkglwSc6NI9Ar45R02ZIHrpDUDFa8IqoKFa19tjCw',
    },
  ],
})

/** `jwt_authn` as istiod writes it: pilot/pkg/security/authn/policy_applier.go. */
export function jwtFilter(blueprint: Blueprint): Json | undefined {
  const { jwt, proxy } = blueprint
  if (jwt.length === 0) return undefined
  const names = jwt.map((_, index) => `origins-${index}`)
  const orMissing = (providerName: string): Json => ({
    requiresAny: { requirements: [{ providerName }, { allowMissing: {} }] },
  })
  const each = names.map(orMissing)
  const requires =
    each.length === 1
      ? each[0]
      : {
          requiresAny: {
            requirements: [
              ...names.map((providerName) => ({ providerName })),
              { requiresAll: { requirements: each } },
            ],
          },
        }
  const gateway = proxy.kind === 'gateway'
  return extension(
    'envoy.filters.http.jwt_authn',
    'extensions.filters.http.jwt_authn.v3.JwtAuthentication',
    compact({
      bypassCorsPreflight: true,
      providers: Object.fromEntries(
        jwt.map((provider, index) => [names[index] as string, providerOf(blueprint, provider, gateway)]),
      ),
      rules: [{ match: { prefix: '/' }, requires }],
    }),
  )
}

function providerOf(blueprint: Blueprint, provider: JwtProvider, gateway: boolean): Json {
  const { rule } = provider
  return {
    issuer: rule.issuer.value || undefined,
    audiences: some(rule.audiences.map(({ value }) => value)),
    localJwks: { inlineString: blueprint.jwks(provider) ?? nobodysKey },
    forward: rule.forwardOriginalToken || undefined,
    ...locationsOf(rule),
    forwardPayloadHeader: rule.outputPayloadToHeader?.value || undefined,
    claimToHeaders: some(
      rule.outputClaimToHeaders.map(({ header, claim }) => ({ headerName: header, claimName: claim })),
    ),
    payloadInMetadata: 'payload',
    normalizePayloadInMetadata: { spaceDelimitedClaims: [...provider.spaceDelimited].sort() },
    // Only a gateway chooses its route again once a token is known.
    clearRouteCache: gateway || undefined,
  }
}

function locationsOf(rule: JwtRule): Json {
  return {
    fromHeaders: some(
      rule.fromHeaders.map(({ name, prefix }) => ({ name, ...(prefix && { valuePrefix: prefix }) })),
    ),
    fromParams: some(rule.fromParams.map(({ value }) => value)),
    fromCookies: some(rule.fromCookies.map(({ value }) => value)),
  }
}
