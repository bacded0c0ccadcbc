import type { BenchRule } from './rules.ts'

/** A rule as an AuthorizationPolicy of the ingress gateway. */
export function policyYaml(rule: BenchRule, index: number): string {
  const { kind, text } = rule.path
  const path = kind === 'exact' ? text : kind === 'prefix' ? `${text}*` : `*${text}`
  const lines = [
    'apiVersion: security.istio.io/v1',
    'kind: AuthorizationPolicy',
    `metadata: {name: rule-${index}, namespace: istio-system}`,
    'spec:',
    `  action: ${rule.action}`,
    '  selector: {matchLabels: {istio: ingressgateway}}',
    '  rules:',
    `  - from: [{source: {requestPrincipals: ["${rule.principal ?? '*'}"]}}]`,
    '    to:',
    '    - operation:',
    `        paths: ["${path}"]`,
    ...(rule.methods.length > 0 ? [`        methods: ${JSON.stringify(rule.methods)}`] : []),
    ...(rule.group !== undefined
      ? ['    when:', `    - {key: "request.auth.claims[groups]", values: ["${rule.group}"]}`]
      : []),
  ]
  return `${lines.join('\n')}\n`
}
