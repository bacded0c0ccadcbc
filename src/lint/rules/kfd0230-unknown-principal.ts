import type { At } from '../../base/index.ts'
import type { AuthorizationPolicy, Text } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { conditionsOf, listed, nameOf, sourcesOf } from '../walk.ts'

/** Service accounts that no pod of the mesh runs as. */
export const unknownPrincipal: Rule = {
  code: 'KFD0230',
  severity: 'warning',
  title: 'a policy names a principal nobody has',
  why: 'A principal is `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`. With another trust domain, or an account no pod runs as, the rule matches nobody: notebooks and profiles answer 403.',
  remedy: 'Compare with the service accounts of the real gateway and controllers.',

  *check({ queries: { door } }) {
    // With the pods KServe's and Knative's controllers make.
    const { mesh } = door
    const { trustDomain, trustDomainAliases } = mesh.meshConfig
    const domains = new Set([trustDomain, ...trustDomainAliases, 'cluster.local'])
    const namespaces = new Set(mesh.workloads.map(({ namespace }) => namespace))
    const accounts = new Set([
      ...mesh.workloads.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
      ...mesh.serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`),
    ])
    for (const policy of mesh.authorizationPolicies) {
      const missing: { readonly account: string; readonly at: At; readonly value: string }[] = []
      for (const { value, at } of principalsIn(policy)) {
        const found = /^([^/*]+)\/ns\/([^/*]+)\/sa\/([^/*]+)$/.exec(value)
        if (found === null) {
          if (value.startsWith('spiffe://')) {
            yield {
              message: `\`${value}\` of ${nameOf(policy)} matches nobody: a principal is written without \`spiffe://\``,
              evidence: [{ at, text: value }],
              fix: { at, replace: value, with: value.slice('spiffe://'.length) },
            }
          }
          continue
        }
        const [, domain = '', namespace = '', account = ''] = found
        if (!domains.has(domain)) {
          yield {
            message: `trust domain \`${domain}\` of \`${value}\` is not the mesh’s, \`${trustDomain}\``,
            evidence: [{ at, text: value }],
          }
        } else if (namespaces.has(namespace) && !accounts.has(`${namespace}/${account}`)) {
          missing.push({ account: `${namespace}/${account}`, at, value })
        }
      }
      for (const { account, at, value } of accountsIn(policy)) {
        const [namespace = ''] = account.split('/')
        if (namespaces.has(namespace) && !accounts.has(account)) missing.push({ account, at, value })
      }
      const [first, ...more] = missing
      if (first === undefined) continue
      yield {
        severity: 'info',
        message: `no pod in the YAML runs as ${listed(missing.map(({ account }) => account))}, which ${nameOf(policy)} names`,
        evidence: [
          { at: first.at, text: first.value },
          ...more.map(({ at, value }) => ({ at, text: value })),
        ],
      }
    }
  },
}

/** Principals who are let in or refused, as sources and as conditions. */
function principalsIn(policy: AuthorizationPolicy): readonly Text[] {
  return [
    ...[...sourcesOf(policy)].flatMap(({ source }) => source.principals ?? []),
    ...[...conditionsOf(policy)].flatMap(({ condition: { key, values } }) =>
      key.value === 'source.principal' ? (values ?? []) : [],
    ),
  ]
}

/** `serviceAccounts: [ns/account]`; without a namespace the policy's own is meant. */
function accountsIn(policy: AuthorizationPolicy) {
  return [...sourcesOf(policy)].flatMap(({ source }) =>
    (source.serviceAccounts ?? []).map(({ value, at }) => ({
      account: value.includes('/') ? value : `${policy.namespace}/${value}`,
      at,
      value,
    })),
  )
}
