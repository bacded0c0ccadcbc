import { isSubset } from '../../mesh/index.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** The Secret a Gateway serves TLS with: there, beside the pods, readable, and for its names. */
export const tlsSecret: Rule = {
  code: 'KFD0220',
  severity: 'error',
  title: 'a Gateway’s TLS Secret is missing or in another namespace',
  why: 'The pods read `credentialName` in their own namespace only. Without it the port takes no TLS connection: handshakes fail.',
  remedy: 'Create the Secret in the namespace of the gateway pods: `kfdoor ca secret`.',

  *check({ mesh, queries, certificate }) {
    for (const gateway of mesh.gateways) {
      const pods = queries.gateways().find(({ proxy }) => isSubset(gateway.selector ?? {}, proxy.labels))
      if (pods === undefined) continue
      for (const { tls } of gateway.servers) {
        for (const name of [tls?.credentialName, ...(tls?.credentialNames ?? [])]) {
          if (name === undefined || name.value === '') continue
          const { namespace } = pods.proxy
          if (certificate(namespace, name.value) !== undefined) continue
          const elsewhere = mesh.secrets.find((secret) => secret.name === name.value)
          const issued = mesh.others.some(
            ({ kind, raw }) =>
              kind === 'Certificate' && JSON.stringify(raw).includes(`"secretName":"${name.value}"`),
          )
          // cert-manager writes it when the cluster runs.
          if (issued) continue
          yield {
            message: elsewhere
              ? `Secret \`${name.value}\` of ${nameOf(gateway)} is in namespace \`${elsewhere.namespace}\`, and the gateway’s pods read it in \`${namespace}\``
              : `Secret \`${namespace}/${name.value}\` of ${nameOf(gateway)} is not there`,
            evidence: [
              { at: name.at, text: name.value },
              ...(elsewhere ? [{ at: elsewhere.at, text: nameOf(elsewhere) }] : []),
            ],
          }
        }
      }
    }
  },
}
