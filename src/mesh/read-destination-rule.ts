import type { Fields } from './fields.ts'
import type { DestinationRule, Meta } from './model.ts'
import { readWorkloadSelector } from './read-meta.ts'
import { unread } from './unread.ts'

const tlsModes = ['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL']

/**
 * networking.istio.io DestinationRule (istio/api networking/v1alpha3/destination_rule.proto). Of a
 * trafficPolicy only TLS decides who gets through; the rest is checked for unknown fields.
 */
export function readDestinationRule(meta: Meta, spec: Fields): DestinationRule {
  const host = spec.text('host')
  if (!host) spec.error('missing-host', '`spec.host` is missing')
  const policy = readTrafficPolicy(spec)
  return {
    ...meta,
    kind: 'DestinationRule',
    host: host ?? { value: '', at: spec.at },
    exportTo: spec.strings('exportTo'),
    workloadSelector: readWorkloadSelector(spec),
    subsets: (spec.list('subsets') ?? []).map((subset) => {
      const read = {
        name: subset.string('name') ?? '',
        labels: subset.record('labels') ?? {},
        at: subset.at,
        ...readTrafficPolicy(subset),
      }
      subset.done()
      return read
    }),
    tlsMode: policy.tlsMode,
    portTlsModes: policy.portTlsModes,
  }
}

function readTrafficPolicy(owner: Fields): Pick<DestinationRule, 'tlsMode' | 'portTlsModes'> {
  const policy = owner.fields('trafficPolicy')
  const portTlsModes: Record<number, string> = {}
  if (!policy) return { portTlsModes }
  for (const setting of policy.list('portLevelSettings') ?? []) {
    const port = setting.fields('port')
    const number = port?.int('number')
    const mode = readTlsMode(setting)
    if (number !== undefined) portTlsModes[number] = mode ?? ''
    port?.done()
    unread(setting, policyShape)
    setting.done()
  }
  const tlsMode = readTlsMode(policy) ?? ''
  unread(policy, policyShape)
  policy.done()
  return { tlsMode, portTlsModes }
}

function readTlsMode(policy: Fields): string | undefined {
  const tls = policy.fields('tls')
  if (!tls) return undefined
  tls.known(
    'clientCertificate',
    'privateKey',
    'caCertificates',
    'credentialName',
    'subjectAltNames',
    'sni',
    'insecureSkipVerify',
    'caCrl',
  )
  const mode = tls.enumeration('mode', tlsModes)?.value ?? 'DISABLE'
  tls.done()
  return mode
}

const policyShape = `
  loadBalancer{simple backendUtilization* zoneAwareLbSetting* consistentHash{httpHeaderName httpCookie{name path ttl attributes[name value]} useSourceIp
      httpQueryParameterName ringHash{minimumRingSize} maglev{tableSize} minimumRingSize}
    localityLbSetting{distribute[from to*] failover[from to] failoverPriority enabled}
    warmupDurationSecs warmup{duration minimumPercent aggression}}
  connectionPool{tcp{maxConnections connectTimeout tcpKeepalive{probes time interval} maxConnectionDuration idleTimeout}
    http{http1MaxPendingRequests http2MaxRequests maxRequestsPerConnection maxRetries idleTimeout h2UpgradePolicy
      useClientProtocol maxConcurrentStreams http2KeepAlive*}}
  outlierDetection{consecutiveErrors splitExternalLocalOriginErrors consecutiveLocalOriginFailures
    consecutiveGatewayErrors consecutive5xxErrors interval baseEjectionTime maxEjectionPercent minHealthPercent outlierDetectionHttpErrorCodes}
  tunnel{protocol targetHost targetPort} proxyProtocol{version} retryBudget{budgetInterval percent minRetryConcurrency}`
