import type { JwtRule } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A door that verifies tokens, and knows no issuer of service accounts. */
export const machineIssuerMissing: Rule = {
  code: 'KFD0208',
  severity: 'warning',
  title: 'service accounts cannot get in: their issuer is not configured',
  why: 'Jobs and callers outside the browser come with a Kubernetes service account’s token. Without a jwtRule for its issuer the gateway answers 401 `Jwt issuer is not configured`.',
  remedy:
    'Add a RequestAuthentication with the issuer of the cluster (`kubectl get --raw /.well-known/openid-configuration`), its JWKS and an audience; Kubeflow’s `m2m` overlays do this.',

  *check({ queries }) {
    for (const gateway of queries.gateways()) {
      if (!queries.isOutward(gateway)) continue
      const found = queries.authenticationsOn(gateway.proxy)
      const [first] = found
      if (first === undefined) continue
      if (found.some(({ jwtRules }) => jwtRules.some(isMachineRule))) continue
      yield {
        message: `${nameOf(first)} knows no issuer of service accounts, so their tokens get 401 \`Jwt issuer is not configured\``,
        evidence: [{ at: first.at, text: nameOf(first) }],
      }
    }
  },
}

/** Issuers of Kubernetes clusters: the API server’s own names and keys, and those of the large providers. */
export function isMachineRule({ issuer: { value: issuer }, jwksUri }: JwtRule): boolean {
  return (
    /^https:\/\/kubernetes\.default(\.svc)?([.:/]|$)/.test(issuer) ||
    /^https:\/\/oidc\.eks[.-]/.test(issuer) ||
    /^https:\/\/container\.googleapis\.com\//.test(issuer) ||
    /oic\.prod-aks\.azure\.com\//.test(issuer) ||
    /(^|\/\/)rancher/.test(issuer) ||
    // Where the API server shows its keys, directly or through a proxy of the cluster.
    /\/openid\/v1\/jwks$/.test(jwksUri?.value ?? '')
  )
}
