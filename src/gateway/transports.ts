import type { Limits, Upstream } from './options.ts'
import { handlerTransport } from './transport-handler.ts'
import { http1Transport } from './transport-http1.ts'
import { http2Transport } from './transport-http2.ts'
import type { Transport } from './upstream.ts'

/**
 * Connections to upstreams, kept by everything that makes one different from another: address,
 * protocol, CA and expected name. Two workloads that differ in one of them never share a socket.
 */
export class Transports {
  readonly #limits: Limits
  readonly #byKey = new Map<string, Transport>()
  readonly #known = new WeakMap<Upstream, Transport>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  to(upstream: Upstream): Transport {
    const known = this.#known.get(upstream)
    if (known) return known
    const transport = this.#find(upstream)
    this.#known.set(upstream, transport)
    return transport
  }

  #find(upstream: Upstream): Transport {
    if (upstream.kind === 'handler') return handlerTransport(upstream.handle)
    const { origin } = new URL(upstream.url)
    const { caPem = '', serverName = '' } = upstream.tls ?? {}
    const key = JSON.stringify([origin, upstream.h2 === true, caPem, serverName])
    let transport = this.#byKey.get(key)
    if (!transport) {
      transport = (upstream.h2 ? http2Transport : http1Transport)(upstream, this.#limits)
      this.#byKey.set(key, transport)
    }
    return transport
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byKey.values()].map((transport) => transport.close()))
  }
}
