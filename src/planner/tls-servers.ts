/** The servers of a Gateway: which of them get the certificate, and which only say where it is. */
import { type Gateway, isSubsetOf } from '../mesh/index.ts'
import { type EditableObject, updateOf } from './changes.ts'
import type { Entrance } from './entrance.ts'
import type { Change } from './plan.ts'
import { refuse } from './refuse.ts'
import type { TlsAsk } from './tls-enable.ts'

export const INTENT = 'tls enable'

type Server = Gateway['servers'][number]

/** What becomes of a Gateway's servers; everything else of it stays as it is. */
export interface ServersPlan {
  /** On 443, and given the certificate. */
  readonly secured: readonly Server[]
  /** Hosts of one more server on 443; empty = those that are there will do. */
  readonly added: readonly string[]
  /** On 80, and redirecting. */
  readonly redirecting: readonly Server[]
  /** Callers show certificates too: somebody wants it so, or a server asks for them already. */
  readonly mutual: boolean
}

const isHttp = ({ port }: Server) => /^HTTP2?$/.test(port.protocol)
const isSecure = ({ port }: Server) => port.number === 443 && port.protocol === 'HTTPS'
const asksCallers = ({ tls }: Server) => /MUTUAL$/.test(tls?.mode?.value ?? '')
export const isPlain = (server: Server) => isHttp(server) && !server.tls?.httpsRedirect

/** A host as the names of requests are compared with it: without its namespace. */
export const bareHost = (host: string) => host.replace(/^[^/]*\//, '').toLowerCase()
/** Hosts the certificate is shown for, as `bareHost` has them. */
export const hostsServed = ({ secured, added }: ServersPlan): ReadonlySet<string> =>
  new Set([...added.map(bareHost), ...secured.flatMap(hostsOf)])
const hostsOf = ({ hosts }: Server) => hosts.map(({ value }) => bareHost(value))

/**
 * A Gateway may serve several names with certificates of their own. Where names were asked for, it is the
 * server that Istio would choose for each; where none were, the servers of what port 80 serves.
 *
 * @throws Fault ERR_INTENT_REFUSED
 */
export function planServers({ gateway }: Pick<Entrance, 'gateway'>, ask: TlsAsk): ServersPlan {
  const asked = [...(ask.hosts ?? []), ...(ask.addresses ?? [])].map((name) => name.toLowerCase())
  const serves = (server: Server) =>
    asked.length === 0 || hostsOf(server).some((host) => asked.some((name) => isSubsetOf(name, host)))
  const redirecting = gateway.servers.filter((server) => isHttp(server) && serves(server))
  const secure = gateway.servers.filter(isSecure)
  const plainHosts = redirecting.flatMap((server) => server.hosts.map(({ value }) => value))
  const best = asked.map((name) => chosen(name, [...secure.flatMap(hostsOf), ...plainHosts.map(bareHost)]))
  const name = `Gateway \`${gateway.namespace}/${gateway.name}\``
  if (asked.length > 0 && best.every((host) => host === undefined)) {
    refuse(
      INTENT,
      [`${name} serves ${gateway.servers.flatMap(hostsOf).join(', ')} and none of what \`--host\` names`],
      'name a host it serves, or another one with `--gateway`',
    )
  }
  const meant = new Set(asked.length > 0 ? best : plainHosts.map(bareHost))
  const secured =
    meant.size > 0 ? secure.filter((server) => hostsOf(server).some((host) => meant.has(host))) : secure
  if (asked.length === 0 && new Set(secured.map(({ tls }) => tls?.credentialName?.value)).size > 1) {
    refuse(
      INTENT,
      [
        `${name} has servers on 443 with certificates of their own, for ${secured.map((one) => hostsOf(one).join(', ')).join(' and for ')}`,
      ],
      'say which is meant with `--host`',
    )
  }
  const taken = new Set(secure.flatMap(hostsOf))
  const missing = [...meant].some((host) => host !== undefined && !taken.has(host))
  const added = missing || secure.length === 0 ? plainHosts.filter((host) => !taken.has(bareHost(host))) : []
  return {
    secured,
    redirecting,
    added: secure.length === 0 && added.length === 0 ? ['*'] : [...new Set(added)],
    mutual: ask.mutual === true || secured.some(asksCallers),
  }
}

/** The host a request for `name` is served by: of those that stand for it the longest, as Envoy looks for it. */
function chosen(name: string, hosts: readonly string[]): string | undefined {
  return hosts
    .filter((host) => isSubsetOf(name, host))
    .sort((one, other) => other.length - one.length)
    .at(0)
}

export function gatewayChange(
  { gateway, raw, pods }: Entrance,
  ask: TlsAsk,
  { secured, added, redirecting }: ServersPlan,
): Change | undefined {
  // Who asks callers for certificates goes on asking: another certificate is no reason to stop.
  const modeOf = (server?: Server) =>
    ask.mutual ? 'MUTUAL' : server && asksCallers(server) ? server.tls?.mode?.value : 'SIMPLE'
  const isDone = secured.every(
    (server) =>
      server.tls?.credentialName?.value === ask.secret && server.tls?.mode?.value === modeOf(server),
  )
  if (isDone && added.length === 0 && !redirecting.some(isPlain)) return undefined
  return updateOf(
    raw,
    (copy) => {
      const servers = copy.spec.servers as EditableObject[]
      for (const [index, server] of gateway.servers.entries()) {
        const own = servers[index] as EditableObject
        if (redirecting.includes(server)) own.tls = { ...own.tls, httpsRedirect: true }
        else if (secured.includes(server)) {
          own.tls = { ...own.tls, mode: modeOf(server), credentialName: ask.secret }
        }
      }
      if (added.length > 0) {
        servers.push({
          port: { number: 443, name: freeName(servers), protocol: 'HTTPS' },
          hosts: added,
          tls: { mode: modeOf(), credentialName: ask.secret },
        })
      }
    },
    'neutral',
    `443 with the certificate in Secret ${pods.namespace}/${ask.secret}, 80 redirects there`,
  )
}

function freeName(servers: readonly EditableObject[]): string {
  const taken = new Set(servers.map(({ port }) => port.name))
  return (
    ['https', 'https-door', 'https-kubeflow'].find((name) => !taken.has(name)) ?? `https-${servers.length}`
  )
}
