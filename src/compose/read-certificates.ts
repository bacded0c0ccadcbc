import { isFault } from '../base/index.ts'
import type { CertificateLookup } from '../lint/index.ts'
import type { Mesh } from '../mesh/index.ts'

/** Reads the certificates in the Secrets of a mesh, each when it is asked for. */
export async function readCertificates(mesh: Mesh): Promise<CertificateLookup> {
  const { certificateIn, inspectCertificates } = await import('../pki/index.ts')
  return (namespace, name) => {
    // Whoever gave YAML without any Secret kept them back; which are there cannot be told.
    if (mesh.secrets.length === 0) return null
    const secret = mesh.secrets.find((one) => one.namespace === namespace && one.name === name)
    if (secret === undefined) return undefined
    const pem = certificateIn(secret.data)
    // A snapshot names Secrets and leaves out what is in them.
    if (pem === undefined) return Object.keys(secret.data).length === 0 ? null : 'it has no `tls.crt`'
    try {
      const chain = inspectCertificates(pem, `Secret ${namespace}/${name}`, Date.now() / 1000)
      const [leaf] = chain
      if (leaf === undefined) return 'it holds no certificate'
      return {
        subject: leaf.subject,
        names: leaf.names,
        notBefore: Date.parse(leaf.notBefore) / 1000,
        notAfter: Date.parse(leaf.notAfter) / 1000,
        chain: chain.length,
        selfIssued: leaf.subject === leaf.issuer,
      }
    } catch (error) {
      if (!isFault(error)) throw error
      return error.message
    }
  }
}
