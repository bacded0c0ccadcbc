/** The gateway something is exposed at, and who is believed there. */
import { Fault } from '../../base/index.ts'
import {
  type Gateway,
  isSubset,
  type JwtRule,
  type Labels,
  type Mesh,
  type Workload,
} from '../../mesh/index.ts'
import { attaches } from '../../policy/index.ts'
import { refuse } from '../refuse.ts'
import type { ExposeAsk } from './ask.ts'

export interface Entry {
  /** `kubeflow/kubeflow-gateway` */
  readonly gateway: string
  /** Where its pods run, and by which labels policies are put before them. */
  readonly namespace: string
  readonly selector: Labels
  readonly podLabels: Labels
  readonly account: string
  readonly scheme: 'http' | 'https'
  /** A host the gateway serves, for questions and examples. */
  readonly host: string
  /** Rules of tokens that are read there already. */
  readonly rules: readonly JwtRule[]
}

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function findEntry(mesh: Mesh, ask: Pick<ExposeAsk, 'gateway' | 'name' | 'host'>): Entry {
  const intent = `expose ${ask.name}`
  const serving = mesh.gateways.flatMap((gateway) => {
    const workload = workloadOf(mesh, gateway)
    return workload === undefined ? [] : [{ gateway, workload }]
  })
  if (serving.length === 0) refuse(intent, [withoutGateway(mesh)])
  const named = (text: string) =>
    serving.find(({ gateway }) => `${gateway.namespace}/${gateway.name}` === text)
  const wanted = ask.gateway ?? ingressGateway(mesh)
  const found =
    (wanted === undefined ? undefined : named(wanted)) ??
    (ask.gateway === undefined ? named('kubeflow/kubeflow-gateway') : undefined)
  if (found === undefined && (ask.gateway !== undefined || serving.length > 1)) {
    throw new Fault('ERR_USAGE', {
      message:
        ask.gateway === undefined
          ? 'several Gateways could be the door'
          : `there is no Gateway \`${ask.gateway}\` with pods`,
      next: `name one with \`--gateway NS/NAME\`: ${serving.map(({ gateway }) => `\`${gateway.namespace}/${gateway.name}\``).join(', ')}`,
    })
  }
  const { gateway, workload } = found ?? (serving[0] as (typeof serving)[number])
  const secure = gateway.servers.find(({ tls, port }) => port.protocol === 'HTTPS' && tls !== undefined)
  const server = secure ?? gateway.servers[0]
  const concrete = server?.hosts
    .map(({ value }) => value.replace(/^[^/]*\//, ''))
    .find((each) => !each.includes('*'))
  const target = {
    namespace: workload.namespace,
    labels: workload.podLabels,
    rootNamespace: mesh.meshConfig.rootNamespace,
  }
  return {
    gateway: `${gateway.namespace}/${gateway.name}`,
    namespace: workload.namespace,
    selector: gateway.selector ?? {},
    podLabels: workload.podLabels,
    account: workload.serviceAccount || 'default',
    scheme: secure === undefined ? 'http' : 'https',
    host: ask.host ?? concrete ?? 'kubeflow.example.com',
    rules: mesh.requestAuthentications
      .filter((each) => attaches(each, target))
      .flatMap(({ jwtRules }) => jwtRules),
  }
}

function workloadOf(mesh: Mesh, gateway: Gateway): Workload | undefined {
  const { selector } = gateway
  if (selector === undefined || Object.keys(selector).length === 0) return undefined
  return mesh.workloads.find(({ podLabels }) => isSubset(selector, podLabels))
}

function withoutGateway(mesh: Mesh): string {
  const ambient =
    mesh.namespaces.some(({ labels }) => labels['istio.io/dataplane-mode'] === 'ambient') ||
    mesh.workloads.some(({ podLabels }) => podLabels.app === 'ztunnel')
  if (ambient) {
    return 'this mesh is ambient and has no Istio Gateway with pods: what a waypoint decides is not modelled, so nothing can be proved of it'
  }
  const gatewayApi = mesh.gatewayApi.some(({ kind }) => kind === 'Gateway')
  if (gatewayApi) return 'its gateways are of the Gateway API, whose routes this command does not write'
  return mesh.virtualServices.length + mesh.authorizationPolicies.length === 0
    ? 'there is no Istio in this door: no Gateway, no VirtualService, no policy'
    : 'no Gateway of this door selects pods that are in it'
}

/** As KServe's settings name it. */
function ingressGateway(mesh: Mesh): string | undefined {
  const text = mesh.configMaps.find(({ name }) => name === 'inferenceservice-config')?.data.ingress ?? ''
  return /"ingressGateway"\s*:\s*"([^"]+)"/.exec(text)?.[1]
}

/** Issuers of service accounts' tokens; everything else signs people in. */
export function isClusterIssuer(issuer: string): boolean {
  return /kubernetes\.default\.svc|\/\/oidc\.eks\.|container\.googleapis\.com|\.oic\.prod-aks\.azure\.com/.test(
    issuer,
  )
}

/** Both ways clusters spell their own issuer. */
export const usualIssuers = [
  'https://kubernetes.default.svc.cluster.local',
  'https://kubernetes.default.svc',
] as const
