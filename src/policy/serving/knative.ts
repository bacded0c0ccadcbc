/**
 * What Knative makes of one Service: the routes net-istio writes for its hosts, the aliases and the
 * Services of its revisions, and the pods. Agrees with knative/serving `pkg/reconciler/route/resources`
 * and net-istio `pkg/reconciler/ingress/resources/virtual_service.go`.
 */
import type { Labels } from '../../mesh/index.ts'
import { child, list, number, text } from '../gateway-api/json.ts'
import { chooseGateways, fillTemplate, type GatewayChoice, type KnativeConfig } from './config.ts'

/** A Knative Service as written, or as KServe would write it. */
export interface KnativeService {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly spec: unknown
  readonly status: unknown
}

/** A Kubernetes object as plain data. */
export interface Made {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly labels?: Labels
    readonly annotations?: Labels
  }
  readonly spec: unknown
}

export interface MadeOfKnative {
  readonly objects: readonly Made[]
  /** The host it has outside the cluster. */
  readonly external?: string
  /** Why nobody can say what that is, or what a request for it meets. */
  readonly unknownOutside?: string
}

const visibility = 'networking.knative.dev/visibility'
const clusterSuffix = '.svc.cluster.local'

/** The hash of the probe's route depends on all of it; only its form is known. */
const probeHash = '0'.repeat(64)

/** `given` tells of a gateway, as `namespace/name`, whether it is in the YAML. */
export function makeKnative(
  service: KnativeService,
  config: KnativeConfig,
  given: (gateway: string) => boolean,
): MadeOfKnative {
  const { namespace, name, labels } = service
  const outside = externalHost(service, config)
  const external = chooseGateways(config.external, labels)
  const local = chooseGateways(config.local, labels)
  const [first] = external
  const lost = outside.host !== undefined && !external.some(({ gateway }) => given(gateway))
  const unknown =
    outside.unknown ??
    (lost
      ? `Gateway ${first?.gateway}, which its hosts outside the cluster are for, is not in the YAML`
      : undefined)
  const rules = rulesOf(service, config, unknown === undefined ? outside.host : undefined)
  const marks = {
    'networking.internal.knative.dev/ingress': name,
    'serving.knative.dev/route': name,
    'serving.knative.dev/routeNamespace': namespace,
  }
  const meta = (own: string) => ({ namespace, name: own, labels: { ...labels, ...marks } })
  const virtualService = (own: string, spec: unknown): Made => ({
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: meta(own),
    spec,
  })
  const names = (choices: readonly GatewayChoice[]) => choices.map(({ gateway }) => gateway).sort()
  const alias: Made = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: {
      type: 'ExternalName',
      externalName: local[0]?.service ?? '',
      ports: [{ name: 'http2', port: 80, targetPort: 80 }],
    },
  }
  return {
    objects: [
      alias,
      virtualService(`${name}-ingress`, routesOf(rules, names(local), names(external))),
      virtualService(
        `${name}-mesh`,
        routesOf(
          rules.filter(({ local }) => local),
          ['mesh'],
          [],
        ),
      ),
      ...revisions(service),
    ],
    ...(outside.host !== undefined && { external: outside.host }),
    ...(unknown !== undefined && { unknownOutside: unknown }),
  }
}

/** undefined host without `unknown` = it has none. */
function externalHost(
  { namespace, name, labels, annotations, status }: KnativeService,
  config: KnativeConfig,
): { readonly host?: string; readonly unknown?: string } {
  if (labels[visibility] === 'cluster-local') return {}
  const told = hostOf(text(child(status, 'url')))
  const domain = config.domainOf(labels)
  if (told === undefined && domain === undefined) {
    return { unknown: 'ConfigMap config-domain, which says its domain, is not in the YAML' }
  }
  const host =
    told ??
    fillTemplate(config.domainTemplate, {
      Name: name,
      Namespace: namespace,
      Domain: domain ?? '',
      ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`Labels.${key}`, value])),
      ...Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`Annotations.${key}`, value])),
    })
  if (host === undefined) return { unknown: 'the domain-template of config-network is more than its fields' }
  // A route in the cluster's own domain is not shown outside.
  if (host.endsWith(clusterSuffix) || domain === clusterSuffix.slice(1)) return {}
  return config.unknownOutside === undefined ? { host } : { host, unknown: config.unknownOutside }
}

function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /^[a-z]+:\/\/([^/:]+)/.exec(url)?.[1]
}

interface Rule {
  readonly hosts: readonly string[]
  readonly local: boolean
  readonly route: readonly unknown[]
}

/** One rule for each tag and visibility; a tag has a host of its own. */
function rulesOf(service: KnativeService, config: KnativeConfig, host: string | undefined): readonly Rule[] {
  const { namespace, name, labels } = service
  const targets = targetsOf(service)
  const tags = ['', ...[...new Set(targets.map(({ tag }) => tag ?? ''))].filter((tag) => tag !== '').sort()]
  return tags.flatMap((tag) => {
    const called = tag === '' ? name : (fillTemplate(config.tagTemplate, { Name: name, Tag: tag }) ?? '')
    if (called === '') return []
    const split =
      tag === ''
        ? targets.filter(({ percent }) => percent > 0)
        : targets.filter((target) => target.tag === tag).map((target) => ({ ...target, percent: 100 }))
    const route = split.map(({ revision, percent }) => ({
      destination: { host: `${revision}.${namespace}${clusterSuffix}`, port: { number: portOf(service) } },
      headers: {
        request: { set: { 'Knative-Serving-Namespace': namespace, 'Knative-Serving-Revision': revision } },
      },
      weight: percent,
    }))
    const full = `${called}.${namespace}${clusterSuffix}`
    const inside: Rule = {
      hosts: [`${called}.${namespace}`, `${called}.${namespace}.svc`, full],
      local: true,
      route,
    }
    if (host === undefined) return [inside]
    const domain = config.domainOf(labels) ?? ''
    const named = { Name: called, Namespace: namespace, Domain: domain }
    const outside = tag === '' ? host : fillTemplate(config.domainTemplate, named)
    return outside === undefined ? [inside] : [inside, { hosts: [outside], local: false, route }]
  })
}

interface Target {
  readonly revision: string
  readonly percent: number
  readonly tag?: string
}

function targetsOf(service: KnativeService): readonly Target[] {
  const latest = latestRevision(service)
  const given = list(child(service.status, 'traffic'))
  const written = given.length > 0 ? given : list(child(service.spec, 'traffic'))
  if (written.length === 0) return [{ revision: latest, percent: 100 }]
  return written.map((entry) => {
    const tag = text(child(entry, 'tag'))
    return {
      revision: text(child(entry, 'revisionName')) || latest,
      percent: number(child(entry, 'percent')) ?? 0,
      ...(tag && { tag }),
    }
  })
}

function latestRevision({ name, spec, status }: KnativeService): string {
  return (
    text(child(status, 'latestReadyRevisionName')) ||
    text(child(spec, 'template', 'metadata', 'name')) ||
    `${name}-00001`
  )
}

/** Knative's name for HTTP/2 without TLS is `h2c`. */
function speaksHttp2({ spec }: KnativeService): boolean {
  return containersOf(spec).some((container) =>
    list(child(container, 'ports')).some((port) => /^(h2c|http2)$/.test(text(child(port, 'name')) ?? '')),
  )
}

function portOf(service: KnativeService): 80 | 81 {
  return speaksHttp2(service) ? 81 : 80
}

function containersOf(spec: unknown): readonly unknown[] {
  return list(child(spec, 'template', 'spec', 'containers'))
}

function routesOf(rules: readonly Rule[], local: readonly string[], external: readonly string[]): unknown {
  const http = rules.flatMap((rule) => {
    const gateways = rule.local ? local : external
    const match = (headers: unknown) =>
      distinctPrefixes(rule.hosts).map((prefix) => ({ authority: { prefix }, gateways, headers }))
    const probe = {
      match: match({ 'K-Network-Hash': { exact: 'override' } }),
      retries: {},
      headers: { request: { set: { 'K-Network-Hash': probeHash } } },
      route: rule.route,
    }
    return [probe, { match: match({}), retries: {}, route: rule.route }]
  })
  const gateways = rules.flatMap((rule) => (rule.local ? local : external))
  return {
    hosts: [...new Set(rules.flatMap(({ hosts }) => hosts))].sort(),
    gateways: [...new Set(gateways)].sort(),
    http,
  }
}

/** Names of the cluster are matched by their beginning, which the shorter ones share. */
function distinctPrefixes(hosts: readonly string[]): readonly string[] {
  const prefixes: string[] = []
  for (const host of [...hosts].sort()) {
    const prefix = host.endsWith(clusterSuffix) ? host.slice(0, -clusterSuffix.length) : host
    if (!prefixes.some((known) => prefix.startsWith(known))) prefixes.push(prefix)
  }
  return prefixes
}

/** Revisions: each its public Service without selector and the private twin; of the latest the pods too. */
function revisions(service: KnativeService): readonly Made[] {
  const { namespace, name, spec } = service
  const latest = latestRevision(service)
  const http2 = speaksHttp2(service)
  const queue = http2 ? 8013 : 8012
  const port = { name: http2 ? 'http2' : 'http', port: portOf(service), targetPort: queue }
  const label = 'serving.knative.dev/revision'
  const podLabels = {
    app: latest,
    ...(child(spec, 'template', 'metadata', 'labels') as Labels | undefined),
    'serving.knative.dev/configuration': name,
    [label]: latest,
    'serving.knative.dev/service': name,
  }
  const template = {
    metadata: { labels: podLabels, annotations: child(spec, 'template', 'metadata', 'annotations') },
    spec: {
      serviceAccountName: text(child(spec, 'template', 'spec', 'serviceAccountName')) || 'default',
      containers: [
        ...containersOf(spec),
        {
          name: 'queue-proxy',
          image: 'queue-proxy',
          ports: [{ name: 'queue-port', containerPort: queue }],
        },
      ],
    },
  }
  const serviceOf = (revision: string, own: string, kind: string, more: object): Made => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name: own,
      labels: { [label]: revision, 'networking.internal.knative.dev/serviceType': kind },
    },
    spec: { ...more, ports: [port] },
  })
  const all = new Set([latest, ...targetsOf(service).map(({ revision }) => revision)])
  return [
    ...[...all].flatMap((revision) => [
      serviceOf(revision, revision, 'Public', {}),
      serviceOf(revision, `${revision}-private`, 'Private', { selector: { [label]: revision } }),
    ]),
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace, name: `${latest}-deployment`, labels: podLabels },
      spec: { template },
    },
  ]
}
