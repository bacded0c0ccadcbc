import type { MeshIdentity, TlsMaterial } from '../../src/envoy-config/index.ts'
import type { Mesh } from '../../src/mesh/index.ts'

/** Certificates as a mesh's own Secrets hold them. */
export function materialOf(mesh: Mesh, identity?: MeshIdentity): TlsMaterial {
  const secret = (namespace: string, name: string) =>
    mesh.secrets.find((entry) => entry.namespace === namespace && entry.name === name)?.data
  const text = (value: string | undefined) => (value === undefined ? undefined : { text: value })
  return {
    certificate(namespace, name) {
      const data = secret(namespace, name)
      const [chain, key] = [data?.['tls.crt'] ?? data?.cert, data?.['tls.key'] ?? data?.key]
      return chain === undefined || key === undefined
        ? undefined
        : { chain: { text: chain }, key: { text: key } }
    },
    authority(namespace, name) {
      const separate = secret(namespace, `${name}-cacert`)
      const same = secret(namespace, name)
      return text(separate?.cacert ?? separate?.['ca.crt'] ?? same?.['ca.crt'] ?? same?.cacert)
    },
    ...(identity && { mesh: identity }),
  }
}
