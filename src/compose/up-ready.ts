import type { RunningGateway } from '../gateway/index.ts'
import type { Mesh } from '../mesh/index.ts'
import type { ServerCertificate } from '../pki/index.ts'
import { type MeshListener, meshListeners } from './listeners.ts'
import type { LocalIssuer } from './local-issuer.ts'
import { tlsServersOf } from './tls-servers.ts'
import type { ReadyLine, UpOptions } from './up-options.ts'

export function listenerSpecs(
  options: UpOptions,
  mesh: Mesh,
  listeners: readonly MeshListener[],
  certificate: ServerCertificate | undefined,
) {
  const [door] = listeners
  const first = { tls: true, plain: true }
  return listeners.map((listener) => {
    const isDoor = listener.gateway === door?.gateway
    const kind = listener.tls ? 'tls' : 'plain'
    // The first TLS port and the first plain port of the door are the ones people chose.
    const chosen = isDoor && first[kind]
    if (chosen) first[kind] = false
    const flag = listener.tls ? '--port' : '--http-port'
    return {
      gateway: listener.gateway,
      address: options.address,
      port: chosen ? (listener.tls ? options.port : options.httpPort) : 0,
      meshPort: listener.meshPort,
      targetPort: listener.targetPort,
      ...(listener.tls && certificate ? { tls: tlsServersOf(mesh, listener, certificate).servers } : {}),
      ...(chosen ? { flag } : {}),
    }
  })
}

/** Certificates of the ports that are open, from a changed mesh, and the ports it would open besides. */
export function reloadedListeners(
  mesh: Mesh,
  open: readonly MeshListener[],
  certificate: ServerCertificate | undefined,
) {
  const same = (one: MeshListener) =>
    open.some(
      (each) => each.gateway === one.gateway && each.targetPort === one.targetPort && each.tls === one.tls,
    )
  const wanted = meshListeners(mesh)
  return {
    tls: wanted.flatMap((one) =>
      one.tls && certificate && same(one)
        ? [
            {
              gateway: one.gateway,
              targetPort: one.targetPort,
              servers: tlsServersOf(mesh, one, certificate).servers,
            },
          ]
        : [],
    ),
    unheard: wanted.filter((one) => !same(one)).map((one) => `port ${one.meshPort} of ${one.gateway}`),
  }
}

export function readyLine(
  options: UpOptions,
  gateway: RunningGateway,
  listeners: readonly MeshListener[],
  known: {
    readonly profile: string
    readonly certificate: ServerCertificate | undefined
    readonly issuer: LocalIssuer | undefined
    readonly direct: ReadyLine['direct']
  },
): ReadyLine {
  const host = hostForUrls(options.address)
  const bound = gateway.listeners.map((one) => {
    const spec = listeners.find((each) => each.gateway === one.gateway && each.targetPort === one.targetPort)
    return {
      gateway: one.gateway,
      port: one.port,
      url: `${spec?.tls ? 'https' : 'http'}://${host}:${one.port}`,
      tls: spec?.tls === true,
    }
  })
  const door = bound.filter(({ gateway: name }) => name === listeners[0]?.gateway)
  const plain = door.find(({ tls }) => !tls)
  const secure = door.find(({ tls }) => tls)
  const url = (secure ?? plain)?.url ?? ''
  return {
    ready: true,
    url,
    httpUrl: plain?.url ?? url,
    caFile: known.certificate?.caFile ?? null,
    issuer: known.issuer?.issuer.issuer ?? '',
    profile: known.profile,
    pid: process.pid,
    listeners: bound.map(({ gateway: name, port, url: each }) => ({ gateway: name, port, url: each })),
    direct: known.direct,
  }
}

/** `localhost` resolves everywhere without touching a hosts file. */
function hostForUrls(address: string): string {
  if (address === '127.0.0.1' || address === '0.0.0.0' || address === '::') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}
