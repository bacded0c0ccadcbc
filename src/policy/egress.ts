/**
 * Which Services a pod's sidecar knows of. A Sidecar resource lists them; a call to another one leaves
 * the pod as it is, without the mesh's identity, or not at all. Agrees with Istio's
 * pilot/pkg/model/sidecar.go (egress hosts).
 */
import { isSubsetOf, type Mesh, overlaps, type SidecarResource } from '../mesh/index.ts'
import { sidecarResourceOf } from './sidecar-resource.ts'

/** `listed` is what happens without any Sidecar. */
export type Reach =
  | { readonly kind: 'listed' }
  | { readonly kind: 'passed' | 'blocked'; readonly by: SidecarResource }
  /** Pods of the caller have different Sidecars. */
  | { readonly kind: 'unknown'; readonly by: SidecarResource }

interface Caller {
  readonly namespace: string
  readonly name: string
}

const listed: Reach = { kind: 'listed' }

/** What was found of a mesh, which never changes: a map asks for the same few pairs thousands of times. */
const found = new WeakMap<Mesh, Map<string, Reach>>()

/** `host` is a Service's full name, `name.namespace.svc.cluster.local`. */
export function reachOf(mesh: Mesh, caller: Caller, host: string): Reach {
  if (mesh.sidecars.length === 0) return listed
  let reaches = found.get(mesh)
  if (reaches === undefined) {
    reaches = new Map()
    found.set(mesh, reaches)
  }
  const key = `${caller.namespace}/${caller.name} ${host}`
  let reach = reaches.get(key)
  if (reach === undefined) {
    reach = reachOfPods(mesh, caller, host)
    if (reaches.size >= 4096) reaches.clear()
    reaches.set(key, reach)
  }
  return reach
}

function reachOfPods(mesh: Mesh, caller: Caller, host: string): Reach {
  const all = sidecarsOf(mesh, caller).map((sidecar) => reachBy(mesh, sidecar, caller, host))
  const [first = listed] = all
  const other = all.find(({ kind }) => kind !== first.kind)
  if (other === undefined) return first
  const by = 'by' in first ? first.by : 'by' in other ? other.by : undefined
  return by === undefined ? first : { kind: 'unknown', by }
}

/** One for each kind of pod the service account has; undefined = none. Without pods any may be meant. */
function sidecarsOf(mesh: Mesh, { namespace, name }: Caller): readonly (SidecarResource | undefined)[] {
  const pods = mesh.workloads.filter((pod) => pod.namespace === namespace && pod.serviceAccount === name)
  const labels = pods.length === 0 ? [{}] : pods.map(({ podLabels }) => podLabels)
  return [...new Set(labels.map((each) => sidecarResourceOf(mesh, namespace, each)))]
}

function reachBy(mesh: Mesh, sidecar: SidecarResource | undefined, caller: Caller, host: string): Reach {
  // Without `egress` everything is imported.
  if (sidecar === undefined || sidecar.egress.length === 0) return listed
  const [, namespace = ''] = host.split('.')
  const known = sidecar.egress.some(({ hosts }) =>
    hosts.some((written) => takes(written, caller.namespace, namespace, host)),
  )
  if (known) return listed
  const mode = sidecar.outboundMode ?? mesh.meshConfig.outboundMode ?? 'ALLOW_ANY'
  return { kind: mode === 'REGISTRY_ONLY' ? 'blocked' : 'passed', by: sidecar }
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
  const all = sidecarsOf(mesh, caller).map((sidecar) => {
    if (sidecar === undefined || sidecar.egress.length === 0) return true
    return sidecar.egress.some(({ hosts }) =>
      hosts.some((written) => takesService(written, caller.namespace, service)),
    )
  })
  return all.every((one) => one === all[0]) ? all[0] : undefined
}

function takesService(written: string, own: string, { namespace, hosts }: Imported): boolean {
  const slash = written.indexOf('/')
  const wanted = written.slice(0, slash)
  if (slash === -1 || wanted === '~') return false
  if (wanted !== '*' && (wanted === '.' ? own : wanted) !== namespace) return false
  const listed = written.slice(slash + 1)
  return hosts.some((host) => overlaps(host, listed))
}

/** `namespace/host`: `.` is the caller's own, `*` any, `~` none. */
function takes(written: string, own: string, namespace: string, host: string): boolean {
  const slash = written.indexOf('/')
  const wanted = written.slice(0, slash)
  if (slash === -1 || wanted === '~') return false
  if (wanted !== '*' && (wanted === '.' ? own : wanted) !== namespace) return false
  return isSubsetOf(host, written.slice(slash + 1))
}
