/**
 * What Knative's and KServe's controllers are told by their ConfigMaps, with their defaults. Agrees with
 * knative/serving `pkg/reconciler/route/config/domain.go`, knative/networking `pkg/config`, net-istio
 * `pkg/reconciler/ingress/config/istio.go` and kserve `pkg/apis/serving/v1beta1/configmap.go`.
 */
import { type ConfigMap, type Labels, type Mesh, yamlValue } from '../../mesh/index.ts'
import { child, list, text } from '../gateway-api/json.ts'

export interface KnativeConfig {
  /** The domain of a route with those labels; undefined = `config-domain` is not given. */
  readonly domainOf: (labels: Labels) => string | undefined
  /** `{{.Name}}.{{.Namespace}}.{{.Domain}}`. */
  readonly domainTemplate: string
  /** `{{.Tag}}-{{.Name}}`. */
  readonly tagTemplate: string
  readonly external: readonly GatewayChoice[]
  readonly local: readonly GatewayChoice[]
  /** Why nothing of it can be said, or nothing of what is outside the cluster. */
  readonly unknown?: string
  readonly unknownOutside?: string
}

/** One of net-istio's gateways. */
export interface GatewayChoice {
  /** `namespace/name`. */
  readonly gateway: string
  /** Host of its Service. */
  readonly service: string
  readonly labels?: Labels
}

const knativeNamespace = 'knative-serving'
const clusterDomain = 'svc.cluster.local'

export function knativeConfig(mesh: Mesh): KnativeConfig {
  const configMap = (wanted: string) =>
    mesh.configMaps.find(({ namespace, name }) => namespace === knativeNamespace && name === wanted)
  const network = (...keys: readonly string[]) => {
    const data = configMap('config-network')?.data ?? {}
    return keys.map((key) => data[key]).find((value) => value !== undefined)
  }
  const ingress = network('ingress-class', 'ingress.class') ?? 'istio.ingress.networking.knative.dev'
  const tls = network('external-domain-tls', 'auto-tls', 'autoTLS') ?? 'Disabled'
  const gateways = istioGateways(configMap('config-istio'))
  const istio = ingress.startsWith('istio.')
  const why = istio ? gateways.unknown : `Knative's ingress is ${ingress}, not Istio`
  return {
    domainOf: domains(configMap('config-domain')),
    domainTemplate: network('domain-template', 'domainTemplate') ?? '{{.Name}}.{{.Namespace}}.{{.Domain}}',
    tagTemplate: network('tag-template', 'tagTemplate') ?? '{{.Tag}}-{{.Name}}',
    external: gateways.external,
    local: gateways.local,
    ...(why !== undefined && { unknown: why }),
    ...(tls.toLowerCase() === 'enabled' && {
      unknownOutside: 'Knative makes a Gateway with certificates of its own for it',
    }),
  }
}

/** Defaults of config-domain: `svc.cluster.local` since Knative 1.8, `example.com` before. */
function domains(config: ConfigMap | undefined): KnativeConfig['domainOf'] {
  if (config === undefined) return () => undefined
  const entries = Object.entries(config.data)
    .filter(([key]) => !key.startsWith('_'))
    .map(([domain, written]) => {
      const selector = child(written === '' ? {} : yamlValue(written), 'selector')
      return { domain, selector: Object.entries((selector ?? {}) as Labels) }
    })
  if (!entries.some(({ selector }) => selector.length === 0)) {
    const version = /^v?(\d+)\.(\d+)/.exec(
      config.labels['app.kubernetes.io/version'] ?? config.labels['serving.knative.dev/release'] ?? '',
    )
    const old = version !== null && Number(version[1]) < 2 && Number(version[2]) < 8
    entries.push({ domain: old ? 'example.com' : clusterDomain, selector: [] })
  }
  return (labels) => {
    const fitting = entries.filter(({ selector }) =>
      selector.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value),
    )
    // The more labels it asks for the better; of equals the first by name.
    fitting.sort((a, b) => b.selector.length - a.selector.length || (a.domain < b.domain ? -1 : 1))
    return fitting[0]?.domain
  }
}

interface IstioGateways {
  readonly external: readonly GatewayChoice[]
  readonly local: readonly GatewayChoice[]
  readonly unknown?: string
}

const usualExternal: readonly GatewayChoice[] = [
  {
    gateway: `${knativeNamespace}/knative-ingress-gateway`,
    service: 'istio-ingressgateway.istio-system.svc.cluster.local',
  },
]
const usualLocal: readonly GatewayChoice[] = [
  {
    gateway: `${knativeNamespace}/knative-local-gateway`,
    service: 'knative-local-gateway.istio-system.svc.cluster.local',
  },
]

function istioGateways(config: ConfigMap | undefined): IstioGateways {
  const data = config?.data ?? {}
  const [external, local] = [data['external-gateways'] ?? '', data['local-gateways'] ?? '']
  if (external !== '' || local !== '') {
    const read = {
      external: external === '' ? usualExternal : gatewayList(external),
      local: local === '' ? usualLocal : gatewayList(local),
    }
    if (read.external !== undefined && read.local !== undefined) {
      return { external: read.external, local: read.local }
    }
    return { external: [], local: [], unknown: 'the gateways in ConfigMap config-istio cannot be read' }
  }
  const named = (prefix: string): readonly GatewayChoice[] =>
    Object.keys(data)
      .filter((key) => key.startsWith(prefix) && key !== prefix)
      .sort()
      .map((key) => {
        const written = key.slice(prefix.length)
        const dot = written.indexOf('.')
        const gateway =
          dot === -1 ? `${knativeNamespace}/${written}` : `${written.slice(0, dot)}/${written.slice(dot + 1)}`
        return { gateway, service: data[key] ?? '' }
      })
  const [outside, inside] = [named('gateway.'), named('local-gateway.')]
  return {
    external: outside.length > 0 ? outside : usualExternal,
    local: inside.length > 0 ? inside : usualLocal,
  }
}

function gatewayList(written: string): readonly GatewayChoice[] | undefined {
  const value = yamlValue(written)
  if (!Array.isArray(value)) return undefined
  const choices: GatewayChoice[] = []
  for (const entry of value) {
    const [namespace, name] = [text(child(entry, 'namespace')), text(child(entry, 'name'))]
    if (namespace === undefined || name === undefined) return undefined
    if (list(child(entry, 'labelSelector', 'matchExpressions')).length > 0) return undefined
    const labels = child(entry, 'labelSelector', 'matchLabels') as Labels | undefined
    choices.push({
      gateway: `${namespace}/${name}`,
      service: text(child(entry, 'service')) ?? '',
      ...(labels && { labels }),
    })
  }
  return choices
}

/** Gateways whose labels a route has, else those that ask for none. */
export function chooseGateways(choices: readonly GatewayChoice[], labels: Labels): readonly GatewayChoice[] {
  const asked = choices.filter(
    (choice) =>
      choice.labels !== undefined &&
      Object.entries(choice.labels).every(([key, value]) => labels[key] === value),
  )
  return asked.length > 0 ? asked : choices.filter((choice) => choice.labels === undefined)
}

/** A Go template of plain fields; undefined = it is more than that. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string | undefined {
  let strange = false
  const filled = template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, expression: string) => {
    const value = expression.startsWith('.') ? values[expression.slice(1)] : undefined
    if (value === undefined) strange = true
    return value ?? ''
  })
  return strange ? undefined : filled
}

export interface KserveConfig {
  /** KServe's minor version, as far as its configuration tells. */
  readonly version: number
  readonly mode: string
  readonly ingressGateway: string
  readonly localGateway: string
  /** Host of the Service every model's route leads to. */
  readonly localService: string
  readonly ingressDomain: string
  readonly additionalDomains: readonly string[]
  readonly pathTemplate: string
  /** KServe makes no route of its own; Knative's are all there is. */
  readonly withoutRoute: boolean
}

export function kserveConfig(mesh: Mesh): KserveConfig {
  const config = mesh.configMaps.find(({ name }) => name === 'inferenceservice-config')
  const [ingress, deploy] = [json(config?.data.ingress), json(config?.data.deploy)]
  const word = (name: string, usual: string) => text(child(ingress, name)) || usual
  const localService = word('localGatewayService', 'knative-local-gateway.istio-system.svc.cluster.local')
  const additional = child(ingress, 'additionalIngressDomains')
  return {
    version: kserveVersion(mesh, ingress),
    mode: text(child(deploy, 'defaultDeploymentMode')) ?? 'Serverless',
    ingressGateway: word('ingressGateway', 'knative-serving/knative-ingress-gateway'),
    localGateway: word('localGateway', 'knative-serving/knative-local-gateway'),
    localService: word('knativeLocalGatewayService', localService),
    ingressDomain: word('ingressDomain', 'example.com'),
    additionalDomains: list(additional).filter((entry): entry is string => typeof entry === 'string'),
    pathTemplate: word('pathTemplate', ''),
    withoutRoute: child(ingress, 'disableIstioVirtualHost') === true,
  }
}

/** From the controller's image, else from the settings its ConfigMap has; without any a current one. */
function kserveVersion(mesh: Mesh, ingress: unknown): number {
  for (const { containers } of mesh.workloads) {
    for (const { image } of containers) {
      const found = /kserve-controller:v?0\.(\d+)/.exec(image)?.[1]
      if (found !== undefined) return Number(found)
    }
  }
  const has = (name: string) => child(ingress, name) !== undefined
  if (ingress === undefined || has('enableGatewayApi')) return 16
  if (has('disableIngressCreation')) return 13
  if (has('disableIstioVirtualHost')) return 11
  return has('domainTemplate') ? 9 : 8
}

function json(written: string | undefined): unknown {
  try {
    return written === undefined ? undefined : (JSON.parse(written) as unknown)
  } catch {
    return undefined
  }
}
