import type { Rule } from '../rule.ts'

/** An issuer nobody has filled in. */
export const issuerPlaceholder: Rule = {
  code: 'KFD0209',
  severity: 'error',
  title: 'an issuer still holds a placeholder',
  why: 'istiod cannot fetch keys for it, so every token of the real issuer is refused. Kubeflow’s EKS overlay ships with `CLUSTER_ID`.',
  remedy: 'Write the issuer of your cluster: `kubectl get --raw /.well-known/openid-configuration`.',

  *check({ mesh }) {
    for (const { jwtRules } of mesh.requestAuthentications) {
      for (const { issuer, jwksUri } of jwtRules) {
        for (const text of [issuer, jwksUri]) {
          if (text === undefined || !placeholder.test(text.value)) continue
          yield {
            message: `\`${text.value}\` holds a placeholder`,
            evidence: [{ at: text.at, text: text.value }],
          }
        }
      }
    }
  },
}

/** `CLUSTER_ID`, `<tenant>`, `{tenant}` and Helm’s braces, `$VAR`, `${VAR}`, `$(VAR)`, words of who wrote the example. */
const placeholder =
  /CLUSTER_ID|<[^>]*>|\{[^}]*\}|\$[({]?[A-Z_]+|\bREPLACE([-_ ]|\b)|\bCHANGE_?ME\b|\bYOUR[-_]|\bTODO\b/i
