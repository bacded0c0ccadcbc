import type { At } from '../base/index.ts'
import type { AuthorizationPolicy, AuthorizationRule, Operation, Source, Text } from '../mesh/index.ts'
import type { Attributes } from './attributes.ts'
import { type ConditionContext, compileCondition } from './condition.ts'
import { compileField, type Field, type FieldResult, type Translate } from './field.ts'
import { hostValue, methodValue, pathValue, portValue } from './operation-values.ts'
import {
  namespaceValue,
  principalValue,
  remoteIpValue,
  serviceAccountValue,
  sourceIpValue,
  trustDomainValue,
} from './source-values.ts'
import { requestPrincipalValue } from './token-values.ts'
import type { TrustDomains } from './trust-domain.ts'

/** Fields that must all hold: one `from` or `to` entry with the `when` conditions of its side. */
export interface Entry {
  /** `from[0]`, `to[1]`; empty when the rule has none and only `when` speaks. */
  readonly place: string
  readonly at: At
  readonly fields: readonly Field[]
}

/** One rule: any `from` entry and any `to` entry. */
export interface Rule {
  readonly policy: AuthorizationPolicy
  readonly index: number
  readonly at: At
  /** Envoy's name of it; Envoy tries rules in the order of these names. */
  readonly name: string
  readonly from: readonly Entry[]
  readonly to: readonly Entry[]
}

/** A rule Istio leaves out, and the value or key it stumbled over. */
export interface DroppedRule {
  readonly policy: AuthorizationPolicy
  readonly index: number
  readonly at: At
  readonly reason: 'bad-value' | 'unknown-key' | 'http-only-field'
  readonly values: readonly Text[]
}

export interface RuleContext {
  readonly domains: TrustDomains
  readonly tcp: boolean
}

export function ruleMatches(rule: Rule, attributes: Attributes): boolean {
  return someEntry(rule.from, attributes) && someEntry(rule.to, attributes)
}

function someEntry(entries: readonly Entry[], attributes: Attributes): boolean {
  for (const entry of entries) if (entryMatches(entry, attributes)) return true
  return false
}

function entryMatches(entry: Entry, attributes: Attributes): boolean {
  for (const field of entry.fields) if (!field.test(attributes)) return false
  return true
}

/** A value spoils an ALLOW rule and only narrows the others less: see field.ts. */
export function compileRule(
  policy: AuthorizationPolicy,
  rule: AuthorizationRule,
  index: number,
  context: RuleContext,
): Rule | DroppedRule {
  const conditions: ConditionContext = { ...context, policyNamespace: policy.namespace }
  const bad: Text[] = []
  const permissions: Field[] = []
  const identities: Field[] = []
  for (const when of rule.when ?? []) {
    const compiled = compileCondition(when, conditions)
    if (compiled === undefined) {
      return { policy, index, at: when.at, reason: 'unknown-key', values: [when.key] }
    }
    bad.push(...compiled.bad)
    const key = when.key.value
    const side = /^(destination\.|connection\.|experimental\.)/.test(key) ? permissions : identities
    side.push(...compiled.fields)
  }
  const entries = <T>(
    list: readonly (T & { readonly at: At })[] | undefined,
    place: string,
    base: readonly Field[],
    fields: (item: T) => readonly FieldResult[],
  ): readonly Entry[] => {
    if (list === undefined || list.length === 0) return [{ place: '', at: rule.at, fields: base }]
    return list.map((item, at) => {
      const results = fields(item)
      for (const result of results) bad.push(...result.bad)
      return {
        place: `${place}[${at}]`,
        at: item.at,
        fields: [...results.flatMap((result) => result.fields), ...base],
      }
    })
  }
  const from = entries(rule.from, 'from', identities, (item) => sourceFields(item.source, conditions))
  const to = entries(rule.to, 'to', permissions, (item) => operationFields(item.operation, context.tcp))
  if (bad.length > 0 && (policy.action?.value ?? 'ALLOW') === 'ALLOW') {
    return { policy, index, at: rule.at, reason: context.tcp ? 'http-only-field' : 'bad-value', values: bad }
  }
  return { policy, index, at: rule.at, name: ruleName(policy, index), from, to }
}

/** `builder.go`, policyName. */
function ruleName(policy: AuthorizationPolicy, index: number): string {
  return `ns[${policy.namespace}]-policy[${policy.name}]-rule[${index}]`
}

const httpOnly: Translate = () => undefined

function operationFields(operation: Operation | undefined, tcp: boolean): readonly FieldResult[] {
  if (operation === undefined) return []
  const { at } = operation
  const http = (translate: Translate) => (tcp ? httpOnly : translate)
  return [
    compileField('hosts', at, operation.hosts, operation.notHosts, http(hostValue)),
    compileField('methods', at, operation.methods, operation.notMethods, http(methodValue)),
    compileField('paths', at, operation.paths, operation.notPaths, http(pathValue)),
    compileField('ports', at, operation.ports, operation.notPorts, portValue),
  ]
}

function sourceFields(source: Source | undefined, context: ConditionContext): readonly FieldResult[] {
  if (source === undefined) return []
  const { at } = source
  const requestPrincipals = context.tcp ? httpOnly : requestPrincipalValue
  return [
    compileField('principals', at, source.principals, source.notPrincipals, principalValue(context.domains)),
    compileField(
      'requestPrincipals',
      at,
      source.requestPrincipals,
      source.notRequestPrincipals,
      requestPrincipals,
      true,
    ),
    compileField(
      'serviceAccounts',
      at,
      source.serviceAccounts,
      source.notServiceAccounts,
      serviceAccountValue(context.policyNamespace),
    ),
    compileField(
      'trustDomains',
      at,
      source.trustDomains,
      source.notTrustDomains,
      trustDomainValue(context.domains),
    ),
    compileField('namespaces', at, source.namespaces, source.notNamespaces, namespaceValue),
    compileField('remoteIpBlocks', at, source.remoteIpBlocks, source.notRemoteIpBlocks, remoteIpValue),
    compileField('ipBlocks', at, source.ipBlocks, source.notIpBlocks, sourceIpValue),
  ]
}
