/** Questions many rules ask of a mesh: which proxies, which policies, what an anonymous request meets. */
import type { At } from '../base/index.ts'
import {
  type AuthorizationPolicy,
  type EnvoyFilter,
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
  patchesOn,
  type Route,
  type RouteTable,
  type VirtualHost,
} from '../policy/index.ts'
import { sampleHost, samplePath } from './witness.ts'

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

/** One route of a gateway, with a request it takes. */
export interface Offer {
  /** The VirtualService or HTTPRoute. */
  readonly object: { readonly kind: string; readonly namespace: string; readonly name: string }
  readonly at: At
  readonly host: string
  readonly path: string
  readonly method: string
  /** Service hosts it leads to. */
  readonly targets: readonly string[]
}

export class Queries {
  readonly mesh: Mesh
  readonly door: Door
  readonly #now: number
  readonly #istioVersion: string | undefined
  readonly #anonymous = parsePrincipal('anonymous') as Principal
  #proxies: readonly NamedProxy[] | undefined
  readonly #offers = new Map<ProxyIdentity, readonly Offer[]>()

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
      .filter((proxy) => {
        const { listeners, refused } = this.door.listeners(proxy)
        return listeners.length + refused.length > 0
      })
      .map((proxy) => ({ proxy, name: `gateway ${proxy.namespace}/${labelName(proxy)}` }))
  }

  /** What a gateway routes: of VirtualServices, of HTTPRoutes, and of what KServe makes of its models. */
  offers({ proxy }: NamedProxy): readonly Offer[] {
    let offers = this.#offers.get(proxy)
    if (offers === undefined) {
      const tables = new Set(
        this.door
          .listeners(proxy)
          .listeners.flatMap(({ chains }) => chains.flatMap(({ table }) => (table ? [table()] : []))),
      )
      const hosts = [...tables].flatMap(virtualHosts)
      offers = hosts.flatMap(({ domain, routes }) => routes.flatMap((route) => offered(domain, route)))
      this.#offers.set(proxy, offers)
    }
    return offers
  }

  /**
   * Whether somebody outside the cluster can reach it: its Service is a LoadBalancer or NodePort, it is Istio's own,
   * or Istio deploys it for a Gateway of the Gateway API, with a LoadBalancer unless that says otherwise.
   */
  isOutward({ proxy }: NamedProxy): boolean {
    const services = this.mesh.services.filter(
      (service) => service.namespace === proxy.namespace && serviceSelects(service, proxy.labels),
    )
    if (services.length === 0) {
      const name = proxy.labels['gateway.networking.k8s.io/gateway-name']
      const made = this.mesh.gatewayApi.find(
        (each) => each.kind === 'Gateway' && each.name === name && each.namespace === proxy.namespace,
      )
      if (made !== undefined) return made.annotations['networking.istio.io/service-type'] !== 'ClusterIP'
      return proxy.labels.istio === 'ingressgateway'
    }
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

  /** An EnvoyFilter that puts an auth service before this proxy, as Kubeflow did until 1.8. */
  authnFilterOn(proxy: ProxyIdentity): EnvoyFilter | undefined {
    const version = this.#istioVersion
    const { patches } = patchesOn(this.mesh, proxy, version === undefined ? {} : { istioVersion: version })
    return patches.find(
      ({ patch: { applyTo, patch } }) =>
        applyTo === 'HTTP_FILTER' && JSON.stringify(patch.value ?? '').includes('ext_authz.v3.ExtAuthz"'),
    )?.owner
  }

  authenticationsOn(proxy: ProxyIdentity): readonly RequestAuthentication[] {
    return this.mesh.requestAuthentications.filter(
      // Without a rule nothing is verified.
      (each) => each.jwtRules.length > 0 && this.selects(each, proxy),
    )
  }

  /** What is wrong with a provider that a policy names; undefined = it can be used. */
  providerProblem(name: string, namespace: string): string | undefined {
    const provider = compileProvider(this.mesh, compileRegistry(this.mesh), name, namespace)
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

/** Every virtual host of a route table. */
export function virtualHosts({ hosts, suffixes, any }: RouteTable): readonly VirtualHost[] {
  return [...hosts.values(), ...suffixes.map(([, host]) => host), ...(any ? [any] : [])]
}

function offered(domain: string, { object, at, path, action, written }: Route): readonly Offer[] {
  const sample = samplePath(path)
  const method = written.match?.method
  if (sample === undefined || method?.kind === 'regex') return []
  const targets = action.kind === 'forward' ? action.targets.map(({ target }) => target.host) : []
  return [
    {
      object,
      at,
      host: sampleHost(domain),
      path: sample,
      method: method?.kind === 'exact' ? method.text : 'GET',
      targets,
    },
  ]
}

const signInImage = /(^|\/)(dex|oauth2-proxy|oidc-authservice|kfdoor)(:|@|$)/

function labelName(proxy: ProxyIdentity): string {
  return proxy.labels.app ?? proxy.labels.istio ?? 'gateway'
}
