/**
 * The mesh's trust domain and its aliases. A five-part principal `td/ns/N/sa/S` whose `td` is one of
 * them, or the literal `cluster.local`, stands for all of them; any other principal stays as written.
 *
 * Agrees with Istio's pilot/pkg/security/trustdomain/bundle.go.
 */
export type TrustDomains = readonly string[]

export function trustDomains(mesh: {
  readonly trustDomain: string
  readonly trustDomainAliases: readonly string[]
}): TrustDomains {
  return [mesh.trustDomain, ...mesh.trustDomainAliases]
}

/** The principals (without `spiffe://`) that one written principal stands for. */
export function expandPrincipal(principal: string, domains: TrustDomains): readonly string[] {
  const parts = principal.split('/')
  const own = parts[0] as string
  if (parts.length !== 5 || own === '*') return [principal]
  if (own !== 'cluster.local' && !domains.some((domain) => domainMatches(own, domain))) return [principal]
  const rest = parts.slice(1).join('/')
  const expanded = domains.map((domain) => (suffixMatches(domain, own) ? principal : `${domain}/${rest}`))
  return [...new Set(expanded)]
}

/** A `trustDomains` value that is the mesh's, or an alias, stands for all of them. */
export function expandTrustDomain(value: string, domains: TrustDomains): readonly string[] {
  return domains.includes(value) ? domains : [value]
}

/** Patterns on either side, as in that folder's util.go: exact, `td*`, `*td`, and a lone `*` in the mesh. */
function domainMatches(written: string, domain: string): boolean {
  return (
    written === domain ||
    domain === '*' ||
    prefixMatches(written, domain) ||
    prefixMatches(domain, written) ||
    suffixMatches(written, domain) ||
    suffixMatches(domain, written)
  )
}

function prefixMatches(text: string, pattern: string): boolean {
  return pattern.endsWith('*') && text.startsWith(pattern.slice(0, -1))
}

function suffixMatches(text: string, pattern: string): boolean {
  return pattern.startsWith('*') && text.endsWith(pattern.slice(1))
}
