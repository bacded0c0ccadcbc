/** The objects an exposure is made of. Each carries what it was asked for, so that it can be taken back. */
import type { KubeObject } from '../plan.ts'
import { type ExposeAsk, type Grantee, granteeText } from './ask.ts'
import type { Entry } from './entry.ts'
import type { Endpoint, Target } from './target.ts'
import { type Trust, userHeader, type WrittenRule } from './trust.ts'

export const exposeAnnotation = 'kfdoor.dev/expose'
export const exemptsAnnotation = 'kfdoor.dev/exempts'
export const toAnnotation = 'kfdoor.dev/to'
const untilAnnotation = 'kfdoor.dev/until'

/** One exposure: what of which kind, for whom, at which door. */
export interface Exposure {
  readonly ask: ExposeAsk
  readonly target: Target
  readonly entry: Entry
  readonly trust: Trust
  /** Before the endpoint's own path, without a slash at its end; empty on a host of its own. */
  readonly base: string
}

/** `model/team-a/iris` */
export function subjectOf({ kind, namespace, name }: Pick<Target, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace}/${name}`
}

function metadata({ ask, target }: Exposure, namespace: string, name: string) {
  const to = ask.public ? 'anyone' : ask.to.map(granteeText).join(' ')
  return {
    name,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'kfdoor' },
    annotations: {
      [exposeAnnotation]: subjectOf(target),
      [toAnnotation]: to,
      ...(ask.until !== undefined && { [untilAnnotation]: ask.until }),
    },
  }
}

const nameHere = ({ target }: Exposure) => `kfdoor-expose-${target.name}`
const nameAtGateway = ({ target }: Exposure) => `kfdoor-expose-${target.namespace}-${target.name}`

/** Path of an endpoint as the door sees it. */
export function doorPath({ base }: Pick<Exposure, 'base'>, { path }: Endpoint): string {
  return base + path
}

const isTree = ({ path }: Endpoint) => path.endsWith('/')

/** As a policy writes it: the one path, or all below it. */
export function pathPattern(path: string): string {
  return path.endsWith('/') ? `${path}*` : path
}

function routeName(exposure: Exposure, index: number): string {
  return `${nameAtGateway(exposure)}-${index}`
}

/** One route per endpoint: exact paths are rewritten whole, trees from their slash on. */
export function virtualService(exposure: Exposure): KubeObject {
  const { ask, target, entry } = exposure
  const { host, port } = target.destination
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: metadata(exposure, target.namespace, nameHere(exposure)),
    spec: {
      hosts: ask.host === undefined ? entry.hosts : [ask.host],
      gateways: [entry.gateway],
      http: target.endpoints.map((endpoint, index) => ({
        name: routeName(exposure, index),
        match: [{ uri: { [isTree(endpoint) ? 'prefix' : 'exact']: doorPath(exposure, endpoint) } }],
        rewrite: { uri: endpoint.path },
        ...(Object.keys(target.headers).length > 0 && { headers: { request: { set: target.headers } } }),
        route: [{ destination: { host, port: { number: port } } }],
        timeout: ask.timeout,
      })),
    },
  }
}

type Rule = Readonly<Record<string, unknown>>

function principals(trust: Trust, to: readonly Grantee[]): readonly string[] {
  const accounts = to.flatMap((each) => (each.kind === 'sa' ? [each] : []))
  return trust.accounts.flatMap((issuer) =>
    accounts.map(({ namespace, name }) => `${issuer}/system:serviceaccount:${namespace}:${name}`),
  )
}

const emails = (to: readonly Grantee[]) => to.flatMap((each) => (each.kind === 'user' ? [each.email] : []))
const groups = (to: readonly Grantee[]) => to.flatMap((each) => (each.kind === 'group' ? [each.name] : []))

/** At the door everybody else is refused on these paths, whatever other policies let in. */
export function gatewayDeny(exposure: Exposure): KubeObject {
  const { entry } = exposure
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: metadata(exposure, entry.namespace, nameAtGateway(exposure)),
    spec: {
      selector: { matchLabels: entry.selector },
      action: 'DENY',
      rules: [...methodRules(exposure), ...callerRules(exposure)],
    },
  }
}

function methodRules(exposure: Exposure): readonly Rule[] {
  return exposure.target.endpoints.flatMap((endpoint) =>
    endpoint.methods === undefined
      ? []
      : [{ to: [{ operation: operation(exposure, [endpoint], { notMethods: endpoint.methods }) }] }],
  )
}

/**
 * A host of its own as a Host header says it. `host:*` would take `host:1:2` too, which Envoy routes as another
 * host: good enough for what closes, and never for what opens.
 */
export function hostForms({ ask: { host }, entry }: Exposure): readonly string[] {
  return host === undefined ? [] : [host, ...entry.ports.map((port) => `${host}:${port}`)]
}

function operation(exposure: Exposure, endpoints: readonly Endpoint[], more: Rule = {}): Rule {
  const { host } = exposure.ask
  return {
    ...(host !== undefined && { hosts: [host, `${host}:*`] }),
    paths: endpoints.map((endpoint) => pathPattern(doorPath(exposure, endpoint))),
    ...more,
  }
}

function callerRules(exposure: Exposure): readonly Rule[] {
  const { ask, trust, target } = exposure
  if (ask.public) return []
  const to = [{ operation: operation(exposure, target.endpoints) }]
  const accounts = principals(trust, ask.to)
  const [users, members] = [emails(ask.to), groups(ask.to)]
  const others = [...accounts, ...(trust.people === undefined ? [] : [`${trust.people}/*`])]
  const people = users.length + members.length > 0
  const rules: Rule[] = []
  if (others.length > 0 && (trust.people !== undefined || !people)) {
    rules.push({ from: [{ source: { notRequestPrincipals: others } }], to })
  }
  if (people) {
    rules.push({
      ...(accounts.length > 0 && { from: [{ source: { notRequestPrincipals: accounts } }] }),
      to,
      when: peopleConditions(trust, users, members, 'notValues'),
    })
  }
  if (accounts.length > 0) {
    rules.push({
      from: [{ source: { requestPrincipals: accounts } }],
      to,
      when: [{ key: 'request.auth.audiences', notValues: [ask.audience] }],
    })
  }
  return rules
}

function peopleConditions(
  trust: Trust,
  users: readonly string[],
  members: readonly string[],
  side: 'values' | 'notValues',
): readonly Rule[] {
  const [user, group] =
    trust.people === undefined
      ? [`request.headers[${userHeader}]`, 'request.headers[kubeflow-groups]']
      : ['request.auth.claims[email]', 'request.auth.claims[groups]']
  return [
    ...(users.length > 0 ? [{ key: user, [side]: users }] : []),
    ...(members.length > 0 ? [{ key: group, [side]: members }] : []),
  ]
}

/** At a gateway that has ALLOW policies and none for these paths. */
export function gatewayAllow(exposure: Exposure): KubeObject {
  const { entry, target, ask } = exposure
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: metadata(exposure, entry.namespace, `${nameAtGateway(exposure)}-allow`),
    spec: {
      selector: { matchLabels: entry.selector },
      action: 'ALLOW',
      rules: [
        {
          to: [
            {
              operation: operation(
                exposure,
                target.endpoints,
                ask.host === undefined ? {} : { hosts: hostForms(exposure) },
              ),
            },
          ],
        },
      ],
    },
  }
}

/** Before the pod: who, and which of its calls. */
export function podAllow(exposure: Exposure): KubeObject {
  const { target } = exposure
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: metadata(exposure, target.namespace, nameHere(exposure)),
    spec: { selector: { matchLabels: target.selector }, action: 'ALLOW', rules: podRules(exposure) },
  }
}

function podRules({ ask, trust, target, entry }: Exposure): readonly Rule[] {
  const to = target.endpoints.flatMap(({ path, methods }) =>
    path === '/' && methods === undefined
      ? []
      : [{ operation: { paths: [pathPattern(path)], ...(methods && { methods }) } }],
  )
  const on = to.length === 0 ? {} : { to }
  const doors = gatewaysBefore(target, entry)
  if (ask.public) return [{ from: [{ source: { principals: doors } }], ...on }]
  const accounts = principals(trust, ask.to)
  const [users, members] = [emails(ask.to), groups(ask.to)]
  const source =
    trust.people === undefined ? { principals: doors } : { requestPrincipals: [`${trust.people}/*`] }
  const people = (list: readonly string[], kind: 'users' | 'groups') =>
    list.length === 0
      ? []
      : [
          {
            from: [{ source }],
            ...on,
            when: peopleConditions(
              trust,
              kind === 'users' ? list : [],
              kind === 'groups' ? list : [],
              'values',
            ),
          },
        ]
  return [
    ...(accounts.length === 0
      ? []
      : [
          {
            from: [{ source: { requestPrincipals: accounts } }],
            ...on,
            when: [{ key: 'request.auth.audiences', values: [ask.audience] }],
          },
        ]),
    ...people(users, 'users'),
    ...people(members, 'groups'),
  ]
}

/** Mesh identities of the proxies the request comes to the pod from. */
function gatewaysBefore(target: Target, entry: Entry): readonly string[] {
  const door = `cluster.local/ns/${entry.namespace}/sa/${entry.account}`
  return target.behindLocalGateway
    ? [
        'cluster.local/ns/istio-system/sa/cluster-local-gateway-service-account',
        'cluster.local/ns/knative-serving/sa/activator',
        door,
      ]
    : [door]
}

export function tokensAtPod(exposure: Exposure, rules: readonly WrittenRule[]): KubeObject {
  const { target } = exposure
  return requestAuthentication(exposure, target.namespace, nameHere(exposure), target.selector, rules)
}

function requestAuthentication(
  exposure: Exposure,
  namespace: string,
  name: string,
  matchLabels: Readonly<Record<string, string>>,
  jwtRules: readonly WrittenRule[],
): KubeObject {
  return {
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'RequestAuthentication',
    metadata: metadata(exposure, namespace, name),
    spec: { selector: { matchLabels }, jwtRules },
  }
}

/** Switches ext_authz off on our own routes, by their names, and on no other. */
export function filterExemption(exposure: Exposure, filter: string): KubeObject {
  const { entry, target } = exposure
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: metadata(exposure, entry.namespace, nameAtGateway(exposure)),
    spec: {
      workloadSelector: { labels: entry.selector },
      configPatches: target.endpoints.map((_, index) => ({
        applyTo: 'HTTP_ROUTE',
        match: {
          context: 'GATEWAY',
          routeConfiguration: { vhost: { route: { name: routeName(exposure, index) } } },
        },
        patch: {
          operation: 'MERGE',
          value: {
            typed_per_filter_config: {
              [filter]: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
                disabled: true,
              },
            },
          },
        },
      })),
    },
  }
}
