import type { RequestAuthentication } from '../../mesh/index.ts'
import { dexIssuer } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'

/** One issuer written in two ways, of which a token has only one. */
export const issuerSpelling: Rule = {
  code: 'KFD0207',
  severity: 'warning',
  title: 'an issuer is known under one of its spellings only',
  why: 'A token is matched to a rule by its `iss`, byte for byte. Clusters write `https://kubernetes.default.svc` or `https://kubernetes.default.svc.cluster.local`, and a slash at the end is another issuer: `Jwt issuer is not configured`.',
  remedy: 'Read `iss` of a real token, and write a jwtRule for each spelling in use.',

  *check({ mesh, queries }) {
    // One workload knows what all objects on it say; an object no pod of the YAML has is looked at by itself.
    const taken = new Set<RequestAuthentication>()
    const places = queries.proxies().map(({ proxy }) => queries.authenticationsOn(proxy))
    for (const object of places.flat()) taken.add(object)
    const alone = mesh.requestAuthentications.filter((each) => !taken.has(each)).map((each) => [each])
    const dex = dexIssuer(mesh)
    for (const objects of [...places, ...alone]) {
      const rules = objects.flatMap(({ jwtRules }) => jwtRules)
      const known = new Set(rules.map(({ issuer }) => issuer.value))
      for (const { issuer } of rules) {
        const other = twins.get(issuer.value)
        if (other !== undefined && !known.has(other)) {
          yield {
            message: `tokens of this cluster may say \`${other}\`, and only \`${issuer.value}\` is known`,
            evidence: [{ at: issuer.at, text: issuer.value }],
          }
        }
        if (dex === undefined || known.has(dex.value) || fold(issuer.value) !== fold(dex.value)) continue
        yield {
          severity: 'error',
          message: `Dex issues tokens as \`${dex.value}\`, and the rule expects \`${issuer.value}\``,
          evidence: [
            { at: issuer.at, text: issuer.value },
            { at: dex.at, text: dex.value },
          ],
          fix: { at: issuer.at, replace: issuer.value, with: dex.value },
        }
      }
    }
  },
}

/** What two spellings of one address have in common. */
function fold(issuer: string): string {
  return issuer
    .toLowerCase()
    .replace(/^http:\/\/([^/:]+):80(?=\/|$)|^https:\/\/([^/:]+):443(?=\/|$)/, '$1$2')
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
}

const twins = new Map([
  ['https://kubernetes.default.svc', 'https://kubernetes.default.svc.cluster.local'],
  ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc'],
])
