import { isSubset, type OtherObject } from '../../mesh/index.ts'
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
      const namespaces = new Set(
        queries
          .gateways()
          .filter(({ proxy }) => isSubset(gateway.selector ?? {}, proxy.labels))
          .map(({ proxy }) => proxy.namespace),
      )
      for (const namespace of namespaces) {
        for (const { tls } of gateway.servers) {
          // Bytes that are passed on need no certificate here.
          if (/PASSTHROUGH$/.test(tls?.mode?.value ?? '')) continue
          for (const name of [tls?.credentialName, ...(tls?.credentialNames ?? [])]) {
            if (name === undefined || name.value === '') continue
            if (certificate(namespace, name.value) !== undefined) continue
            const makers = mesh.others.filter((each) => madeBy(each) === name.value)
            // Written when the cluster runs.
            if (makers.some((each) => each.namespace === namespace)) continue
            const elsewhere = mesh.secrets.find((secret) => secret.name === name.value) ?? makers[0]
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
    }
  },
}

/** The Secret that a controller writes for an object: cert-manager's, sealed-secrets', external-secrets'. */
function madeBy({ kind, name, raw }: OtherObject): string | undefined {
  const spec = fieldOf(raw, 'spec')
  const written =
    kind === 'Certificate'
      ? fieldOf(spec, 'secretName')
      : kind === 'SealedSecret'
        ? fieldOf(fieldOf(fieldOf(spec, 'template'), 'metadata'), 'name')
        : kind === 'ExternalSecret'
          ? fieldOf(fieldOf(spec, 'target'), 'name')
          : undefined
  if (typeof written === 'string') return written
  return kind === 'SealedSecret' || kind === 'ExternalSecret' ? name : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
