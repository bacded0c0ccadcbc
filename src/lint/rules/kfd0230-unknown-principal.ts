import type { At } from '../../base/index.ts'
import type { Rule } from '../rule.ts'
import { listed, nameOf, sourcesOf } from '../walk.ts'

/** Service accounts that no pod of the mesh runs as. */
export const unknownPrincipal: Rule = {
  code: 'KFD0230',
  severity: 'warning',
  title: 'a policy names a principal nobody has',
  why: 'A principal is `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`. With another trust domain, or an account no pod runs as, the rule matches nobody: notebooks and profiles answer 403.',
  remedy: 'Compare with the service accounts of the real gateway and controllers.',

  *check({ mesh }) {
    const { trustDomain, trustDomainAliases } = mesh.meshConfig
    const domains = new Set([trustDomain, ...trustDomainAliases, 'cluster.local'])
    const namespaces = new Set(mesh.workloads.map(({ namespace }) => namespace))
    const accounts = new Set([
      ...mesh.workloads.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
      ...mesh.serviceAccounts.map(({ namespace, name }) => `${namespace}/${name}`),
    ])
    for (const policy of mesh.authorizationPolicies) {
      const missing: { readonly account: string; readonly at: At; readonly value: string }[] = []
      for (const { source } of sourcesOf(policy)) {
        for (const { value, at } of source.principals ?? []) {
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
