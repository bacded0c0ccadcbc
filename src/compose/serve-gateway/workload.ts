import { Fault } from '../../base/index.ts'
import type { Mesh, Workload } from '../../mesh/index.ts'
import type { Door, ProxyIdentity } from '../../policy/index.ts'
import type { WorkloadOption } from './options.ts'

/** The proxy that is run, and what it is called. */
export interface ServedProxy {
  readonly proxy: ProxyIdentity
  /** `namespace/name`. */
  readonly name: string
}

/** @throws Fault ERR_USAGE where the YAML has no such workload */
export function servedProxy(door: Door, option: WorkloadOption | undefined): ServedProxy {
  if (option === undefined) {
    const proxy = door.gateway()
    const workload = door.mesh.workloads.find((each) => isPodOf(each, proxy))
    return { proxy, name: `${proxy.namespace}/${workload?.name ?? 'istio-ingressgateway'}` }
  }
  if (option.kind !== 'named') {
    const proxy = option.kind === 'proxy' ? option.proxy : labelled(door, option)
    const workload = door.mesh.workloads.find((each) => isPodOf(each, proxy))
    return {
      proxy,
      name: `${proxy.namespace}/${workload?.name ?? Object.values(proxy.labels)[0] ?? 'workload'}`,
    }
  }
  const { namespace, name } = option
  const workload = door.mesh.workloads.find((each) => each.namespace === namespace && each.name === name)
  if (!workload) {
    throw new Fault('ERR_USAGE', {
      message: `the YAML has no workload \`${namespace}/${name}\``,
      next: knownWorkloads(door.mesh),
    })
  }
  const gateway = option.sidecar ? undefined : door.gateways.find((proxy) => isPodOf(workload, proxy))
  const { podLabels: labels, serviceAccount } = workload
  return {
    proxy: gateway ?? { kind: 'sidecar', namespace, labels, ...(serviceAccount && { serviceAccount }) },
    name: `${namespace}/${name}`,
  }
}

/** Labels some Gateway selects are a gateway's, unless a sidecar was asked for. */
function labelled(door: Door, option: Extract<WorkloadOption, { kind: 'labelled' }>): ProxyIdentity {
  const { namespace, labels, serviceAccount, sidecar } = option
  const selected = door.mesh.gateways.some(
    ({ selector = {} }) =>
      Object.keys(selector).length > 0 &&
      Object.entries(selector).every(([key, value]) => labels[key] === value),
  )
  const kubernetes = labels['gateway.networking.k8s.io/gateway-name'] !== undefined
  const kind = !sidecar && (selected || kubernetes) ? 'gateway' : 'sidecar'
  return { kind, namespace, labels, serviceAccount }
}

function isPodOf(workload: Workload, proxy: ProxyIdentity): boolean {
  const wanted = Object.entries(proxy.labels)
  return (
    workload.namespace === proxy.namespace &&
    Object.keys(workload.podLabels).length === wanted.length &&
    wanted.every(([key, value]) => workload.podLabels[key] === value)
  )
}

function knownWorkloads(mesh: Mesh): string {
  const names = mesh.workloads.map(({ namespace, name }) => `\`${namespace}/${name}\``)
  if (names.length === 0) return 'it has none; say which labels: `--workload NS/app=NAME`'
  const shown = names.slice(0, 8).join(', ')
  return `it has ${shown}${names.length > 8 ? ', …' : ''}`
}
