/** Through which Gateway people come in, and which pods serve it. */
import { Fault } from '../base/index.ts'
import {
  type Gateway,
  isSubset,
  type Mesh,
  type Service,
  serviceSelects,
  type Workload,
} from '../mesh/index.ts'
import { attaches } from '../policy/index.ts'
import type { ViewOptions } from '../regions/index.ts'
import { findRaw, type RawDoor, type RawObject } from './raw-door.ts'

/** What an intent is told of a door. */
export interface IntentWorld {
  readonly door: RawDoor
  readonly mesh: Mesh
  /** Seconds since the epoch. */
  readonly now: number
  readonly view: (mesh: Mesh) => ViewOptions
}

export interface Entrance {
  readonly gateway: Gateway
  readonly raw: RawObject
  readonly pods: Workload
  /** Those that lead to the pods. */
  readonly services: readonly Service[]
}

/** Why there is no Gateway with pods, where that is not the whole answer: what this command cannot do there. */
interface WithoutGateway {
  readonly ambient: string
  readonly gatewayApi: string
}

interface Choice {
  /** `NAMESPACE/NAME`, as somebody asked for it. */
  readonly wanted?: string
  /** Taken before Kubeflow's own, if it is there and nobody asked for another. */
  readonly preferred?: string
  readonly without: WithoutGateway
}

const fullName = ({ namespace, name }: Pick<Gateway, 'namespace' | 'name'>) => `${namespace}/${name}`

/**
 * The Gateway wanted, else the preferred one, else Kubeflow's own, else the only one with pods.
 *
 * @throws Fault ERR_INTENT_REFUSED, ERR_USAGE
 */
export function chooseGateway(
  mesh: Mesh,
  intent: string,
  { wanted, preferred, without }: Choice,
): { readonly gateway: Gateway; readonly pods: Workload } {
  const serving = mesh.gateways.flatMap((gateway) => {
    const pods = podsOf(mesh, gateway)
    return pods === undefined ? [] : [{ gateway, pods }]
  })
  if (serving.length === 0)
    throw new Fault('ERR_INTENT_REFUSED', { intent, reasons: [noGateway(mesh, without)] })
  const named = (text: string | undefined) => serving.find(({ gateway }) => fullName(gateway) === text)
  const found =
    wanted === undefined
      ? (named(preferred) ??
        named('kubeflow/kubeflow-gateway') ??
        (serving.length === 1 ? serving[0] : undefined))
      : named(wanted)
  if (found === undefined) {
    throw new Fault('ERR_USAGE', {
      message:
        wanted === undefined
          ? 'several Gateways could be the door'
          : `there is no Gateway \`${wanted}\` with pods`,
      next: `name one with \`--gateway NS/NAME\`: ${serving.map(({ gateway }) => `\`${fullName(gateway)}\``).join(', ')}`,
    })
  }
  return found
}

const without: WithoutGateway = {
  ambient: 'this mesh is ambient and has no Istio Gateway with pods',
  gatewayApi: 'its gateways are of the Gateway API, whose listeners this command does not write',
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function findEntrance(
  world: Pick<IntentWorld, 'door' | 'mesh'>,
  intent: string,
  wanted?: string,
): Entrance {
  const { door, mesh } = world
  const { gateway, pods } = chooseGateway(mesh, intent, { wanted, without })
  const raw = findRaw(door, {
    kind: 'Gateway',
    namespace: gateway.namespace,
    name: gateway.name,
    group: 'networking.istio.io',
  })
  if (raw === undefined) {
    throw new Fault('ERR_INTENT_REFUSED', {
      intent,
      reasons: [`Gateway \`${fullName(gateway)}\` is written in a way that cannot be edited`],
    })
  }
  return { gateway, raw, pods, services: servicesOf(mesh, pods) }
}

export function podsOf(mesh: Mesh, { selector }: Pick<Gateway, 'selector'>): Workload | undefined {
  if (selector === undefined || Object.keys(selector).length === 0) return undefined
  return mesh.workloads.find(({ podLabels }) => isSubset(selector, podLabels))
}

/** That lead to these pods. */
export const servicesOf = (mesh: Mesh, pods: Workload) =>
  mesh.services.filter(
    (service) => service.namespace === pods.namespace && serviceSelects(service, pods.podLabels),
  )

/** The port of the pods behind a port of their Services; undefined = no Service has it, or by name only. */
export function podPort(services: readonly Service[], number: number): number | undefined {
  for (const { ports } of services) {
    const port = ports.find((one) => one.port === number)
    const target = port?.targetPort ?? port?.port
    if (typeof target === 'number') return target
  }
  return undefined
}

/** Policies and filters that stand before these pods. */
export function standsBefore(
  mesh: Mesh,
  pods: Pick<Workload, 'namespace' | 'podLabels'>,
  one: Parameters<typeof attaches>[0],
): boolean {
  return attaches(one, {
    namespace: pods.namespace,
    labels: pods.podLabels,
    rootNamespace: mesh.meshConfig.rootNamespace,
  })
}

function noGateway(mesh: Mesh, words: WithoutGateway): string {
  const ambient =
    mesh.namespaces.some(({ labels }) => labels['istio.io/dataplane-mode'] === 'ambient') ||
    mesh.workloads.some(({ podLabels }) => podLabels.app === 'ztunnel')
  if (ambient) return words.ambient
  if (mesh.gatewayApi.some(({ kind }) => kind === 'Gateway')) return words.gatewayApi
  return mesh.gateways.length + mesh.virtualServices.length + mesh.authorizationPolicies.length === 0
    ? 'there is no Istio in this door: no Gateway, no VirtualService, no policy'
    : 'no Gateway of this door selects pods that are in it'
}
