/** The gateway something is exposed at, and who is believed there. */

import { isFor } from '../../lint/index.ts'
import type { Gateway, JwtRule, Labels, Mesh, Workload } from '../../mesh/index.ts'
import { attaches, gatewayName } from '../../policy/index.ts'
import { chooseGateway, servicesOf } from '../entrance.ts'
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
  /** Hosts a route without one of its own is for: those of the page at `/`, `*` where that is for all. */
  readonly hosts: readonly string[]
  /** What its servers are for, as they say it: `*`, `*.example.com`, `NAMESPACE/HOST`. */
  readonly takes: readonly string[]
  /** A host of its own is the door's: its Gateway takes no other, and what is routed for `*` stands beside. */
  readonly hostShared: boolean
  /** Ports it is reached by, as a Host header may say them. */
  readonly ports: readonly number[]
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
  const hosts = doorHosts(mesh, gateway)
  const [named] = hosts.filter((each) => !each.includes('*'))
  return {
    gateway: `${gateway.namespace}/${gateway.name}`,
    namespace: workload.namespace,
    selector: gateway.selector ?? {},
    podLabels: workload.podLabels,
    account: workload.serviceAccount || 'default',
    scheme: secure === undefined ? 'http' : 'https',
    host: ask.host ?? named ?? concrete ?? 'kubeflow.example.com',
    hosts,
    takes: [...new Set(gateway.servers.flatMap((each) => each.hosts.map(({ value }) => value)))],
    hostShared: ask.host !== undefined && isFor(gateway, ask.host),
    ports: portsOf(mesh, gateway, workload),
    rules: mesh.requestAuthentications
      .filter((each) => attaches(each, target))
      .flatMap(({ jwtRules }) => jwtRules),
  }
}

/**
 * A virtual host of a name of its own hides routes for `*`: where the page that takes everything is for names
 * alone, so is what stands beside it.
 */
function doorHosts(mesh: Mesh, gateway: Gateway): readonly string[] {
  const name = `${gateway.namespace}/${gateway.name}`
  const pages = mesh.virtualServices.filter(
    ({ gateways = [], namespace, http }) =>
      gateways.some(({ value }) => gatewayName(value, namespace) === name) &&
      http.some(({ match = [] }) => match.length === 0 || match.some(({ uri }) => uri?.text === '/')),
  )
  const kubeflows = pages.filter(({ namespace }) => namespace === gateway.namespace)
  const hosts = new Set(kubeflows.flatMap((each) => each.hosts.map(({ value }) => value)))
  return hosts.size === 0 || hosts.has('*') ? ['*'] : [...hosts]
}

/** Those of its servers, and the nodes' ports that lead to them. */
function portsOf(mesh: Mesh, { servers }: Gateway, pods: Workload): readonly number[] {
  const own = servers.map(({ port }) => port.number)
  const nodes = servicesOf(mesh, pods).flatMap(({ ports }) =>
    ports.flatMap(({ port, nodePort }) => (own.includes(port) && nodePort ? [nodePort] : [])),
  )
  return [...new Set([...own, ...nodes])]
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

/** Both ways clusters spell their own issuer: the API server signs with one, and old rules name the other. */
export const usualIssuers = [
  'https://kubernetes.default.svc.cluster.local',
  'https://kubernetes.default.svc',
] as const
