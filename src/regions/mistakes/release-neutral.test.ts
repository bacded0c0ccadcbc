/** Edits of a release's YAML after which every request fares as before. */
import { parse, stringify } from 'yaml'
import type { Any, Objects, Release } from './release-door.test.ts'
import {
  asks,
  http,
  ingress,
  operation,
  pod,
  policy,
  port,
  provider,
  refuses,
  users,
} from './release-planted.test.ts'

export type Neutral = readonly [
  what: string,
  release: Release,
  edit: (door: Objects) => void,
  /** Of the text, where the objects stay as they are. */
  text?: (text: string) => string,
]

const m2m = '26.03+m2m-dex-and-kind'
const nothing = () => {}
const owner = 'ns-owner-access-istio'
const reversed = (value: Any): Any =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, each]) => [key, reversed(each)]),
      )
    : value
const versions = (d: Objects, kind: string, apiVersion: string) => {
  for (const each of d.all(kind)) each.apiVersion = apiVersion
}
const split = (d: Objects, name: string) => {
  const object = d.get('AuthorizationPolicy', name)
  const [first, ...rest] = object.spec.rules
  object.spec.rules = [first]
  d.policy(`${object.metadata.namespace}/${object.metadata.name}-2`, { ...object.spec, rules: rest })
}
const dex = (d: Objects) => d.get('RequestAuthentication', 'dex-jwt').spec

export const releaseNeutral: readonly Neutral[] = [
  // How it is written.
  ['objects in another order', '26.03', (d) => { d.list.reverse() }],
  ['objects by kind', 'v1.9', (d) => { d.list.sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0)) }],
  ['keys in another order', '26.03', (d) => { d.list.splice(0, d.list.length, ...d.list.map(reversed)) }],
  ['keys in another order, the first generation', 'v1.6', (d) => { d.list.splice(0, d.list.length, ...d.list.map(reversed)) }],
  ['one List', '26.03', nothing, (text) => stringify({ apiVersion: 'v1', kind: 'List', items: text.split(/^---\n/m).filter(Boolean).map((each) => parse(each)) })],
  ['JSON', 'v1.8', nothing, (text) => text.split(/^---\n/m).map((each) => JSON.stringify(parse(each))).join('\n---\n')],
  ['comments and blank lines', '26.03', nothing, (text) => text.replaceAll('\n---\n', '\n\n# the next\n---\n# it\n\n')],
  ['a document of nothing', 'v1.9', nothing, (text) => `---\n---\n# nothing\n---\n${text}\n---\n`],
  ['Windows line ends', 'v1.6', nothing, (text) => text.replaceAll('\n', '\r\n')],
  ['everything twice', 'v1.9', (d) => { d.list.push(...d.list.map((each) => structuredClone(each))) }],
  ['an anchor', '26.03', nothing, (text) => text.replace(`- ${ingress}\n`, `- &gate ${ingress}\n`)],
  // Policies.
  ['methods of both orders', '26.03', (d) => { policy(d, owner).rules[3].to[0].operation.methods = ['GET', 'GET'] }],
  ['exemptions in another order', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).notPaths.reverse() }],
  ['an exemption that another one covers', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).notPaths.push('/dex/auth', '/oauth2/start*') }],
  ['the double star is gone', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).notPaths.splice(1, 1) }],
  ['`action: ALLOW` written out', '26.03', (d) => { policy(d, 'ml-pipeline').action = 'ALLOW' }],
  ['`action: ALLOW` left out', '26.03', (d) => { policy(d, 'central-dashboard').action = undefined }],
  ['a policy under another name', '26.03', (d) => { d.get('AuthorizationPolicy', 'central-dashboard').metadata.name = 'dashboard' }],
  ['the DENY under another name', '26.03', (d) => { d.get('AuthorizationPolicy', refuses).metadata.name = 'a-first' }],
  ['the CUSTOM under another name', 'v1.9', (d) => { d.get('AuthorizationPolicy', asks).metadata.name = 'z-last' }],
  ['labels and annotations', '26.03', (d) => { for (const each of d.all('AuthorizationPolicy')) { each.metadata.labels = { team: 'a' }; each.metadata.annotations = { note: 'b' } } }],
  ['rules in another order', '26.03', (d) => { policy(d, owner).rules.reverse() }],
  ['a rule twice', '26.03', (d) => { policy(d, owner).rules.push(structuredClone(policy(d, owner).rules[0])) }],
  ['one policy as two', '26.03', (d) => split(d, owner)],
  ['the pipelines’ policy as two', '26.03', (d) => split(d, 'ml-pipeline')],
  ['the UI’s policy as two', 'v1.8', (d) => split(d, 'ml-pipeline-ui')],
  ['two policies as one', '26.03', (d) => { policy(d, owner).rules.push(...policy(d, 'user-contributor-example-com-clusterrole-edit').rules); d.remove('AuthorizationPolicy', 'user-contributor-example-com-clusterrole-edit') }],
  ['a policy twice under two names', '26.03', (d) => { d.policy('kubeflow/again', structuredClone(policy(d, 'katib-ui'))) }],
  ['principals in another order', '26.03', (d) => { policy(d, 'ml-pipeline').rules[0].from[0].source.principals.reverse() }],
  ['one source as two', '26.03', (d) => { const [rule] = policy(d, owner).rules; rule.from = rule.from[0].source.principals.map((each: string) => ({ source: { principals: [each] } })) }],
  ['serviceAccounts for principals', '26.03', (d) => { policy(d, 'katib-ui').rules[0].from[0].source = { serviceAccounts: ['istio-system/istio-ingressgateway-service-account'] } }],
  ['source.principal for principals', '26.03', (d) => { policy(d, 'katib-ui').rules = [{ when: [{ key: 'source.principal', values: [ingress] }] }] }],
  ['namespaces for source.namespace', '26.03', (d) => { policy(d, owner).rules[1] = { from: [{ source: { namespaces: [users] } }] } }],
  ['an operation of everything', '26.03', (d) => { policy(d, 'katib-ui').rules[0].to = [{ operation: { paths: ['*'] } }] }],
  ['a DENY of nothing', '26.03', (d) => { d.policy('kubeflow/none', { action: 'DENY', rules: [{ to: [{ operation: { ports: ['1'] } }], from: [{ source: { namespaces: ['nowhere'] } }] }] }) }],
  ['an AUDIT policy', '26.03', (d) => { d.policy('istio-system/audit', { action: 'AUDIT', rules: [{}] }) }],
  ['a dry run', '26.03', (d) => { d.policy('kubeflow/dry', { action: 'DENY', rules: [{}] }).metadata.annotations = { 'istio.io/dry-run': 'true' } }],
  ['a policy of pods nobody has', '26.03', (d) => { d.policy('kubeflow/nobody', { action: 'DENY', selector: { matchLabels: { app: 'nothing' } }, rules: [{}] }) }],
  ['both match labels of the gateway', '26.03', (d) => { for (const n of [asks, refuses]) policy(d, n).selector.matchLabels.istio = 'ingressgateway' }],
  ['equal networks', '26.03', (d) => { for (const name of [asks, refuses]) policy(d, name).rules[0].from = [{ source: { ...policy(d, name).rules[0].from?.[0]?.source, notIpBlocks: ['255.255.255.255/32'] } }, { source: { ...policy(d, name).rules[0].from?.[0]?.source, ipBlocks: ['255.255.255.255'] } }] }],
  ['hosts of everything', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).hosts = ['*'] }],
  ['ports of the door', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).ports = ['8080', '8443'] }],
  ['v1 policies', '26.03', (d) => versions(d, 'AuthorizationPolicy', 'security.istio.io/v1')],
  ['v1beta1 policies', '26.03', (d) => versions(d, 'AuthorizationPolicy', 'security.istio.io/v1beta1')],
  // Token rules.
  ['v1 RequestAuthentications', '26.03', (d) => versions(d, 'RequestAuthentication', 'security.istio.io/v1')],
  ['the same issuer once more', '26.03', (d) => { d.add('security.istio.io/v1', 'RequestAuthentication', 'kubeflow/again', { spec: { selector: { matchLabels: { app: 'nothing' } }, jwtRules: dex(d).jwtRules } }) }],
  ['claims to headers in another order', '26.03', (d) => { dex(d).jwtRules[0].outputClaimToHeaders.reverse() }],
  ['two rules as two objects', m2m, (d) => { d.get('RequestAuthentication', 'dex-jwt').metadata.name = 'zz' }],
  ['the client as the audience', '26.03', (d) => { dex(d).jwtRules[0].audiences = ['kubeflow-oidc-authservice'] }],
  // The provider and its settings.
  ['the provider’s headers in another order', '26.03', (d) => provider(d, (h) => { h.headersToUpstreamOnAllow.reverse(); h.includeRequestHeadersInCheck.reverse() })],
  ['the provider renamed in both places', '26.03', (d) => { d.mesh((m) => { m.extensionProviders[0].name = 'sign-in' }); policy(d, asks).provider.name = 'sign-in' }],
  ['a provider nobody asks', '26.03', (d) => d.mesh((m) => { m.extensionProviders.push({ name: 'other', envoyExtAuthzGrpc: { service: 'dex.auth.svc.cluster.local', port: 5556 } }) })],
  ['the provider’s time', '26.03', (d) => provider(d, (h) => { h.timeout = '10s' })],
  ['mesh settings about logs', '26.03', (d) => d.mesh((m) => { m.accessLogEncoding = 'JSON'; m.enableTracing = true })],
  ['the trust domain left out', '26.03', (d) => d.mesh((m) => { m.trustDomain = undefined })],
  ['normalization written out', '26.03', (d) => d.mesh((m) => { m.pathNormalization = { normalization: 'BASE' } })],
  ['a Secret as stringData', '26.03', (d) => { for (const s of d.all('Secret')) if (s.data) { s.stringData = Object.fromEntries(Object.entries(s.data).map(([k, v]) => [k, Buffer.from(v as string, 'base64').toString()])); s.data = undefined } }],
  ['another password', '26.03', (d) => { d.get('Secret', 'dex-passwords').stringData.DEX_USER_PASSWORD = '$2y$12$abcdefghijklmnopqrstuu' }],
  ['the ConfigMap’s hash', '26.03', (d) => { d.get('ConfigMap', 'jupyter-web-app-parameters-48gf6bbhmk').metadata.name = 'jupyter-web-app-parameters-0' }],
  // Routes, Gateways, Services.
  ['routes of v1', '26.03', (d) => versions(d, 'VirtualService', 'networking.istio.io/v1')],
  ['Gateways of v1', 'v1.8', (d) => versions(d, 'Gateway', 'networking.istio.io/v1')],
  ['a short name', '26.03', (d) => { http(d, 'katib-ui').route[0].destination.host = 'katib-ui' }],
  ['the gateway with its namespace', '26.03', (d) => { d.get('VirtualService', 'katib-ui').spec.gateways = ['kubeflow/kubeflow-gateway'] }],
  ['the gateway twice', '26.03', (d) => { d.get('VirtualService', 'katib-ui').spec.gateways.push('kubeflow/kubeflow-gateway') }],
  ['exportTo written out', '26.03', (d) => { for (const v of d.all('VirtualService')) v.spec.exportTo = ['*'] }],
  ['a weight of a hundred', '26.03', (d) => { http(d, 'katib-ui').route[0].weight = 100 }],
  ['a route’s name', '26.03', (d) => { http(d, 'katib-ui').name = 'katib' }],
  ['retries and a time', '26.03', (d) => { http(d, 'katib-ui').retries = { attempts: 2 }; http(d, 'katib-ui').timeout = '30s' }],
  ['a match that another one covers', '26.03', (d) => { http(d, 'katib-ui').match.push({ uri: { prefix: '/katib/experiments' } }) }],
  ['a route behind the same match', '26.03', (d) => { d.get('VirtualService', 'katib-ui').spec.http.push({ match: [{ uri: { prefix: '/katib/x' } }], route: [{ destination: { host: 'dex.auth.svc.cluster.local' } }] }) }],
  ['a VirtualService of a gateway nobody has', '26.03', (d) => { d.routes('kubeflow/none', { gateways: ['nothing'], hosts: ['*'], http: [{ route: [{ destination: { host: 'katib-ui' } }] }] }) }],
  ['the Gateway’s hosts with every namespace', '26.03', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.servers[0].hosts = ['*/*'] }],
  ['the Gateway’s selector with both labels', '26.03', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.selector = { istio: 'ingressgateway', app: 'istio-ingressgateway' } }],
  ['the port’s name', '26.03', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.servers[0].port.name = 'http-main' }],
  ['`type: ClusterIP` left out', '26.03', (d) => { d.get('Service', 'istio-ingressgateway').spec.type = undefined }],
  ['the door’s Service port leads elsewhere in the pod', '26.03', (d) => { port(d, 'istio-ingressgateway', 1).targetPort = 8081 }],
  ['targetPort by name', '26.03', (d) => { port(d, 'my-notebook').targetPort = 'notebook-port' }],
  ['`protocol: TCP` left out', '26.03', (d) => { port(d, 'my-notebook').protocol = undefined }],
  ['labels of a pod nothing selects', '26.03', (d) => { pod(d, 'katib-ui').metadata.labels.version = 'v1' }],
  ['more replicas', '26.03', (d) => { d.get('Deployment', 'katib-ui').spec.replicas = 3 }],
  ['another image', '26.03', (d) => { pod(d, 'katib-ui').spec.containers[0].image = 'katib-ui:next' }],
  ['injection by annotation and label', '26.03', (d) => { pod(d, 'katib-ui').metadata.annotations = { 'sidecar.istio.io/inject': 'true' } }],
  // mTLS, Sidecars and the rest.
  ['PERMISSIVE written out', '26.03', (d) => { d.add('security.istio.io/v1', 'PeerAuthentication', 'istio-system/default', { spec: { mtls: { mode: 'PERMISSIVE' } } }) }],
  ['UNSET in a namespace', '26.03', (d) => { d.add('security.istio.io/v1', 'PeerAuthentication', 'kubeflow/default', { spec: { mtls: { mode: 'UNSET' } } }) }],
  ['a DestinationRule of what Istio does anyway', '26.03', (d) => { d.add('networking.istio.io/v1', 'DestinationRule', 'kubeflow/katib', { spec: { host: 'katib-ui.kubeflow.svc.cluster.local', trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } } }) }],
  ['a DestinationRule by its short name', '26.03', (d) => { d.get('DestinationRule', 'jupyter-web-app').spec.host = 'jupyter-web-app-service' }],
  ['a DestinationRule less specific', '26.03', (d) => { d.add('networking.istio.io/v1', 'DestinationRule', 'kubeflow/wide', { spec: { host: '*.nothing.svc.cluster.local', trafficPolicy: { tls: { mode: 'DISABLE' } } } }) }],
  ['a ServiceEntry of the outside', '26.03', (d) => { d.add('networking.istio.io/v1', 'ServiceEntry', 'kubeflow/pypi', { spec: { hosts: ['pypi.org'], ports: [{ number: 443, name: 'tls', protocol: 'TLS' }], resolution: 'DNS', location: 'MESH_EXTERNAL' } }) }],
  ['Telemetry', '26.03', (d) => { d.add('telemetry.istio.io/v1', 'Telemetry', 'istio-system/logs', { spec: { accessLogging: [{ providers: [{ name: 'envoy' }] }] } }) }],
  ['a ProxyConfig', '26.03', (d) => { d.add('networking.istio.io/v1beta1', 'ProxyConfig', 'kubeflow/threads', { spec: { concurrency: 2 } }) }],
  ['a namespace with nothing in it', '26.03', (d) => { d.list.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'empty', labels: { 'istio-injection': 'enabled' } } }) }],
  ['a NetworkPolicy', 'v1.9', (d) => { d.add('networking.k8s.io/v1', 'NetworkPolicy', 'kubeflow/any', { spec: { podSelector: {}, ingress: [{}] } }) }],
  ['the EnvoyFilter’s own new names', 'v1.8', (d) => { d.get('EnvoyFilter', 'authn-filter').spec.configPatches[0].match.listener.filterChain.filter.name = 'envoy.filters.network.http_connection_manager' }],
  ['the EnvoyFilter under another name', 'v1.6', (d) => { d.get('EnvoyFilter', 'x-forwarded-host').metadata.name = 'forwarded' }],
  ['the EnvoyFilter’s patterns in another order', 'v1.6', (d) => { d.get('EnvoyFilter', 'authn-filter').spec.configPatches[0].patch.value.typed_config.http_service.authorization_request.allowed_headers.patterns.reverse() }],
] // biome-ignore format: a table
