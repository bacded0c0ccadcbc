/** Questions many rules ask of a mesh: which proxies, which policies, what an anonymous request meets. */
import {
  type AuthorizationPolicy,
  isSubset,
  type Mesh,
  type RequestAuthentication,
  serviceSelects,
  type Workload,
} from '../mesh/index.ts'
import {
  assumedKeys,
  attaches,
  compileDoor,
  compileProvider,
  compileRegistry,
  type Door,
  explain,
  type HeaderList,
  honoursOldFilterNames,
  injectionOf,
  type Principal,
  type ProxyIdentity,
  parsePrincipal,
  type Registry,
} from '../policy/index.ts'

/** A proxy that policies can select, by a name for sentences. */
export interface NamedProxy {
  readonly proxy: ProxyIdentity
  readonly name: string
  readonly workload?: Workload
}

export interface Asked {
  readonly verdict: string
  readonly reason: string
  /** Service host of the cluster it is forwarded to. */
  readonly service?: string
}

export class Queries {
  readonly mesh: Mesh
  readonly door: Door
  readonly #now: number
  readonly #istioVersion: string | undefined
  readonly #anonymous = parsePrincipal('anonymous') as Principal
  #proxies: readonly NamedProxy[] | undefined
  #registry: Registry | undefined

  constructor(mesh: Mesh, now: number, istioVersion: string | undefined) {
    this.mesh = mesh
    this.#now = now
    this.#istioVersion = istioVersion
    this.door = compileDoor(mesh, {
      fetched: assumedKeys,
      ...(istioVersion !== undefined && { istioVersion }),
    })
  }

  /** Before 1.19 istiod took Envoy's old filter names for the new ones. */
  honoursOldFilterNames(): boolean {
    return honoursOldFilterNames(this.mesh, this.#istioVersion)
  }

  /** Gateways that some Gateway object configures; the ingress gateway first. */
  gateways(): readonly NamedProxy[] {
    return this.door.gateways
      .filter((proxy) => this.door.listeners(proxy).listeners.length > 0)
      .map((proxy) => ({ proxy, name: `gateway ${proxy.namespace}/${labelName(proxy)}` }))
  }

  /** Whether somebody outside the cluster can reach it: its Service is a LoadBalancer or NodePort, or it is Istio's own. */
  isOutward({ proxy }: NamedProxy): boolean {
    const services = this.mesh.services.filter(
      (service) => service.namespace === proxy.namespace && serviceSelects(service, proxy.labels),
    )
    if (services.length === 0) return proxy.labels.istio === 'ingressgateway'
    return services.some(({ type, name }) => type !== 'ClusterIP' || name === 'istio-ingressgateway')
  }

  /** Gateways, and workloads that have a sidecar. */
  proxies(): readonly NamedProxy[] {
    this.#proxies ??= [
      ...this.gateways(),
      ...this.mesh.workloads
        .filter((workload) => !this.door.gateways.some(({ labels }) => labels === workload.podLabels))
        .filter((workload) => injectionOf(this.mesh, workload) === 'sidecar')
        .map((workload) => ({
          workload,
          name: `${workload.kind} ${workload.namespace}/${workload.name}`,
          proxy: {
            kind: 'sidecar' as const,
            namespace: workload.namespace,
            labels: workload.podLabels,
            serviceAccount: workload.serviceAccount,
          },
        })),
    ]
    return this.#proxies
  }

  selects(policy: AuthorizationPolicy | RequestAuthentication, proxy: ProxyIdentity): boolean {
    const { rootNamespace } = this.mesh.meshConfig
    return attaches(policy, { namespace: proxy.namespace, labels: proxy.labels, rootNamespace })
  }

  policiesOn(proxy: ProxyIdentity, action: string): readonly AuthorizationPolicy[] {
    return this.mesh.authorizationPolicies.filter(
      (policy) => (policy.action?.value ?? 'ALLOW') === action && this.selects(policy, proxy),
    )
  }

  authenticationsOn(proxy: ProxyIdentity): readonly RequestAuthentication[] {
    return this.mesh.requestAuthentications.filter((each) => this.selects(each, proxy))
  }

  /** What is wrong with a provider that a policy names; undefined = it can be used. */
  providerProblem(name: string, namespace: string): string | undefined {
    this.#registry ??= compileRegistry(this.mesh)
    const provider = compileProvider(this.mesh, this.#registry, name, namespace)
    return 'problem' in provider ? provider.problem : undefined
  }

  /** An anonymous request at a gateway, on the port where something listens for it. */
  anonymous(
    { proxy }: NamedProxy,
    request: {
      readonly method?: string
      readonly host: string
      readonly path: string
      readonly headers?: HeaderList
    },
  ): Asked {
    let last: Asked = { verdict: 'unavailable', reason: 'no-listener' }
    for (const scheme of ['https', 'http'] as const) {
      const result = explain(this.door, {
        method: request.method ?? 'GET',
        scheme,
        host: request.host,
        path: request.path,
        headers: request.headers ?? [],
        principal: this.#anonymous,
        now: this.#now,
        gateway: proxy,
      })
      if ('problem' in result) continue
      const first = result.hops[0]?.decision
      last = {
        verdict: result.verdict,
        reason: result.reason,
        ...(first?.kind === 'forward' && { service: first.destination.host }),
      }
      if (last.verdict !== 'redirect' && last.verdict !== 'unavailable') return last
    }
    return last
  }

  /** Hosts of what people sign in at: providers' services, token issuers, and pods that run one. */
  signInServices(): ReadonlySet<string> {
    const found = new Set<string>()
    for (const { kind, service } of this.mesh.meshConfig.extensionProviders) {
      if (kind !== 'other') found.add(service.split('/').at(-1) as string)
    }
    for (const { jwtRules } of this.mesh.requestAuthentications) {
      for (const { issuer } of jwtRules) {
        const host = /^https?:\/\/([^/:]+)/.exec(issuer.value)?.[1]
        if (host !== undefined) found.add(host)
      }
    }
    for (const workload of this.mesh.workloads) {
      if (!workload.containers.some(({ image }) => signInImage.test(image))) continue
      for (const service of this.mesh.services) {
        const { namespace, name, selector } = service
        if (namespace !== workload.namespace || selector === undefined) continue
        if (isSubset(selector, workload.podLabels)) {
          found.add(`${name}.${namespace}.svc.cluster.local`)
        }
      }
    }
    return found
  }
}

const signInImage = /(^|\/)(dex|oauth2-proxy|oidc-authservice|kfdoor)(:|@|$)/

function labelName(proxy: ProxyIdentity): string {
  return proxy.labels.app ?? proxy.labels.istio ?? 'gateway'
}
