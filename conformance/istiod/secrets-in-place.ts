/** Certificates where istiod names secrets that its agents fetch. */
import type { Certificate, Json, Material, MeshIdentity, TlsMaterial } from '../../src/envoy-config/index.ts'

export interface SecretSource {
  readonly namespace: string
  readonly tls: TlsMaterial
  readonly identity: MeshIdentity
}

/** A CommonTlsContext without SDS. What is not there stays away: Envoy then has nothing to show or to check with. */
export function secretsInPlace(context: Json, from: SecretSource): Json {
  const {
    tlsCertificateSdsSecretConfigs: own,
    validationContextSdsSecretConfig: clients,
    combinedValidationContext: combined,
    ...rest
  } = context as Json & {
    tlsCertificateSdsSecretConfigs?: readonly Json[]
    validationContextSdsSecretConfig?: Json
    combinedValidationContext?: { defaultValidationContext?: Json; validationContextSdsSecretConfig?: Json }
  }
  const certificates = (own ?? []).flatMap(({ name }) => certificateOf(String(name), from) ?? [])
  const authority = clients ?? combined?.validationContextSdsSecretConfig
  const trusted = authority === undefined ? undefined : authorityOf(String(authority.name), from)
  return {
    ...rest,
    ...(own !== undefined && {
      tlsCertificates: certificates.map(({ chain, key }) => ({
        certificateChain: dataSource(chain),
        privateKey: dataSource(key),
      })),
    }),
    ...(authority !== undefined && {
      validationContext: {
        ...combined?.defaultValidationContext,
        ...(trusted !== undefined && { trustedCa: dataSource(trusted) }),
      },
    }),
  }
}

function certificateOf(name: string, { namespace, tls, identity }: SecretSource): Certificate | undefined {
  if (name === 'default') return identity
  return tls.certificate(...secretOf(name, namespace))
}

function authorityOf(name: string, { namespace, tls, identity }: SecretSource): Material | undefined {
  if (name === 'ROOTCA') return identity.authority
  const [within, secret] = secretOf(name, namespace)
  return tls.authority(within, secret.replace(/-cacert$/, ''))
}

/** `kubernetes://name`, `kubernetes://namespace/name`, `kubernetes-gateway://namespace/name`. */
function secretOf(resource: string, namespace: string): readonly [namespace: string, name: string] {
  const path = resource.replace(/^[a-z-]+:\/\//, '')
  const slash = path.indexOf('/')
  return slash === -1 ? [namespace, path] : [path.slice(0, slash), path.slice(slash + 1)]
}

function dataSource(material: Material): Json {
  return 'file' in material ? { filename: material.file } : { inlineString: material.text }
}
