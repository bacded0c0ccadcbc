/**
 * What KServe makes of one InferenceService that runs on Knative: a Knative Service for each of its
 * parts, and the route that leads its own name to them through the local gateway. Agrees with kserve
 * `pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go`; versions differ.
 */
import type { InferenceService, Labels } from '../../mesh/index.ts'
import { child, text } from '../gateway-api/json.ts'
import { fillTemplate, type KserveConfig } from './config.ts'
import type { KnativeService, Made } from './knative.ts'

const parts = ['predictor', 'transformer', 'explainer'] as const
type Part = (typeof parts)[number]

const visibility = 'networking.knative.dev/visibility'

/** KServe's own mode names; a newer one calls the same `Knative` and `Standard`. */
export function runsOnKnative(model: InferenceService, config: KserveConfig): boolean {
  const told = text(child(model.raw, 'status', 'deploymentMode'))
  const mode = told ?? model.annotations['serving.kserve.io/deploymentMode'] ?? config.mode
  return mode === 'Serverless' || mode === 'Knative'
}

export function knativeServicesOf(model: InferenceService, config: KserveConfig): readonly KnativeService[] {
  return parts.flatMap((part) => {
    const spec = child(model.raw, 'spec', part)
    return spec === undefined ? [] : [partOf(model, part, spec, config)]
  })
}

function partOf(model: InferenceService, part: Part, spec: unknown, config: KserveConfig): KnativeService {
  const { namespace, name, labels, annotations } = model
  const status = child(model.raw, 'status', 'components', part)
  const own = (key: string) => child(spec, key) as Labels | undefined
  const podLabels = {
    ...labels,
    ...own('labels'),
    component: part,
    'serving.kserve.io/inferenceservice': name,
  }
  const containers = child(spec, 'containers')
  const runtime = child(spec, 'model') ?? undefined
  const ports = child(runtime, 'ports')
  return {
    namespace,
    name: serviceName(model, part, config),
    labels: {
      component: part,
      'serving.kserve.io/inferenceservice': name,
      ...(labels[visibility] !== undefined && { [visibility]: labels[visibility] }),
    },
    annotations,
    spec: {
      template: {
        metadata: { labels: podLabels, annotations: { ...annotations, ...own('annotations') } },
        spec: {
          serviceAccountName: child(spec, 'serviceAccountName'),
          containers: Array.isArray(containers)
            ? containers
            : [
                {
                  name: 'kserve-container',
                  image: 'kserve-container',
                  ...(ports !== undefined && { ports }),
                },
              ],
        },
      },
    },
    status: {
      url: child(status, 'url'),
      latestReadyRevisionName: child(status, 'latestReadyRevision'),
      traffic: child(status, 'traffic'),
    },
  }
}

/** Before KServe 0.11 with `-default` at the end; a revision's name tells it better. */
function serviceName(model: InferenceService, part: Part, config: KserveConfig): string {
  const revision = text(child(model.raw, 'status', 'components', part, 'latestReadyRevision'))
  const usual = `${model.name}-${part}`
  if (revision !== undefined && /-\d{5}$/.test(revision)) return revision.slice(0, -6)
  return config.version < 11 ? `${usual}-default` : usual
}

/**
 * The model's own route and its alias in the cluster. `external` is the host of the Knative Service it
 * begins with (the transformer's, else the predictor's).
 */
export function makeKserve(
  model: InferenceService,
  config: KserveConfig,
  external: string | undefined,
): readonly Made[] {
  const { namespace, name, labels, annotations } = model
  const has = (part: Part) => child(model.raw, 'spec', part) !== undefined
  const first: Part = has('transformer') ? 'transformer' : 'predictor'
  const backend = `${serviceName(model, first, config)}.${namespace}.svc.cluster.local`
  const inside = `${name}.${namespace}.svc.cluster.local`
  const outside = external === undefined ? [] : hostsOf(external, first, config)
  const innerGateways = config.version >= 14 ? [config.localGateway, 'mesh'] : [config.localGateway]
  const matches = (uri?: object) => [
    { ...(uri && { uri }), authority: authority(inside, config), gateways: innerGateways },
    ...outside.map((host) => ({
      ...(uri && { uri }),
      authority: authority(host, config),
      gateways: [config.ingressGateway],
    })),
  ]
  const to = (host: string) => ({
    headers: {
      request: {
        set: {
          Host: host,
          ...(config.version >= 15 && { 'KServe-Isvc-Name': name, 'KServe-Isvc-Namespace': namespace }),
        },
      },
    },
    route: [{ destination: { host: config.localService, port: { number: 80 } }, weight: 100 }],
  })
  const explainer = `${serviceName(model, 'explainer', config)}.${namespace}.svc.cluster.local`
  const explain = { regex: '^/v1/models/[\\w-]+:explain$' }
  const path = pathOf(model, config)
  const byPath = { authority: authority(config.ingressDomain, config), gateways: [config.ingressGateway] }
  const http = [
    ...(has('explainer') ? [{ match: matches(explain), ...to(explainer) }] : []),
    { match: matches(), ...to(backend) },
    ...(path === undefined
      ? []
      : [
          {
            match: [
              { uri: { prefix: `${path}/` }, ...byPath },
              { uri: { exact: path }, ...byPath },
            ],
            rewrite: { uri: '/' },
            ...to(backend),
          },
        ]),
  ]
  const hosts = [inside, ...outside.slice(0, 1), ...(path === undefined ? [] : [config.ingressDomain])]
  const shown = outside.length > 0 ? [config.ingressGateway] : []
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { type: 'ExternalName', externalName: config.localService },
    },
    {
      apiVersion: 'networking.istio.io/v1beta1',
      kind: 'VirtualService',
      metadata: { namespace, name, labels, annotations },
      spec: {
        hosts: [...new Set([...hosts, ...outside])],
        gateways: [...new Set([...innerGateways, ...shown])],
        http,
      },
    },
  ]
}

/** The part's name is taken out of the host, and the other domains stand for Knative's. */
function hostsOf(external: string, first: Part, config: KserveConfig): readonly string[] {
  const host = external.replace(external.includes('-default') ? `-${first}-default` : `-${first}`, '')
  if (!host.endsWith(`.${config.ingressDomain}`)) return [host]
  const name = host.slice(0, -config.ingressDomain.length)
  return [host, ...new Set(config.additionalDomains.map((domain) => name + domain))]
}

function pathOf({ namespace, name }: InferenceService, config: KserveConfig): string | undefined {
  if (config.pathTemplate === '') return undefined
  return fillTemplate(config.pathTemplate, { Name: name, Namespace: namespace })?.replace(/\/$/, '')
}

function authority(host: string, config: KserveConfig): { readonly regex: string } {
  const quoted = (written: string) => written.replace(/[.]/g, '\\.')
  const port = '(?::\\d{1,5})?$'
  const suffix = '.svc.cluster.local'
  if (config.version >= 15 || !host.endsWith(suffix)) return { regex: `^${quoted(host)}${port}` }
  return { regex: `^${quoted(host.slice(0, -suffix.length))}(\\.svc(\\.cluster\\.local)?)?${port}` }
}
