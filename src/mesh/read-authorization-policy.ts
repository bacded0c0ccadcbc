import type { Fields } from './fields.ts'
import type { AuthorizationPolicy, AuthorizationRule, Condition, Meta, Operation, Source } from './model.ts'
import { readSelector, readTargetRefs } from './read-meta.ts'

/** security.istio.io AuthorizationPolicy (istio/api security/v1beta1/authorization_policy.proto). */
export function readAuthorizationPolicy(meta: Meta, spec: Fields, object: Fields): AuthorizationPolicy {
  const provider = spec.fields('provider')
  const policy: AuthorizationPolicy = {
    ...meta,
    kind: 'AuthorizationPolicy',
    selector: readSelector(spec),
    targetRefs: readTargetRefs(spec),
    action: spec.enumeration('action', ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']),
    // Written without a name it is still written, which Istio refuses.
    provider: provider && (provider.text('name') ?? { value: '', at: provider.at }),
    rules: spec.list('rules')?.map(readRule),
    dryRun: object.fields('metadata')?.fields('annotations')?.text('istio.io/dry-run'),
  }
  provider?.done()
  return policy
}

function readRule(rule: Fields): AuthorizationRule {
  const read: AuthorizationRule = {
    at: rule.at,
    from: rule.list('from')?.map((from) => {
      const source = from.fields('source')
      from.done()
      return { at: from.at, source: source && readSource(source) }
    }),
    to: rule.list('to')?.map((to) => {
      const operation = to.fields('operation')
      to.done()
      return { at: to.at, operation: operation && readOperation(operation) }
    }),
    when: rule.list('when')?.map(readCondition),
  }
  rule.done()
  return read
}

function readSource(source: Fields): Source {
  const read: Source = {
    at: source.at,
    principals: source.texts('principals'),
    notPrincipals: source.texts('notPrincipals'),
    requestPrincipals: source.texts('requestPrincipals'),
    notRequestPrincipals: source.texts('notRequestPrincipals'),
    namespaces: source.texts('namespaces'),
    notNamespaces: source.texts('notNamespaces'),
    serviceAccounts: source.texts('serviceAccounts'),
    notServiceAccounts: source.texts('notServiceAccounts'),
    trustDomains: source.texts('trustDomains'),
    notTrustDomains: source.texts('notTrustDomains'),
    ipBlocks: source.texts('ipBlocks'),
    notIpBlocks: source.texts('notIpBlocks'),
    remoteIpBlocks: source.texts('remoteIpBlocks'),
    notRemoteIpBlocks: source.texts('notRemoteIpBlocks'),
  }
  source.done()
  return read
}

function readOperation(operation: Fields): Operation {
  const read: Operation = {
    at: operation.at,
    hosts: operation.texts('hosts'),
    notHosts: operation.texts('notHosts'),
    ports: operation.texts('ports'),
    notPorts: operation.texts('notPorts'),
    methods: operation.texts('methods'),
    notMethods: operation.texts('notMethods'),
    paths: operation.texts('paths'),
    notPaths: operation.texts('notPaths'),
  }
  operation.done()
  return read
}

function readCondition(when: Fields): Condition {
  const read: Condition = {
    at: when.at,
    key: when.text('key') ?? { value: '', at: when.at },
    values: when.texts('values'),
    notValues: when.texts('notValues'),
  }
  when.done()
  return read
}
