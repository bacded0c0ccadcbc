import type { Gateway, HttpMatch, VirtualService } from '../../mesh/index.ts'
import { gatewayName } from '../../policy/index.ts'
import { gatewaysOn, hostOf, isFor, isPlain } from '../gateway-hosts.ts'
import type { Queries } from '../queries.ts'
import type { Rule } from '../rule.ts'
import { nameOf } from '../walk.ts'

/** Envoy chooses the virtual host first: what stands under `*` is not looked at for an exact host. */
export const hostShadow: Rule = {
  code: 'KFD0212',
  severity: 'warning',
  title: 'an exact host hides the routes written for `*`',
  why: 'A gateway first chooses the most specific host, then a route of that host only. With one VirtualService for the exact host, everything that is routed under `*` answers 404 there: the dashboard disappears.',
  remedy: 'Write the same hosts in all VirtualServices of one door.',

  *check({ mesh, queries }) {
    const tables = tablesOf(mesh.gateways, queries)
    const served = mesh.virtualServices
      .filter(({ gateways, http }) => gateways !== undefined && http.length > 0)
      .map((service) => ({
        service,
        gateways: gatewaysOf(service).flatMap((name) => [name, ...(tables.get(name) ?? [])]),
        paths: pathsOf(service),
      }))
    const wide = served.filter(({ service }) => service.hosts.some(({ value }) => value.startsWith('*')))
    if (wide.length === 0) return
    const byHost = new Map<string, Served[]>()
    for (const one of served) {
      for (const { value } of one.service.hosts) {
        if (value.includes('*') || value.endsWith('.svc.cluster.local')) continue
        const same = byHost.get(value)
        if (same === undefined) byHost.set(value, [one])
        else same.push(one)
      }
    }
    for (const [host, exact] of byHost) {
      const wider = wide.filter(({ service }) => isWider(service, host))
      const alone = mesh.gateways
        .filter((gateway) => isFor(gateway, host))
        .map(({ namespace, name }) => `${namespace}/${name}`)
      for (const one of exact) {
        const beside = exact.filter((other) => share(one, other, alone))
        // What another VirtualService of the same host takes is not hidden.
        const hidden = wider.filter(
          (other) => share(one, other, alone) && !beside.some((same) => takesAll(same, other)),
        )
        const [first] = hidden
        if (first === undefined) continue
        const more = hidden.length > 1 ? ` and ${hidden.length - 1} more` : ''
        yield {
          message: `on host \`${host}\` the routes of ${nameOf(first.service)}${more} are not looked at, because ${nameOf(one.service)} is for exactly that host`,
          evidence: [
            { at: one.service.hosts.find(({ value }) => value === host)?.at ?? one.service.at, text: host },
            { at: first.service.hosts[0]?.at ?? first.service.at, text: nameOf(first.service) },
          ],
        }
      }
    }
  },
}

interface Served {
  readonly service: VirtualService
  /** Gateways, and the route tables it stands in beside those of other Gateways. */
  readonly gateways: readonly string[]
  /** undefined = a match no path can be told of. */
  readonly paths: readonly (string | undefined)[]
}

function gatewaysOf({ gateways = [], namespace }: VirtualService): readonly string[] {
  return gateways.filter(({ value }) => value !== 'mesh').map(({ value }) => gatewayName(value, namespace))
}

function pathsOf({ http }: VirtualService): Served['paths'] {
  return http.flatMap(({ match }) => (match ?? [undefined]).map(pathOf))
}

function isWider(service: VirtualService, host: string): boolean {
  return (
    service.hosts.some(
      ({ value }) => value === '*' || (value.startsWith('*.') && host.endsWith(value.slice(1))),
    ) && !service.hosts.some(({ value }) => value === host)
  )
}

/**
 * Plain HTTP servers of one port on one set of pods are one route table, whatever Gateway they are of. A server for
 * one host by name is left out: it was given a door of its own.
 */
function tablesOf(gateways: readonly Gateway[], queries: Queries): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [index, proxy] of queries.gateways().entries()) {
    for (const { namespace, name, servers } of gatewaysOn(gateways, proxy)) {
      const wide = servers.filter(
        (server) => isPlain(server) && server.hosts.some(({ value }) => hostOf(value).startsWith('*')),
      )
      const key = `${namespace}/${name}`
      found.set(key, [
        ...(found.get(key) ?? []),
        ...wide.map(({ port }) => `pods ${index} port ${port.number}`),
      ])
    }
  }
  return found
}

/** Whether a Gateway or a route table holds both, and keeps them apart. */
function share(one: Served, other: Served, alone: readonly string[]): boolean {
  return other.gateways.some((name) => one.gateways.includes(name) && !alone.includes(name))
}

function takesAll(one: Served, other: Served): boolean {
  return other.paths.every(
    (path) =>
      path === undefined || one.paths.some((prefix) => prefix !== undefined && path.startsWith(prefix)),
  )
}

/** A path one match takes; undefined = only a regular expression says so. */
function pathOf(match: HttpMatch | undefined): string | undefined {
  const uri = match?.uri
  if (uri === undefined || uri.kind === 'none') return '/'
  if (uri.kind === 'regex') return undefined
  return uri.text === '' ? '/' : uri.text
}
