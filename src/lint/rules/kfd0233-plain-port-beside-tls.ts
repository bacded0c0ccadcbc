import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** A host served on a TLS port and, without a redirect, on a plain one. */
export const plainPortBesideTls: Rule = {
  code: 'KFD0233',
  severity: 'warning',
  title: 'a host with TLS is served in plain text too',
  why: 'Sessions and tokens that go over the plain port can be read on the way; a browser follows an old `http:` link without a word.',
  remedy: 'Set `tls.httpsRedirect: true` on the plain server.',

  *check({ mesh }) {
    for (const gateway of mesh.gateways) {
      const secure = gateway.servers.filter(({ port }) => port.protocol === 'HTTPS')
      for (const server of gateway.servers) {
        if (server.port.protocol !== 'HTTP' || server.tls?.httpsRedirect) continue
        const host = server.hosts.find(({ value }) =>
          secure.some(({ hosts }) => hosts.some((other) => other.value === value || other.value === '*')),
        )
        if (host === undefined) continue
        yield {
          message: `${nameOf(gateway)} serves \`${host.value}\` in plain text on port ${server.port.number} beside TLS`,
          evidence: [{ at: server.at, text: `port ${server.port.number}` }],
        }
      }
    }
  },
}
