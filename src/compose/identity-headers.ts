import type { Mesh } from '../mesh/index.ts'

/** Headers that say who the caller is, whatever a mesh's policies name; SECURITY.md promises these. */
const alwaysIdentity = ['kubeflow-userid', 'kubeflow-groups', 'x-goog-authenticated-user-email']

/** The headers by which upstreams of this mesh know their callers; lower case. */
export function identityHeaders(mesh: Mesh): readonly string[] {
  const claims = mesh.requestAuthentications
    .flatMap(({ jwtRules }) => jwtRules)
    .flatMap((rule) => [
      ...rule.outputClaimToHeaders.map(({ header }) => header),
      ...(rule.outputPayloadToHeader ? [rule.outputPayloadToHeader.value] : []),
    ])
  const providers = mesh.meshConfig.extensionProviders
    .flatMap(({ headersToUpstreamOnAllow }) => headersToUpstreamOnAllow.map(({ value }) => value))
    // A provider may hand on what is no identity: the credential itself, the path.
    .filter((header) => !/^(authorization|cookie|path|content-.*)$/i.test(header) && !header.includes('*'))
  return [...new Set([...alwaysIdentity, ...claims, ...providers].map((header) => header.toLowerCase()))]
}
