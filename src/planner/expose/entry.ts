/** The gateway something is exposed at, and who is believed there. */
import type { JwtRule, Labels, Mesh } from '../../mesh/index.ts'
import { attaches } from '../../policy/index.ts'
import { chooseGateway } from '../entrance.ts'
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
  const { gateway, pods: workload } = chooseGateway(mesh, `expose ${ask.name}`, {
    wanted: ask.gateway,
    preferred: ingressGateway(mesh),
    without,
  })
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

const without = {
  ambient:
    'this mesh is ambient and has no Istio Gateway with pods: what a waypoint decides is not modelled, so nothing can be proved of it',
  gatewayApi: 'its gateways are of the Gateway API, whose routes this command does not write',
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
