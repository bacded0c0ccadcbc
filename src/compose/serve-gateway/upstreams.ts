import type { Upstream, UpstreamTarget } from '../../gateway/index.ts'
import { parseMeshName, shortName } from '../mesh-names.ts'
import type { ServeGatewayOptions } from './options.ts'

/** One place, as HTTP/1.1 and as HTTP/2 reach it; always the same objects, by which connections are kept. */
interface Place {
  readonly h1: Upstream
  readonly h2: Upstream
  /** `grpc:`: HTTP/2 whatever is asked. */
  readonly only2: boolean
}

/** Where the requests of a cluster go: its own entry, its host and port, its host, else the default. */
export class Upstreams {
  readonly #given = new Map<string, Place>()
  readonly #found = new Map<string, Place | undefined>()
  readonly #default: Place | undefined

  constructor({ upstreams, defaultUpstream }: Pick<ServeGatewayOptions, 'upstreams' | 'defaultUpstream'>) {
    for (const { host, url } of upstreams) this.#given.set(canonical(host), placeAt(url))
    this.#default = defaultUpstream === undefined ? undefined : placeAt(defaultUpstream)
  }

  of({ upstream, destination, headers }: UpstreamTarget): Upstream | undefined {
    let place = this.#found.get(upstream)
    if (place === undefined && !this.#found.has(upstream)) {
      place = this.#find(upstream, destination.host, destination.port)
      // Names come from the YAML, so there are as many as it has.
      this.#found.set(upstream, place)
    }
    if (!place) return undefined
    return place.only2 || isGrpc(headers) ? place.h2 : place.h1
  }

  /** The URL behind a cluster that is asked, not forwarded to. */
  url(cluster: string): string | undefined {
    const [, port = '', , host = ''] = cluster.split('|')
    const place = this.#find(cluster, host, Number(port))
    return place?.h1.kind === 'origin' ? place.h1.url : undefined
  }

  /** Whether it was given as `grpc://`. */
  speaksHttp2(cluster: string): boolean {
    const [, port = '', , host = ''] = cluster.split('|')
    return this.#find(cluster, host, Number(port))?.only2 === true
  }

  /** The URL given for a name; the default is for requests, not for keys. */
  named(host: string, port: number): string | undefined {
    const place = this.#named(host, port)
    return place?.h1.kind === 'origin' ? place.h1.url : undefined
  }

  #find(cluster: string, host: string, port: number): Place | undefined {
    return this.#given.get(cluster) ?? this.#named(host, port) ?? this.#default
  }

  #named(host: string, port: number): Place | undefined {
    const name = canonical(host)
    return this.#given.get(`${name}:${port}`) ?? this.#given.get(name)
  }
}

/** `app.ns`, `app.ns.svc` and `app.ns.svc.cluster.local` are one name. */
function canonical(host: string): string {
  if (host.includes('|')) return host
  const name = parseMeshName(host)
  if (!name) return host
  return name.port === undefined ? shortName(name) : `${shortName(name)}:${name.port}`
}

function placeAt(written: string): Place {
  const only2 = written.startsWith('grpc:')
  const url = only2 ? `http:${written.slice('grpc:'.length)}` : written
  return { h1: { kind: 'origin', url }, h2: { kind: 'origin', url, h2: true }, only2 }
}

function isGrpc(headers: UpstreamTarget['headers']): boolean {
  for (const [name, value] of headers) {
    if (name.length === 12 && name.toLowerCase() === 'content-type')
      return value.startsWith('application/grpc')
  }
  return false
}
