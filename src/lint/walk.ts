/** The parts of a policy, each with where it stands. */
import type {
  AuthorizationPolicy,
  AuthorizationRule,
  Condition,
  Operation,
  Source,
  Text,
} from '../mesh/index.ts'

export function* operationsOf(
  policy: AuthorizationPolicy,
): Generator<{ readonly rule: AuthorizationRule; readonly operation: Operation }> {
  for (const rule of policy.rules ?? []) {
    for (const { operation } of rule.to ?? []) if (operation !== undefined) yield { rule, operation }
  }
}

export function* sourcesOf(
  policy: AuthorizationPolicy,
): Generator<{ readonly rule: AuthorizationRule; readonly source: Source }> {
  for (const rule of policy.rules ?? []) {
    for (const { source } of rule.from ?? []) if (source !== undefined) yield { rule, source }
  }
}

export function* conditionsOf(
  policy: AuthorizationPolicy,
): Generator<{ readonly rule: AuthorizationRule; readonly condition: Condition }> {
  for (const rule of policy.rules ?? []) for (const condition of rule.when ?? []) yield { rule, condition }
}

export interface PathPattern extends Text {
  readonly field: 'paths' | 'notPaths'
}

export function* pathsOf(policy: AuthorizationPolicy): Generator<PathPattern> {
  for (const { operation } of operationsOf(policy)) {
    for (const path of operation.paths ?? []) yield { ...path, field: 'paths' }
    for (const path of operation.notPaths ?? []) yield { ...path, field: 'notPaths' }
  }
}

export function actionOf(policy: AuthorizationPolicy): string {
  return policy.action?.value ?? 'ALLOW'
}

export function nameOf(object: { readonly kind: string; readonly namespace: string; readonly name: string }) {
  return `${object.kind} ${object.namespace}/${object.name}`
}

/** A list as a person reads it: `a`, `b` and 3 more. */
export function listed(values: readonly string[], most = 3): string {
  const quoted = values.slice(0, most).map((value) => `\`${value}\``)
  const rest = values.length - quoted.length
  if (rest > 0) return `${quoted.join(', ')} and ${rest} more`
  if (quoted.length < 2) return quoted.join('')
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`
}
