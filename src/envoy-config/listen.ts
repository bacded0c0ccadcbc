import { extension, type Json } from './json.ts'

/** Where a port of the mesh is really opened. */
export interface Bound {
  readonly address: string
  readonly port: number
}

export interface Bindings {
  /** undefined = this port is not opened. */
  readonly of: (meshPort: number, bind: string) => Bound | undefined
  /** The local port Envoy sees on connections to a port of the mesh; undefined = no connection has it. */
  readonly seenPort: (meshPort: number) => number | undefined
  readonly listenerFilters: readonly Json[]
  /** A sidecar's ports: all redirected to one listener, or opened one by one. */
  readonly inbound: 'redirected' | 'one-by-one'
  /** Ports that are asked for by number. */
  readonly opened: readonly number[]
  readonly name: (listener: string) => string
}

/** As `--listen` says; every other port stays what it is. A port that was moved away is nobody's. */
export function boundAt(listen: ReadonlyMap<number, Bound>, name = (listener: string) => listener): Bindings {
  const taken = new Set([...listen.values()].map(({ port }) => port))
  return {
    of: (meshPort, bind) =>
      listen.get(meshPort) ?? { address: bind === '' ? '0.0.0.0' : bind, port: meshPort },
    seenPort: (meshPort) => listen.get(meshPort)?.port ?? (taken.has(meshPort) ? undefined : meshPort),
    listenerFilters: [],
    inbound: 'one-by-one',
    opened: [...listen.keys()],
    name,
  }
}

/**
 * Clients announce the address they mean with the PROXY protocol, so policies see the mesh's own
 * ports wherever Envoy listens. `of` = where that is.
 */
export function behindProxyProtocol(
  of: (meshPort: number) => Bound,
  name = (listener: string) => listener,
): Bindings {
  return {
    of: (meshPort) => of(meshPort),
    seenPort: (meshPort) => meshPort,
    listenerFilters: [
      extension(
        'envoy.filters.listener.proxy_protocol',
        'extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
      ),
    ],
    inbound: 'redirected',
    opened: [],
    name,
  }
}
