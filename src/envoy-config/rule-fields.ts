/**
 * The fields of a rule in istiod's order: pilot/pkg/security/authz/model/model.go, New and Generate.
 * Each becomes at most two tests, its values and its `not` values.
 */
import type { AuthorizationRule, Condition, Operation, Source, Text } from '../mesh/index.ts'
import { claimPath } from '../policy/index.ts'
import type { Json } from './json.ts'
import {
  claimPrincipal,
  headerOf,
  hostOf,
  methodOf,
  namespaceOf,
  pathOf,
  portOf,
  principalsOf,
  rangeOf,
  requestPrincipal,
  serviceAccountOf,
  sniOf,
  trustDomainsOf,
  type ValueContext,
  type ValueOf,
} from './rule-values.ts'

/** All values of a field at once; undefined = one of them cannot be translated. */
type AllOf = (values: readonly string[]) => Json | undefined

/** Values one by one, or all in one test. */
type Generator =
  | { readonly kind: 'each'; readonly of: (value: string) => readonly Json[] | undefined }
  | { readonly kind: 'all'; readonly of: AllOf }

export interface RuleField {
  readonly generator: Generator
  readonly values: readonly string[]
  readonly notValues: readonly string[]
}

const each = (of: ValueOf): Generator => ({
  kind: 'each',
  of: (value) => {
    const one = of(value)
    return one && [one]
  },
})
const several = (of: (value: string) => readonly Json[]): Generator => ({ kind: 'each', of })
const all = (of: AllOf): Generator => ({ kind: 'all', of })
const bad = each(() => undefined)
const badAll = all(() => undefined)

/** A rule's tests: one list per `to` entry and one per `from` entry. */
export interface RuleFields {
  readonly permissions: readonly (readonly RuleField[])[]
  readonly principals: readonly (readonly RuleField[])[]
}

/** undefined = a condition has a key Istio does not know: the rule is left out. */
export function fieldsOfRule(rule: AuthorizationRule, context: ValueContext): RuleFields | undefined {
  const permissions: RuleField[] = []
  const principals: RuleField[] = []
  for (const when of rule.when ?? []) {
    const found = conditionOf(when, context)
    if (found === undefined) return undefined
    const field = fieldOf(found.generator, when.values, when.notValues)
    if (field !== undefined) (found.permission ? permissions : principals).push(field)
  }
  const { to = [], from = [] } = rule
  return {
    permissions:
      to.length === 0
        ? [permissions]
        : to.map(({ operation }) => [...operationFields(operation, context), ...permissions]),
    principals:
      from.length === 0
        ? [principals]
        : from.map(({ source }) => [...sourceFields(source, context), ...principals]),
  }
}

function fieldOf(
  generator: Generator,
  values: readonly Text[] | undefined,
  notValues: readonly Text[] | undefined,
): RuleField | undefined {
  if (!values?.length && !notValues?.length) return undefined
  const texts = (list: readonly Text[] | undefined) => (list ?? []).map(({ value }) => value)
  return { generator, values: texts(values), notValues: texts(notValues) }
}

function conditionOf(
  { key: { value: key } }: Condition,
  context: ValueContext,
): { readonly generator: Generator; readonly permission?: true } | undefined {
  const permission = (generator: Generator) => ({ generator, permission: true }) as const
  const http = (generator: Generator) => ({
    generator: !context.tcp ? generator : generator.kind === 'all' ? badAll : bad,
  })
  switch (key) {
    case 'destination.ip':
      return permission(each(rangeOf('destinationIp')))
    case 'destination.port':
      return permission(each(portOf(context)))
    case 'connection.sni':
      return permission(each(sniOf))
    case 'source.ip':
      return { generator: each(rangeOf('directRemoteIp')) }
    case 'remote.ip':
      return { generator: each(rangeOf('remoteIp')) }
    case 'source.namespace':
      return { generator: each(namespaceOf) }
    case 'source.trustDomain':
      return { generator: several(trustDomainsOf(context)) }
    case 'source.serviceAccount':
      return { generator: each(serviceAccountOf(context)) }
    case 'source.principal':
      return { generator: several(principalsOf(context)) }
    case 'request.auth.principal':
      return http(all(requestPrincipal))
    case 'request.auth.audiences':
      return http(all((values) => claimPrincipal(['aud'], values)))
    case 'request.auth.presenter':
      return http(all((values) => claimPrincipal(['azp'], values)))
  }
  if (key.startsWith('experimental.envoy.filters.')) return permission(all(metadataOf(key)))
  if (key.startsWith('request.headers')) {
    const name = inBrackets(key.slice('request.headers'.length))
    return http(name === undefined ? bad : each(headerOf(name)))
  }
  if (key.startsWith('request.auth.claims')) {
    const claims = claimPath(key.slice('request.auth.claims'.length))
    return http(claims === undefined ? badAll : all((values) => claimPrincipal(claims, values)))
  }
  return undefined
}

function inBrackets(text: string): string | undefined {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : undefined
}

/** `experimental.envoy.filters.a.b[c]`: dynamic metadata of another filter. */
function metadataOf(key: string): AllOf {
  const plain = key.slice('experimental.'.length).replace(/\]$/, '')
  const bracket = plain.indexOf('[')
  if (bracket === -1) return () => undefined
  return (values) => {
    const matchers = values.map((value): Json => {
      const listed = value.startsWith('[') && value.endsWith(']')
      const text = { stringMatch: stringIn(listed ? value.replace(/^[[\]]+|[[\]]+$/g, '') : value) }
      return listed ? { listMatch: { oneOf: text } } : text
    })
    const value = matchers.length === 1 ? (matchers[0] as Json) : { orMatch: { valueMatchers: matchers } }
    return { metadata: { filter: plain.slice(0, bracket), path: [{ key: plain.slice(bracket + 1) }], value } }
  }
}

function stringIn(value: string): Json {
  const { requestedServerName } = sniOf(value) as { readonly requestedServerName: Json }
  return requestedServerName
}

function operationFields(operation: Operation | undefined, context: ValueContext): readonly RuleField[] {
  if (operation === undefined) return []
  const http = (of: ValueOf) => (context.tcp ? bad : each(of))
  return [
    fieldOf(http(hostOf), operation.hosts, operation.notHosts),
    fieldOf(http(methodOf), operation.methods, operation.notMethods),
    fieldOf(http(pathOf), operation.paths, operation.notPaths),
    fieldOf(each(portOf(context)), operation.ports, operation.notPorts),
  ].filter((field) => field !== undefined)
}

function sourceFields(source: Source | undefined, context: ValueContext): readonly RuleField[] {
  if (source === undefined) return []
  const principals = context.tcp ? badAll : all(requestPrincipal)
  return [
    fieldOf(several(principalsOf(context)), source.principals, source.notPrincipals),
    fieldOf(principals, source.requestPrincipals, source.notRequestPrincipals),
    fieldOf(each(serviceAccountOf(context)), source.serviceAccounts, source.notServiceAccounts),
    fieldOf(several(trustDomainsOf(context)), source.trustDomains, source.notTrustDomains),
    fieldOf(each(namespaceOf), source.namespaces, source.notNamespaces),
    fieldOf(each(rangeOf('remoteIp')), source.remoteIpBlocks, source.notRemoteIpBlocks),
    fieldOf(each(rangeOf('directRemoteIp')), source.ipBlocks, source.notIpBlocks),
  ].filter((field) => field !== undefined)
}
