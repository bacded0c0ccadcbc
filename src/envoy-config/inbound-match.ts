/** Which connections a sidecar's chains take: Istio's core/filterchain_options.go. */
import type { PortMode, PortProtocol } from '../policy/index.ts'
import type { Json } from './json.ts'

export interface InboundMatch {
  /** HTTP, else bytes. */
  readonly http: boolean
  /** The sidecar ends mutual TLS. */
  readonly tls: boolean
  readonly match: Json
}

const ofHttp = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2']
const ofTcp = ['istio-peer-exchange', 'istio']
const plain = ['http/1.1', 'h2c']

const take = (http: boolean, tls: boolean, transportProtocol: string, protocols?: readonly string[]) => ({
  http,
  tls,
  match: { transportProtocol, ...(protocols && { applicationProtocols: protocols }) },
})

const both = [...['istio', 'istio-peer-exchange'], ...ofHttp]

const table: Readonly<Record<PortMode, Readonly<Record<PortProtocol, readonly InboundMatch[]>>>> = {
  PERMISSIVE: {
    http: [take(true, true, 'tls', both), take(true, false, 'raw_buffer')],
    tcp: [take(false, true, 'tls', both), take(false, false, 'tls'), take(false, false, 'raw_buffer')],
    auto: [
      take(true, true, 'tls', ofHttp),
      take(true, false, 'raw_buffer', plain),
      take(false, true, 'tls', ofTcp),
      take(false, false, 'raw_buffer'),
      take(false, false, 'tls'),
    ],
  },
  STRICT: {
    http: [take(true, true, 'tls')],
    tcp: [take(false, true, 'tls')],
    auto: [take(true, true, 'tls', ofHttp), take(false, true, 'tls')],
  },
  DISABLE: {
    http: [take(true, false, 'raw_buffer')],
    tcp: [take(false, false, 'raw_buffer')],
    auto: [take(true, false, 'raw_buffer', plain), take(false, false, 'raw_buffer')],
  },
}

export function inboundMatches(mode: PortMode, protocol: PortProtocol): readonly InboundMatch[] {
  return table[mode][protocol]
}
