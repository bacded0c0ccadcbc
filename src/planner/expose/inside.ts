/** Where a pod calls what was exposed: an address of the cluster that the engine says leads there. */
import { isSubset, type Mesh } from '../../mesh/index.ts'
import { compileDoor, type Door, type Explanation, explain, type Principal } from '../../policy/index.ts'
import type { ViewOptions } from '../../regions/index.ts'
import { type Grantee, principalOf } from './ask.ts'
import { doorPath, type Exposure } from './objects.ts'
import type { Endpoint } from './target.ts'
import { ownIssuer } from './trust.ts'

export interface Planned {
  readonly mesh: Mesh
  readonly view: ViewOptions
  /** Seconds since the epoch. */
  readonly now: number
}

/**
 * The gateway's Service where it answers to its own name over HTTP; else the thing's own address, where the
 * policy before the pod takes the token by itself; undefined = the door's address outside is the only one.
 */
export function insideUrl(
  { mesh, view, now }: Planned,
  exposure: Exposure,
  endpoint: Endpoint,
  grantee: Grantee,
): string | undefined {
  const door = compileDoor(mesh, view)
  const { entry, ask, trust } = exposure
  const principal = principalOf(grantee, ask, ownIssuer(trust))
  const asked = (url: Address) => answer(door, url, { endpoint, principal, view, now })
  const outside = asked({ scheme: entry.scheme, host: entry.host, path: doorPath(exposure, endpoint) })
  const found = candidates(mesh, exposure, endpoint).find((url) => arrivesAlike(asked(url), outside))
  return found && `${found.scheme}://${found.host}${found.path}`
}

interface Address {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly path: string
}

function candidates(mesh: Mesh, exposure: Exposure, endpoint: Endpoint): readonly Address[] {
  const { entry, target } = exposure
  const at = (name: string, port: number, path: string): Address => ({
    scheme: 'http',
    host: port === 80 ? name : `${name}:${port}`,
    path,
  })
  const gateways = mesh.services.filter(
    ({ namespace, selector }) =>
      namespace === entry.namespace && selector !== undefined && isSubset(selector, entry.podLabels),
  )
  const { host, port } = target.destination
  const own = target.headers.Host ?? host
  return [
    ...gateways.flatMap(({ name, namespace, ports }) =>
      ports.map((each) =>
        at(`${name}.${namespace}.svc.cluster.local`, each.port, doorPath(exposure, endpoint)),
      ),
    ),
    at(own, target.behindLocalGateway ? 80 : port, endpoint.path),
  ]
}

function answer(
  door: Door,
  address: Address,
  {
    endpoint,
    principal,
    view,
    now,
  }: {
    readonly endpoint: Endpoint
    readonly principal: Principal
    readonly view: ViewOptions
    readonly now: number
  },
): Explanation | undefined {
  const result = explain(door, {
    ...address,
    method: endpoint.methods?.[0] ?? 'GET',
    headers: [],
    principal,
    now,
    ...(view.signIn && { provider: view.signIn.answer }),
  })
  return 'problem' in result ? undefined : result
}

/** Let through by the mesh, and to the same pods. */
function arrivesAlike(inside: Explanation | undefined, outside: Explanation | undefined): boolean {
  if (inside === undefined || outside === undefined) return false
  const place = ({ workload, decision }: Explanation) =>
    workload !== undefined
      ? `${workload.namespace}/${workload.name}`
      : decision.kind === 'forward'
        ? decision.upstream
        : undefined
  const reached = ({ verdict, steps }: Explanation) =>
    verdict === 'allow' || steps.some(({ phase }) => phase === 'application')
  return reached(inside) && reached(outside) && place(inside) === place(outside)
}
