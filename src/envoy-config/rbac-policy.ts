import type { AuthorizationPolicy } from '../mesh/index.ts'
import { isDryRun } from '../policy/index.ts'
import type { Json } from './json.ts'
import { fieldsOfRule, type RuleField } from './rule-fields.ts'
import type { ValueContext } from './rule-values.ts'

/** Whose values, when they cannot be translated, spoil the whole rule: only ALLOW's. */
export type RbacAction = 'LOG' | 'DENY' | 'ALLOW'

export type PolicyContext = Omit<ValueContext, 'policyNamespace'>

/** Envoy's names of what a permission and a principal are joined with. */
const permission = { and: 'andRules', or: 'orRules', list: 'rules', not: 'notRule' } as const
const principal = { and: 'andIds', or: 'orIds', list: 'ids', not: 'notId' } as const
type Words = typeof permission | typeof principal

/** Never matches: what istiod writes for a policy without rules. */
const never: Json = {
  permissions: [{ notRule: { any: true } }],
  principals: [{ notId: { any: true } }],
}

/**
 * `envoy.config.rbac.v3.RBAC` of some policies: pilot/pkg/security/authz/builder/builder.go, build.
 * `before` stands in front of every rule's name.
 */
export function rbacRules(
  policies: readonly AuthorizationPolicy[],
  action: RbacAction,
  context: PolicyContext,
  before = '',
  behind = '',
): Json {
  const entries: [string, Json][] = []
  for (const policy of policies) {
    const name = (index: number) =>
      `${before}ns[${policy.namespace}]-policy[${policy.name}]-rule[${index}]${behind}`
    const rules = policy.rules ?? []
    if (rules.length === 0) entries.push([name(0), never])
    for (const [index, rule] of rules.entries()) {
      const fields = fieldsOfRule(rule, { ...context, policyNamespace: policy.namespace })
      if (fields === undefined) continue
      const strict = action === 'ALLOW'
      const permissions = fields.permissions.map((list) => testsOf(list, permission, strict))
      const principals = fields.principals.map((list) => testsOf(list, principal, strict))
      if ([...permissions, ...principals].includes(undefined)) continue
      entries.push([name(index), { permissions, principals } as Json])
    }
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return {
    ...(action !== 'ALLOW' && { action }),
    ...(entries.length > 0 && { policies: Object.fromEntries(entries) }),
  }
}

/** All fields of one entry; undefined = a value spoils it. */
function testsOf(fields: readonly RuleField[], words: Words, strict: boolean): Json | undefined {
  const tests: Json[] = []
  for (const field of fields) {
    const own = testsOfField(field, words, strict)
    if (own === undefined) return undefined
    tests.push(...own)
  }
  return join(words.and, words, tests.length === 0 ? [{ any: true }] : tests)
}

function testsOfField(
  { generator, values, notValues }: RuleField,
  words: Words,
  strict: boolean,
): readonly Json[] | undefined {
  const tests: Json[] = []
  for (const [list, negated] of [
    [values, false],
    [notValues, true],
  ] as const) {
    if (list.length === 0) continue
    let test: Json | undefined
    if (generator.kind === 'all') {
      test = generator.of(list)
      if (test === undefined && strict) return undefined
    } else {
      const found = list.map(generator.of)
      if (strict && found.includes(undefined)) return undefined
      const good = found.flatMap((each) => each ?? [])
      test = good.length === 0 ? undefined : join(words.or, words, good)
    }
    if (test !== undefined) tests.push(negated ? { [words.not]: test } : test)
  }
  return tests
}

function join(how: string, words: Words, tests: readonly Json[]): Json {
  return { [how]: { [words.list]: tests } }
}

/** The two halves of a filter: what is enforced and what is only looked at. */
export function partedByDryRun(policies: readonly AuthorizationPolicy[]) {
  return {
    enforced: policies.filter((policy) => !isDryRun(policy)),
    shadow: policies.filter(isDryRun),
  }
}
