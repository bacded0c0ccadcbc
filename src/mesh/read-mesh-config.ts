import type { At, Problem } from '../base/index.ts'
import { Fields } from './fields.ts'
import type { MeshConfig } from './model.ts'
import { parseYaml } from './parse-yaml.ts'
import { readExtensionProvider } from './read-extension-provider.ts'
import { readRetries } from './read-http-route.ts'
import { plain, put } from './tree.ts'

/** A string that holds YAML, and how its lines map to the file it stands in. */
export interface Embedded {
  readonly text: string
  readonly at: At
  readonly lineOf: (line: number) => number
}

/** What istiod assumes where nothing is written (istio pkg/config/mesh/mesh.go, DefaultMeshConfig). */
export const defaultMeshConfig: MeshConfig = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  pathNormalization: 'DEFAULT',
  extensionProviders: [],
  defaultProviders: {},
  numTrustedProxies: 0,
  autoMutual: true,
  raw: {},
}

/** Reads the `mesh` key of istiod's ConfigMap; every line points into the file around it. */
export function readMeshConfig(
  embedded: Embedded,
  subject: string,
  problems: Problem[],
  revision?: string,
): MeshConfig {
  const { text, at, lineOf } = embedded
  const tree = parseYaml({ file: at.file, text, lineOf }, problems)[0]
  if (!tree || (tree.kind === 'scalar' && tree.value === null)) return { ...defaultMeshConfig, at, revision }
  if (tree.kind !== 'map') {
    const message = `${subject}: the mesh configuration has to be a mapping`
    problems.push({ severity: 'error', code: 'wrong-type', message, at })
    return { ...defaultMeshConfig, at, revision }
  }
  const config = new Fields({ file: at.file, problems, subject }, tree, () => 'mesh')
  const path = config.fields('pathNormalization')
  const proxy = config.fields('defaultConfig')
  const outbound = config.fields('outboundTrafficPolicy')
  const topology = proxy?.fields('gatewayTopology')
  const read: MeshConfig = {
    at,
    revision,
    rootNamespace: config.string('rootNamespace') || defaultMeshConfig.rootNamespace,
    trustDomain: config.string('trustDomain') || defaultMeshConfig.trustDomain,
    trustDomainAliases: config.strings('trustDomainAliases') ?? [],
    pathNormalization: path?.enumeration('normalization', normalizations)?.value ?? 'DEFAULT',
    extensionProviders: (config.list('extensionProviders') ?? []).map(readExtensionProvider),
    defaultProviders: readDefaultProviders(config),
    numTrustedProxies: topology?.int('numTrustedProxies') ?? 0,
    outboundMode: outbound?.string('mode'),
    autoMutual: config.bool('enableAutoMtls') ?? true,
    defaultHttpRetryPolicy: readRetries(config.fields('defaultHttpRetryPolicy')),
    defaultServiceExportTo: usual(config, 'Service'),
    defaultVirtualServiceExportTo: usual(config, 'VirtualService'),
    defaultDestinationRuleExportTo: usual(config, 'DestinationRule'),
    raw: plain(tree),
  }
  path?.done()
  topology?.known('forwardClientCertDetails', 'proxyProtocol').done()
  config.known(...others)
  config.done()
  return read
}

/** An empty list says nothing, as in every field of a protobuf message. */
function usual(config: Fields, kind: string): readonly string[] | undefined {
  const list = config.strings(`default${kind}ExportTo`)
  return list?.length ? list : undefined
}

function readDefaultProviders(config: Fields): Readonly<Record<string, readonly string[]>> {
  const fields = config.fields('defaultProviders')
  const record: Record<string, readonly string[]> = {}
  for (const name of ['tracing', 'metrics', 'accessLogging']) {
    const list = fields?.strings(name)
    if (list) put(record, name, list)
  }
  fields?.done()
  return record
}

const normalizations = ['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']

/** The other fields of MeshConfig, retired ones included: known, and deciding nothing about access. */
const others = [
  'accessLogEncoding',
  'accessLogFile',
  'accessLogFormat',
  'ca',
  'caCertificates',
  'caAddress',
  'certificates',
  'configSources',
  'connectTimeout',
  'connectionSettings',
  'disableEnvoyListenerLog',
  'disableMixerHttpReports',
  'discoverySelectors',
  'dnsRefreshRate',
  'enableClientSidePolicyCheck',
  'enableEnvoyAccessLogService',
  'enablePrometheusMerge',
  'enableTracing',
  'h2UpgradePolicy',
  'hboneIdleTimeout',
  'inboundClusterStatName',
  'inboundTrafficPolicy',
  'ingressClass',
  'ingressControllerMode',
  'ingressSelector',
  'ingressService',
  'localityLbSetting',
  'meshMTLS',
  'outboundClusterStatName',
  'policyCheckFailOpen',
  'protocolDetectionTimeout',
  'proxyHttpPort',
  'proxyInboundListenPort',
  'proxyListenPort',
  'reportBatchMaxEntries',
  'reportBatchMaxTime',
  'sdsUdsPath',
  'serviceScopeConfigs',
  'serviceSettings',
  'tcpKeepalive',
  'thriftConfig',
  'tlsDefaults',
  'verifyCertificateAtClient',
]
