import { type Mesh, overlaps, serviceSelects } from '../../mesh/index.ts'
import { gatewaysOn, hostOf, isPlain } from '../gateway-hosts.ts'
import { type NamedProxy, type Queries, virtualHosts } from '../queries.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A host served on a TLS port and, without a redirect, on a plain one. */
export const plainPortBesideTls: Rule = {
  code: 'KFD0233',
  severity: 'warning',
  title: 'a host with TLS is served in plain text too',
  why: 'Sessions and tokens that go over the plain port can be read on the way; a browser follows an old `http:` link without a word.',
  remedy: 'Set `tls.httpsRedirect: true` on the plain server.',

  *check({ mesh, queries }) {
    for (const pods of queries.gateways()) {
      const gateways = gatewaysOn(mesh.gateways, pods)
      const secure = gateways.flatMap(({ servers }) =>
        servers
          .filter(({ port }) => port.protocol.toUpperCase() === 'HTTPS')
          .flatMap(({ hosts }) => hosts.map(({ value }) => hostOf(value))),
      )
      const open = outwardPorts(mesh, pods)
      for (const gateway of gateways) {
        for (const server of gateway.servers) {
          if (!isPlain(server) || server.tls?.httpsRedirect) continue
          // A port no Service takes outside is for calls inside.
          if (open !== undefined && !open.includes(server.port.number)) continue
          const host = server.hosts.find(({ value }) =>
            secure.some((other) => overlaps(hostOf(value), other)),
          )
          if (host === undefined || sentOn(queries, pods, server.port.number)) continue
          yield {
            message: `${nameOf(gateway)} serves \`${host.value}\` in plain text on port ${server.port.number} beside TLS`,
            evidence: [{ at: server.at, text: `port ${server.port.number}` }],
          }
        }
      }
    }
  },
}

/** Ports at which people outside reach these pods; undefined = no Service of theirs is in the YAML. */
function outwardPorts(mesh: Mesh, { proxy }: NamedProxy): readonly number[] | undefined {
  const services = mesh.services.filter(
    (service) => service.namespace === proxy.namespace && serviceSelects(service, proxy.labels),
  )
  if (services.length === 0) return undefined
  return services
    .filter(({ type }) => type !== 'ClusterIP')
    .flatMap(({ ports }) => ports.map(({ port }) => port))
}

/** Whether another server of that port, of whatever Gateway, sends on all that is routed there. */
function sentOn(queries: Queries, { proxy }: NamedProxy, port: number): boolean {
  const chains = queries.door
    .listeners(proxy)
    .listeners.flatMap((listener) => listener.chains)
    .filter(({ tls, server }) => !tls && server.server.port.number === port)
  const hosts = chains.flatMap(({ table }) => (table ? virtualHosts(table()) : []))
  return hosts.length > 0 && hosts.every(({ toHttps }) => toHttps !== undefined)
}
