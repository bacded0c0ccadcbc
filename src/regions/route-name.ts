import { Attributes, findRoute, type Route } from '../policy/index.ts'
import type { Axes } from './axes.ts'
import type { Cell } from './cell.ts'
import type { Spot } from './entrance.ts'

export interface RouteName {
  /** `NS/VIRTUALSERVICE/http[i]`, `NS/GATEWAY/servers[i]`, `NS/SERVICE:PORT`. */
  readonly id: string
  readonly hosts: readonly string[]
  readonly match: string
}

/** Names of routes, each made once: what asks for them asks for every cell. */
export class RouteNames {
  readonly #byAxes = new WeakMap<Axes, Map<string, RouteName | undefined>>()
  readonly #byRoute = new WeakMap<Route, Map<string, RouteName>>()

  /** What the cell's requests are routed by; undefined = nothing routes them. */
  of(cell: Cell, spot: Spot): RouteName | undefined {
    const axes = cell.axes[0] as Axes
    const byInput = this.#byAxes.get(axes) ?? new Map<string, RouteName | undefined>()
    this.#byAxes.set(axes, byInput)
    const input = inputOf(cell, axes)
    if (byInput.has(input)) return byInput.get(input)
    const name = this.#find(cell, spot)
    byInput.set(input, name)
    return name
  }

  #find(cell: Cell, spot: Spot): RouteName | undefined {
    const { service, port } = cell.entrance
    if (service !== undefined) {
      const { namespace, name, host } = service
      return { id: `${namespace}/${name}:${port}`, hosts: [host], match: `port ${port}` }
    }
    const { stage, chain } = spot
    if (chain?.by !== undefined) {
      const { object, rule } = chain.by
      const id = `${object.namespace}/${object.name}/${rule}`
      const match = chain.serverNames === undefined ? `port ${port}` : `port ${port}, by server name`
      return { id, hosts: chain.serverNames ?? ['*'], match }
    }
    if (stage?.table === undefined) return undefined
    const found = findRoute(stage.table, lineOf(cell, stage.port), cell.entrance.scheme, undefined)
    if (found.kind === 'none') return undefined
    const { domain } = found.host
    if (found.kind === 'to-https') {
      const { gateway, server } = found.by
      const id = `${gateway.namespace}/${gateway.name}/servers[${gateway.servers.indexOf(server)}]`
      return { id, hosts: [domain], match: 'every path' }
    }
    const { route } = found
    const names = this.#byRoute.get(route) ?? new Map<string, RouteName>()
    this.#byRoute.set(route, names)
    let name = names.get(domain)
    if (name === undefined) {
      const entry = route.rule.replace(/\.match\[\d+\]$/, '')
      const id = `${route.object.namespace}/${route.object.name}/${entry}`
      name = { id, hosts: [domain], match: matchText(route) }
      names.set(domain, name)
    }
    return name
  }
}

/** Whatever of the cell's requests beside host and path a route looks at. */
function inputOf({ variation }: Cell, { routedBy }: Axes): string {
  if (routedBy.size === 0) return ''
  let text = `${variation.method} ${routedBy.has('query') || routedBy.has(':path') ? variation.query : ''}`
  for (const [name, value] of variation.headers) {
    if (routedBy.has(name)) text += `\n${name}: ${value}`
  }
  return text
}

function lineOf(cell: Cell, port: number): Attributes {
  const { variation, entrance, host, path } = cell
  return new Attributes({
    method: variation.method,
    host,
    path: variation.query === '' ? path : `${path}?${variation.query}`,
    scheme: entrance.scheme,
    headers: variation.headers,
    port,
    destinationIp: '127.0.0.1',
    sourceIp: variation.address ?? '127.0.0.1',
    remoteIp: variation.address ?? '127.0.0.1',
    sni: variation.sni ?? host,
    principals: [],
  })
}

/** `prefix /pipeline`, with the conditions beside the path. */
function matchText({ path, tests }: Route): string {
  const own = `${path.kind === 'segments' ? 'prefix' : path.kind} ${path.text}`
  const others = tests.map(({ field, on }) =>
    on.match.kind === 'none' ? field : `${field} ${on.match.kind} ${on.match.text}`,
  )
  return [own, ...others].join(', ')
}
