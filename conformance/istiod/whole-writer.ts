/** Whole doors as istiod writes them: each gateway and sidecar gets what it would be pushed. */
import type { Emitted, Json } from '../../src/envoy-config/index.ts'
import { blueprintOf, type ProxyIdentity } from '../../src/policy/index.ts'
import { byOurs, type Standing, type WholeSite, type WholeWriter } from '../envoy/whole-door.ts'
import { asStatic } from './as-static.ts'
import type { Istiod, Pushed } from './ask-istiod.ts'
import { documentsOf } from './writer.ts'

/** Its standings have to bring their YAML. `asked`: for which proxies; the others are written by ours. */
export function wholeByIstiod(
  istiod: Istiod,
  asked: (proxy: ProxyIdentity) => boolean = () => true,
): WholeWriter {
  return {
    exactPorts: true,
    async write(standing, proxy, site) {
      if (!asked(proxy)) return byOurs.write(standing, proxy, site)
      const pushed = await istiod.push(asRead(standing, proxy), [proxy], keysOf(standing))
      const [first] = typeof pushed === 'string' ? [] : pushed
      if (first === undefined) {
        return { listeners: [], clusters: [], problems: [{ severity: 'error', message: String(pushed) }] }
      }
      return proxy.kind === 'gateway' ? staticOf(first, proxy, site) : perPort(first, proxy, site)
    },
  }
}

/** The objects with names of filters spelled as a current istiod reads them, where the mesh's own still takes old ones. */
function asRead({ yaml = '', mesh, engine }: Standing, proxy: ProxyIdentity): string {
  const { filterName } = blueprintOf(mesh, proxy, engine)
  return documentsOf(yaml).replaceAll(/"(envoy\.\w+)"/g, (_, name: string) =>
    JSON.stringify(filterName(name)),
  )
}

/** A sidecar's one listener, opened at each port that is redirected to it. */
function perPort(pushed: Pushed, proxy: ProxyIdentity, site: WholeSite): Emitted {
  const clusters = new Map<string, Json>()
  const listeners = [...site.at].flatMap(([port, place]) => {
    const emitted = staticOf(pushed, proxy, {
      ...site,
      at: new Map([[inboundPort, place]]),
      rename: (name) => site.rename(`${port}|${name}`),
    })
    for (const cluster of emitted.clusters) clusters.set(String(cluster.name), cluster)
    return emitted.listeners
  })
  return { listeners, clusters: [...clusters.values()], problems: [] }
}

const inboundPort = 15006

function staticOf(pushed: Pushed, { namespace, kind }: ProxyIdentity, site: WholeSite): Emitted {
  const { at, upstream, own, authorizer, tls, identity, rename } = site
  const known = (pushed.listeners ?? []).filter((listener) => {
    const { socketAddress } = listener.address as { socketAddress?: { portValue: number } }
    return socketAddress !== undefined && at.has(socketAddress.portValue)
  })
  return asStatic(
    { ...pushed, listeners: known },
    {
      namespace,
      sidecar: kind !== 'gateway',
      direct: true,
      tls,
      identity,
      placeOf: (port) => at.get(port) as { address: string; port: number },
      listenerName: rename,
      rename,
      authorizer: (_, protocol) => (protocol === 'grpc' ? undefined : authorizer),
      echo(cluster) {
        if (own !== undefined) return own
        const [, port, , host] = cluster.split('|')
        return host === undefined ? 'none' : upstream({ host, port: Number(port) })
      },
    },
  )
}

/** What every JWKS URI and discovery document of the mesh serves. */
function keysOf({ mesh, engine }: Standing): Readonly<Record<string, string>> {
  const uris = mesh.requestAuthentications.flatMap(({ jwtRules }) =>
    jwtRules.flatMap(({ issuer, jwksUri }) => {
      const discovery = `${issuer.value.replace(/\/$/, '')}/.well-known/openid-configuration`
      return jwksUri === undefined ? [discovery, `${discovery}/keys`] : [jwksUri.value]
    }),
  )
  return Object.fromEntries(
    uris.flatMap((uri) => {
      const served = engine.fetched?.(uri)
      return served === undefined ? [] : [[uri, served]]
    }),
  )
}
