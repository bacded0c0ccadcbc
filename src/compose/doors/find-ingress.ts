import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Fault, withoutOwnSecrets } from '../../base/index.ts'
import { clusterAccess, type KubeApi, messageOf, openKubeApi } from '../../kube/index.ts'
import type { Environment } from './folders.ts'

/** Where a cluster's ingress gateway answers from here. */
export interface FoundIngress {
  readonly url: URL
  readonly by: 'LoadBalancer' | 'NodePort' | 'port-forward'
  close(): void
}

interface WhichCluster {
  readonly context?: string
  readonly kubeconfig?: string
}

interface Port {
  readonly name?: string
  readonly port: number
  readonly nodePort?: number
}
interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly type?: string
    readonly ports?: readonly Port[]
    readonly selector?: Readonly<Record<string, string>>
  }
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[]
    }
  }
}
interface Node {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] }
}

/** The labels Istio's own charts, and Kubeflow's manifests, give the gateway. */
const selectors = ['istio=ingressgateway', 'app=istio-ingressgateway']

/**
 * The ingress gateway of a kubeconfig's cluster: at its load balancer, at a node's port, and where it has
 * neither through `kubectl port-forward` for as long as it is needed.
 *
 * @throws Fault ERR_KUBECONFIG, ERR_DOOR_UNREACHABLE, ERR_CLUSTER_REFUSED, ERR_USAGE where there is none
 */
export async function findIngress(env: Environment, which: WhichCluster): Promise<FoundIngress> {
  const access = await clusterAccess(env, which)
  const api = openKubeApi(access)
  try {
    const service = await gatewayService(api, access.server.host)
    const { ports = [] } = service.spec
    const plain = ports.find(({ name, port }) => port === 80 || /^http2?$/.test(name ?? ''))
    const secure = ports.find(({ name, port }) => port === 443 || name === 'https')
    // Kubeflow installs its Gateway without TLS; 443 is on the Service and nobody may listen behind it.
    const [chosen, scheme] = plain ? [plain, 'http'] : [secure, 'https']
    if (!chosen) throw nothing(`${nameOf(service)} has neither port 80 nor 443`)
    const at = (host: string, port: number) =>
      new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`)
    const balancer = service.status?.loadBalancer?.ingress?.[0]
    const address = balancer?.hostname ?? balancer?.ip
    if (address) return { url: at(address, chosen.port), by: 'LoadBalancer', close: () => {} }
    if (chosen.nodePort !== undefined) {
      const node = await nodeAddress(api)
      if (node) return { url: at(node, chosen.nodePort), by: 'NodePort', close: () => {} }
    }
    const forward = await portForward(env, which, service, chosen.port)
    return { url: at('127.0.0.1', forward.port), by: 'port-forward', close: forward.close }
  } finally {
    api.close()
  }
}

const nameOf = ({ metadata }: Service) => `Service ${metadata.namespace}/${metadata.name}`

const nothing = (reason: string) =>
  new Fault('ERR_USAGE', {
    message: `no way to the cluster's ingress gateway was found: ${reason}`,
    next: 'say where it is: `--url https://HOST`',
  })

async function gatewayService(api: KubeApi, server: string): Promise<Service> {
  const list = async (query: string): Promise<readonly Service[]> => {
    const answer = await api.call(`/api/v1/services${query}`)
    if (answer.status !== 200) {
      throw new Fault('ERR_CLUSTER_REFUSED', { server, reason: messageOf(answer) })
    }
    return (answer.body as { items?: readonly Service[] }).items ?? []
  }
  for (const selector of selectors) {
    const [first] = await list(`?labelSelector=${encodeURIComponent(selector)}`)
    if (first) return first
  }
  // Somebody's own chart: not labelled so, and still before those pods. Knative's local gateway is, too.
  const before = (await list('')).filter(({ spec }) =>
    selectors.some((selector) => {
      const [key = '', value] = selector.split('=')
      return spec.selector?.[key] === value
    }),
  )
  const outside = before.find(({ spec }) => spec.type === 'LoadBalancer' || spec.type === 'NodePort')
  const first = outside ?? before.find(({ metadata }) => !/local/.test(metadata.name)) ?? before[0]
  if (first) return first
  throw nothing(`no Service is labelled ${selectors.join(' or ')}, or selects such pods`)
}

async function nodeAddress(api: KubeApi): Promise<string | undefined> {
  const answer = await api.call('/api/v1/nodes?limit=5')
  if (answer.status !== 200) return undefined
  const { items = [] } = answer.body as { items?: readonly Node[] }
  const addresses = items.flatMap(({ status }) => status?.addresses ?? [])
  const of = (type: string) => addresses.find((one) => one.type === type)?.address
  return of('ExternalIP') ?? of('InternalIP')
}

/** kubectl has the cluster's credentials and knows how to speak to its kubelet. */
async function portForward(
  env: Environment,
  { context, kubeconfig }: WhichCluster,
  service: Service,
  port: number,
): Promise<{ readonly port: number; close(): void }> {
  const { name, namespace } = service.metadata
  const words = [
    ...(context === undefined ? [] : ['--context', context]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...[
      '--namespace',
      namespace,
      'port-forward',
      '--pod-running-timeout=15s',
      '--address',
      '127.0.0.1',
      `service/${name}`,
      `:${port}`,
    ],
  ]
  const child = spawn('kubectl', words, { env: withoutOwnSecrets(env), stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const hear = (part: Buffer) => {
    said = (said + String(part)).slice(-2000)
  }
  child.stderr.on('data', hear)
  child.stdout.on('data', hear)
  const ended = once(child, 'exit').catch((error: Error) => {
    said ||= error.message
  })
  for (;;) {
    const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)
    if (found) return { port: Number(found[1]), close: () => child.kill() }
    const over = await Promise.race([ended.then(() => true), once(child.stdout, 'data').then(() => false)])
    if (over)
      throw nothing(`${nameOf(service)} has no address, and kubectl port-forward says: ${said.trim()}`)
  }
}
