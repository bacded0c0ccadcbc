/**
 * Which Services a pod's sidecar knows of: those exported to its namespace, and of these the ones a Sidecar
 * resource lists. A call to another one leaves the pod as it is, without the mesh's identity, or not at all.
 * Agrees with Istio's pilot/pkg/model/sidecar.go (egress hosts) and push_context.go (servicesExportedToNamespace).
 */
import { isSubsetOf, type Mesh, overlaps, type SidecarResource } from '../mesh/index.ts'
import { compileRegistry, isVisible } from './registry.ts'
import { sidecarResourceOf } from './sidecar-resource.ts'

/** `listed` is what happens without any Sidecar. */
export type Reach =
  | { readonly kind: 'listed' }
  /** Without `by` it is not exported to the caller. */
  | { readonly kind: 'passed' | 'blocked'; readonly by?: SidecarResource }
  /** Pods of the caller have different Sidecars. */
  | { readonly kind: 'unknown'; readonly by?: SidecarResource }

interface Caller {
  readonly namespace: string
  readonly name: string
}

const listed: Reach = { kind: 'listed' }

/** What was found of a mesh, which never changes: a map asks for the same few pairs thousands of times. */
const found = new WeakMap<Mesh, Known>()

interface Known {
  readonly reaches: Map<string, Reach>
  /** Whether anybody is kept from anything. */
  readonly limits: boolean
}

function knownOf(mesh: Mesh): Known {
  let known = found.get(mesh)
  if (known === undefined) {
    const kept = [...compileRegistry(mesh).values()].some((all) =>
      all.some(({ exportTo }) => exportTo !== undefined),
    )
    known = { reaches: new Map(), limits: kept || mesh.sidecars.length > 0 }
    found.set(mesh, known)
  }
  return known
}

/** `host` is a Service's full name, `name.namespace.svc.cluster.local`. */
export function reachOf(mesh: Mesh, caller: Caller, host: string): Reach {
  const { reaches, limits } = knownOf(mesh)
  if (!limits) return listed
  const key = `${caller.namespace}/${caller.name} ${host}`
  let reach = reaches.get(key)
  if (reach === undefined) {
    const shown =
      compileRegistry(mesh)
        .get(host)
        ?.some((service) => isVisible(service, caller.namespace)) ?? true
    reach = reachOfPods(mesh, caller, host, shown)
    if (reaches.size >= 4096) reaches.clear()
    reaches.set(key, reach)
  }
  return reach
}

function reachOfPods(mesh: Mesh, caller: Caller, host: string, shown: boolean): Reach {
  const all = sidecarsOf(mesh, caller).map((sidecar) => reachBy(mesh, sidecar, caller, host, shown))
  const [first = listed] = all
  const other = all.find(({ kind }) => kind !== first.kind)
  if (other === undefined) return first
  const by = 'by' in first ? first.by : 'by' in other ? other.by : undefined
  return { kind: 'unknown', ...(by && { by }) }
}

/** One for each kind of pod the service account has; undefined = none. Without pods any may be meant. */
function sidecarsOf(mesh: Mesh, { namespace, name }: Caller): readonly (SidecarResource | undefined)[] {
  const pods = mesh.workloads.filter((pod) => pod.namespace === namespace && pod.serviceAccount === name)
  const labels = pods.length === 0 ? [{}] : pods.map(({ podLabels }) => podLabels)
  return [...new Set(labels.map((each) => sidecarResourceOf(mesh, namespace, each)))]
}

function reachBy(
  mesh: Mesh,
  sidecar: SidecarResource | undefined,
  caller: Caller,
  host: string,
  shown: boolean,
): Reach {
  const [, namespace = ''] = host.split('.')
  if (shown && lists(sidecar, caller.namespace, { namespace, hosts: [host] }, isSubsetOf)) return listed
  const mode = sidecar?.outboundMode ?? mesh.meshConfig.outboundMode ?? 'ALLOW_ANY'
  return {
    kind: mode === 'REGISTRY_ONLY' ? 'blocked' : 'passed',
    ...(shown && sidecar && { by: sidecar }),
  }
}

/** A VirtualService, as far as a Sidecar looks at it. */
interface Imported {
  readonly namespace: string
  readonly hosts: readonly string[]
}

/**
 * Whether the sidecars of the caller's pods know a VirtualService: its namespace and one of its hosts
 * have to be listed (SelectVirtualServices). undefined = some of them do.
 */
export function imports(mesh: Mesh, caller: Caller, service: Imported): boolean | undefined {
  if (mesh.sidecars.length === 0) return true
  const all = sidecarsOf(mesh, caller).map((sidecar) => lists(sidecar, caller.namespace, service, overlaps))
  return all.every((one) => one === all[0]) ? all[0] : undefined
}

/**
 * Whether one of its listeners takes one of the hosts: `namespace/host`, of which `.` is the caller's own and `*`
 * any; `~` in front takes that out again, and alone stands for any namespace.
 */
function lists(
  sidecar: SidecarResource | undefined,
  own: string,
  { namespace, hosts }: Imported,
  matches: (host: string, listed: string) => boolean,
): boolean {
  // Without `egress` everything is imported.
  if (sidecar === undefined || sidecar.egress.length === 0) return true
  return sidecar.egress.some((listener) => {
    const named = (out: boolean, host: string, by: typeof matches) =>
      listener.hosts.some((written) => {
        const [, not, of = '', listed = ''] = /^(~?)([^/]*)\/(.*)$/.exec(written) ?? []
        if ((not === '~') !== out) return false
        const wanted = of === '.' ? own : of || '*'
        return (wanted === '*' || wanted === namespace) && by(host, listed)
      })
    return hosts.some((host) => named(false, host, matches) && !named(true, host, isSubsetOf))
  })
}
