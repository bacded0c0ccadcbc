import type { BenchInput, BenchRule } from '../rules.ts'

/** The part of `@cedar-policy/cedar-wasm` that decides with policies parsed beforehand. */
interface Cedar {
  preparsePolicySet(id: string, set: { readonly staticPolicies: string }): { readonly type: string }
  statefulIsAuthorized(call: {
    readonly principal: CedarName
    readonly action: CedarName
    readonly resource: CedarName
    readonly context: Readonly<Record<string, unknown>>
    readonly preparsedPolicySetId: string
    readonly entities: readonly never[]
  }): { readonly type: string; readonly response?: { readonly decision: 'allow' | 'deny' } }
}
interface CedarName {
  readonly type: string
  readonly id: string
}

function cedarText(rules: readonly BenchRule[]): string {
  return rules
    .map((rule) => {
      const { path, methods, principal, group } = rule
      const text = path.text.replaceAll('*', '\\*')
      const pattern = path.kind === 'prefix' ? `${text}*` : `*${text}`
      const conditions = [
        path.kind === 'exact'
          ? `context.path == ${JSON.stringify(text)}`
          : `context.path like ${JSON.stringify(pattern)}`,
        ...(methods.length > 0 ? [`${JSON.stringify(methods)}.contains(context.method)`] : []),
        ...(group === undefined ? [] : [`context.groups.contains(${JSON.stringify(group)})`]),
      ]
      const who = principal === undefined ? 'principal' : `principal == User::${JSON.stringify(principal)}`
      return `${rule.action === 'DENY' ? 'forbid' : 'permit'} (${who}, action, resource) when { ${conditions.join(' && ')} };`
    })
    .join('\n')
}

/** @throws where Cedar does not take the policies. */
export function cedarEngine(
  rules: readonly BenchRule[],
  peers: NodeJS.Require,
): (input: BenchInput) => boolean {
  const cedar = peers('@cedar-policy/cedar-wasm/nodejs') as Cedar
  const id = `bench-${rules.length}`
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: cedarText(rules) })
  if (parsed.type !== 'success') throw new Error(`cedar refuses the policies: ${JSON.stringify(parsed)}`)
  const action = { type: 'Action', id: 'call' }
  const resource = { type: 'App', id: 'app' }
  return ({ principal, ...context }) => {
    const answer = cedar.statefulIsAuthorized({
      principal: { type: 'User', id: principal },
      action,
      resource,
      context,
      preparsedPolicySetId: id,
      entities: [],
    })
    if (answer.type !== 'success') throw new Error(`cedar fails: ${JSON.stringify(answer)}`)
    return answer.response?.decision === 'allow'
  }
}
