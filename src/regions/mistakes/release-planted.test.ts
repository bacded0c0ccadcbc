/** Realistic mistakes in the objects of a release, where `diff` reports them, and the claim that fails. */
import type { Any, Objects, Release } from './release-door.test.ts'

export type List = 'gained' | 'lost' | 'changed' | 'public' | 'unreachable' | 'deadRules'
export type ReleaseMistake = readonly [
  what: string,
  release: Release,
  edit: (door: Objects) => void,
  found: readonly List[],
  claims?: readonly string[],
]

export const gate = { app: 'istio-ingressgateway' }
export const asks = 'istio-ingressgateway-oauth2-proxy'
export const refuses = 'istio-ingressgateway-require-jwt'
export const users = 'kubeflow-user-example-com'
export const ingress = 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
const m2m = '26.03+m2m-dex-and-kind'
const models = '26.03+m2m-dex-and-kind+allow-predictor'

export const policy = (door: Objects, name: string) => door.get('AuthorizationPolicy', name).spec
export const operation = (door: Objects, name: string) => policy(door, name).rules[0].to[0].operation
export const both = (door: Objects, change: (paths: string[]) => string[]) => {
  for (const name of [asks, refuses]) {
    const at = operation(door, name)
    at.notPaths = change(at.notPaths)
  }
}
export const http = (door: Objects, name: string, at = 0) => door.get('VirtualService', name).spec.http[at]
export const pod = (door: Objects, name: string) => door.get('Deployment', name).spec.template
export const port = (door: Objects, service: string, at = 0) => door.get('Service', service).spec.ports[at]
export const provider = (door: Objects, change: (http: Any) => void) =>
  door.mesh((mesh) => change(mesh.extensionProviders[0].envoyExtAuthzHttp))
const patch = (door: Objects) => door.get('EnvoyFilter', 'authn-filter').spec.configPatches[0]
const proxyConfig = (door: Objects, change: (text: string) => string) => {
  const { data } = door.get('ConfigMap', 'oauth2-proxy-hk55gm96k4')
  data['oauth2_proxy.cfg'] = change(data['oauth2_proxy.cfg'])
}
const owner = 'ns-owner-access-istio'
const anonymousModel = 'nobody anonymous reaches a model'
const forged = 'no client-sent identity header reaches a workload'
const kfam = 'the profile API under /kfam/ is closed to whoever has not signed in'
const exempt = 'only the sign-in itself is open to whoever has not signed in'

export const releaseMistakes: readonly ReleaseMistake[] = [
  // What is asked at the gateway.
  ['the exemption loses its slash', '26.03', (d) => both(d, (p) => [...p, '/dex*']), ['public', 'gained'], [exempt]],
  ['`/oauth2/*` becomes `/oauth2*`', 'v1.9', (d) => both(d, () => ['/dex/*', '/dex/**', '/oauth2*']), ['public'], [exempt]],
  ['the pipelines are exempted', '26.03', (d) => both(d, (p) => [...p, '/pipeline/*']), ['public'], [exempt]],
  ['`/apis*` by suffix', 'v1.9', (d) => both(d, (p) => [...p, '*/healthz']), ['public'], [exempt]],
  ['a template for static files', '26.03', (d) => both(d, (p) => [...p, '/{**}/assets/{*}']), ['public'], [exempt]],
  ['a template for the prefix, which leaves `[` out', '26.03', (d) => both(d, () => ['/dex/*', '/dex/**', '/oauth2/{**}']), ['lost']],
  ['notPaths become paths', '26.03', (d) => { for (const n of [asks, refuses]) { const o = operation(d, n); o.paths = o.notPaths; delete o.notPaths } }, ['public', 'gained'], [exempt, kfam]],
  ['notPaths become paths in CUSTOM only', '26.03', (d) => { const o = operation(d, asks); o.paths = o.notPaths; delete o.notPaths }, ['lost', 'unreachable']],
  ['the DENY is gone', '26.03', (d) => d.remove('AuthorizationPolicy', refuses), ['gained', 'public'], []],
  ['both are gone', '26.03', (d) => { d.remove('AuthorizationPolicy', refuses); d.remove('AuthorizationPolicy', asks) }, ['public', 'gained'], [exempt]],
  ['both select another gateway', 'v1.9', (d) => { for (const n of [asks, refuses]) policy(d, n).selector.matchLabels.app = 'ingressgateway' }, ['public'], [exempt]],
  ['both lie in kubeflow', 'v1.9', (d) => { for (const n of [asks, refuses]) d.get('AuthorizationPolicy', n).metadata.namespace = 'kubeflow' }, ['public'], [exempt]],
  ['a targetRef to the Istio Gateway', '26.03', (d) => { for (const n of [asks, refuses]) { delete policy(d, n).selector; policy(d, n).targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'kubeflow-gateway' }] } }, ['public'], [exempt]],
  ['CUSTOM only for browsers', '26.03', (d) => { policy(d, asks).rules[0].when.push({ key: 'request.headers[accept]', values: ['text/html*'] }) }, ['lost']],
  ['CUSTOM and DENY only for one host', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).hosts = ['kubeflow.example.com'] }, ['public'], [exempt]],
  ['CUSTOM and DENY only for a host without its port', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).notHosts = ['example.com'] }, ['public'], [exempt]],
  ['CUSTOM and DENY leave OPTIONS out', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).notMethods = ['OPTIONS'] }, ['public'], [exempt]],
  ['CUSTOM and DENY only on port 80', '26.03', (d) => { for (const n of [asks, refuses]) operation(d, n).ports = ['80'] }, ['public', 'unreachable', 'deadRules'], [exempt]],
  ['CUSTOM and DENY leave a network out', '26.03', (d) => { for (const n of [asks, refuses]) policy(d, n).rules[0].from = [{ source: { ...policy(d, n).rules[0].from?.[0]?.source, notIpBlocks: ['10.0.0.0/8'] } }] }, ['public'], [exempt]],
  ['CUSTOM and DENY leave a proxied network out', '26.03', (d) => { for (const n of [asks, refuses]) policy(d, n).rules[0].from = [{ source: { ...policy(d, n).rules[0].from?.[0]?.source, notRemoteIpBlocks: ['192.168.0.0/16'] } }] }, ['public'], [exempt]],
  ['the DENY looks for one claim', '26.03', (d) => { const r = policy(d, refuses).rules[0]; delete r.from; r.when = [{ key: 'request.auth.claims[email]', notValues: ['user@example.com'] }] }, ['lost']],
  ['the DENY looks for a group nobody has', '26.03', (d) => { const r = policy(d, refuses).rules[0]; r.when = [{ key: 'request.auth.claims[groups]', values: ['admins'] }] }, ['gained', 'public'], []],
  ['requestPrincipals of another issuer', '26.03', (d) => { policy(d, refuses).rules[0].from[0].source.notRequestPrincipals = ['https://dex.example.com/*'] }, ['lost']],
  ['requestPrincipals without the slash', '26.03', (d) => { policy(d, refuses).rules[0].from[0].source.notRequestPrincipals = ['http://dex.auth.svc.cluster.local:5556/dex'] }, ['lost']],
  ['action AUDIT', '26.03', (d) => { policy(d, refuses).action = 'AUDIT' }, ['gained', 'public'], []],
  ['no action', '26.03', (d) => { policy(d, refuses).action = undefined }, ['gained', 'public'], []],
  ['a dry run of both', '26.03', (d) => { for (const n of [asks, refuses]) d.get('AuthorizationPolicy', n).metadata.annotations = { 'istio.io/dry-run': 'true' } }, ['gained', 'lost', 'public'], []],
  ['rules of the DENY are empty', '26.03', (d) => { policy(d, refuses).rules = [] }, ['gained', 'public'], []],
  ['a rule of everything in the DENY', '26.03', (d) => { policy(d, refuses).rules.push({}) }, ['lost', 'unreachable']],
  ['the gateway has no ALLOW', '26.03', (d) => d.remove('AuthorizationPolicy', 'istio-system/istio-ingressgateway'), ['lost', 'unreachable']],
  ['the gateway’s ALLOW selects one label too many', '26.03', (d) => { policy(d, 'istio-system/istio-ingressgateway').selector.matchLabels.tier = 'edge' }, ['lost', 'unreachable']],
  ['the gateway’s ALLOW only for GET', '26.03', (d) => { policy(d, 'istio-system/istio-ingressgateway').rules = [{ to: [{ operation: { methods: ['GET'] } }] }] }, ['lost']],
  ['deny-all becomes allow-all', '26.03', (d) => { policy(d, 'global-deny-all').rules = [{}] }, ['gained'], []],
  ['deny-all becomes a DENY', '26.03', (d) => { d.get('AuthorizationPolicy', 'global-deny-all').spec = { action: 'DENY', rules: [{}] } }, ['lost', 'unreachable']],
  // The provider and the auth service.
  ['the provider’s name is misspelled in the mesh', '26.03', (d) => d.mesh((m) => { m.extensionProviders[0].name = 'oauth2_proxy' }), ['lost']],
  ['no providers', '26.03', (d) => d.mesh((m) => { m.extensionProviders = [] }), ['lost', 'unreachable']],
  ['the provider’s answer gives no authorization', '26.03', (d) => provider(d, (h) => { h.headersToUpstreamOnAllow = ['x-auth-request-email'] }), ['lost']],
  ['the check does not see the cookie', '26.03', (d) => provider(d, (h) => { h.includeRequestHeadersInCheck = ['authorization'] }), ['lost']],
  ['the provider’s port is the pod’s', '26.03', (d) => provider(d, (h) => { h.port = 4180 }), ['lost']],
  ['the provider’s Service is of another namespace', '26.03', (d) => provider(d, (h) => { h.service = 'oauth2-proxy.kubeflow.svc.cluster.local' }), ['lost']],
  ['the auth service’s Service lost its port', '26.03', (d) => { port(d, 'oauth2-proxy').port = 8080 }, ['lost']],
  ['the auth service is gone', '26.03', (d) => d.remove('Service', 'oauth2-proxy'), ['lost']],
  ['the auth service hands no token on', '26.03', (d) => proxyConfig(d, (t) => t.replace('set_authorization_header = true', 'set_authorization_header = false')), ['lost', 'unreachable']],
  ['the auth service’s client is another, and its audience is asked for', '26.03', (d) => { d.get('Secret', 'oauth2-proxy-h675gf55ht').data['client-id'] = Buffer.from('other').toString('base64'); d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].audiences = ['kubeflow-oidc-authservice'] }, ['lost']],
  ['the auth service’s issuer is another', '26.03', (d) => proxyConfig(d, (t) => t.replace('oidc_issuer_url = "http://dex.auth', 'oidc_issuer_url = "https://dex.auth')), ['lost']],
  // The token rules.
  ['the issuer misspelled', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].issuer = 'http://dex.auth.svc:5556/dex' }, ['lost', 'gained']],
  ['the issuer is https', 'v1.9', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].issuer = 'https://dex.auth.svc.cluster.local:5556/dex' }, ['lost']],
  ['no RequestAuthentication', '26.03', (d) => d.remove('RequestAuthentication', 'dex-jwt'), ['lost']],
  ['the RequestAuthentication in kubeflow', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').metadata.namespace = 'kubeflow' }, ['lost']],
  ['an audience nobody has', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].audiences = ['kubeflow'] }, ['lost']],
  ['the user’s header is another', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].outputClaimToHeaders[0].header = 'x-user' }, ['lost', 'changed'], [forged]],
  ['the user’s header from `sub`', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].outputClaimToHeaders[0].claim = 'sub' }, ['lost']],
  ['no headers from claims', '26.03', (d) => { delete d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].outputClaimToHeaders }, ['lost', 'changed'], [forged]],
  ['the token from another header', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].fromHeaders[0].name = 'X-Auth' }, ['lost']],
  ['the token from another prefix', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules[0].fromHeaders[0].prefix = 'Token ' }, ['lost']],
  ['machines’ issuer is gone', m2m, (d) => d.remove('RequestAuthentication', 'm2m-token-issuer'), ['lost']],
  ['machines’ issuer with a slash', m2m, (d) => { d.get('RequestAuthentication', 'm2m-token-issuer').spec.jwtRules[0].issuer += '/' }, ['lost']],
  ['an audience for machines', m2m, (d) => { d.get('RequestAuthentication', 'm2m-token-issuer').spec.jwtRules[0].audiences = ['istio-ingressgateway.istio-system.svc.cluster.local'] }, ['lost']],
  ['a second issuer for everybody', '26.03', (d) => { d.get('RequestAuthentication', 'dex-jwt').spec.jwtRules.push({ issuer: 'https://accounts.google.com', jwksUri: 'https://www.googleapis.com/oauth2/v3/certs', forwardOriginalToken: true, outputClaimToHeaders: [{ claim: 'email', header: 'kubeflow-userid' }] }) }, ['gained', 'lost']],
  // Workloads' own policies.
  ['the dashboard’s policy without its source', '26.03', (d) => { policy(d, 'central-dashboard').rules = [{}] }, ['gained']],
  ['the profile API opens to the gateway', '26.03', (d) => { policy(d, 'profiles-kfam').rules[0].from[0].source.principals.push(ingress) }, ['gained'], []],
  ['the profile API opens to everybody', 'v1.9', (d) => { policy(d, 'profiles-kfam').rules = [{}] }, ['gained'], []],
  ['the profile API’s policy is gone', '26.03', (d) => d.remove('AuthorizationPolicy', 'profiles-kfam'), ['lost', 'unreachable']],
  ['the profile API’s policy selects the label only', '26.03', (d) => { policy(d, 'profiles-kfam').selector.matchLabels = { 'kustomize.component': 'profile' } }, ['lost', 'unreachable']],
  ['the gateway’s account misspelled', '26.03', (d) => { policy(d, 'jupyter-web-app').rules[0].from[0].source.principals = ['cluster.local/ns/istio-system/sa/istio-ingressgateway'] }, ['lost', 'unreachable']],
  ['the trust domain is in front', '26.03', (d) => { policy(d, 'katib-ui').rules[0].from[0].source.principals = [`spiffe://${ingress}`] }, ['lost', 'unreachable']],
  ['a principal by its prefix', '26.03', (d) => { policy(d, 'katib-ui').rules[0].from[0].source.principals = ['cluster.local/ns/istio-system/*'] }, ['gained']],
  ['a principal by the whole mesh', '26.03', (d) => { policy(d, 'katib-ui').rules[0].from[0].source.principals = ['*'] }, ['gained']],
  ['serviceAccounts misses its namespace', '26.03', (d) => { const s = policy(d, 'katib-ui').rules[0].from[0].source; delete s.principals; s.serviceAccounts = ['istio-ingressgateway-service-account'] }, ['lost', 'unreachable']],
  ['the user’s header does not matter any more', '26.03', (d) => { delete policy(d, owner).rules[0].when }, ['gained']],
  ['the header matters, the sender not', '26.03', (d) => { delete policy(d, owner).rules[0].from }, ['gained']],
  ['`from` and `when` apart', '26.03', (d) => { const [first, ...rest] = policy(d, owner).rules; policy(d, owner).rules = [{ from: first.from }, { when: first.when }, ...rest] }, ['gained']],
  ['the user’s address by its domain', '26.03', (d) => { policy(d, owner).rules[0].when[0].values = ['*@example.com'] }, ['gained']],
  ['an address in upper case', '26.03', (d) => { policy(d, owner).rules[0].when[0].values = ['User@example.com'] }, ['lost']],
  ['the owner policy only for the UI', '26.03', (d) => { policy(d, owner).rules[0].from[0].source.principals.shift() }, ['lost']],
  ['the contributor is gone', '26.03', (d) => d.remove('AuthorizationPolicy', 'user-contributor-example-com-clusterrole-edit'), ['lost']],
  ['a namespace too many', '26.03', (d) => { policy(d, owner).rules[1].when[0].values.push('kubeflow') }, ['gained']],
  ['the probes’ paths by prefix', '26.03', (d) => { policy(d, owner).rules[2].to[0].operation.paths = ['/health*', '/metrics', '/wait-for-drain', '/v1*'] }, ['gained']],
  ['the probes’ paths by suffix', '26.03', (d) => { policy(d, owner).rules[2].to[0].operation.paths = ['*'] }, ['gained']],
  ['the controller’s GET is POST', '26.03', (d) => { policy(d, owner).rules[3].to[0].operation.methods = ['POST'] }, ['lost', 'gained']],
  ['the pipelines’ rule of no identity header', '26.03', (d) => { policy(d, 'ml-pipeline').rules[1].when[0] = { key: 'request.headers[kubeflow-userid]', values: ['*'] } }, ['gained', 'lost']],
  ['the pipelines’ rule without its when', '26.03', (d) => { policy(d, 'ml-pipeline').rules[1] = {} }, ['gained']],
  ['an account dropped from the pipelines', '26.03', (d) => { policy(d, 'ml-pipeline').rules[0].from[0].source.principals.splice(1, 1) }, ['lost']],
  ['the UI wants no token', '26.03', (d) => { policy(d, 'ml-pipeline-ui').rules[1].when.shift() }, ['gained']],
  ['the UI takes the gateway only', '26.03', (d) => { policy(d, 'ml-pipeline-ui').rules.pop() }, ['lost']],
  // Models.
  ['the model is open', models, (d) => { d.policy(`${users}/open`, { rules: [{}] }) }, ['gained'], []],
  ['the model opens to the local gateway', '26.03', (d) => { d.policy(`${users}/local`, { rules: [{ from: [{ source: { namespaces: ['istio-system'] } }] }] }) }, ['gained'], []],
  ['the model is exempt and open', '26.03', (d) => { both(d, (p) => [...p, '/serving/*']); d.policy(`${users}/local`, { rules: [{ from: [{ source: { namespaces: ['istio-system', 'knative-serving'] } }] }] }) }, ['public', 'gained'], [anonymousModel, exempt]],
  ['the model by host, exempt and open', '26.03', (d) => { both(d, (p) => [...p, '/v1*']); d.policy(`${users}/local`, { rules: [{ from: [{ source: { namespaces: ['istio-system', 'knative-serving'] } }] }] }) }, ['public'], [anonymousModel]],
  ['the model’s VirtualService leaves the door', '26.03', (d) => { d.get('VirtualService', 'sklearn-iris').spec.gateways = ['knative-serving/knative-local-gateway', 'mesh'] }, ['gained', 'changed']],
  ['the model’s rewrite sends the path on', '26.03', (d) => { delete http(d, 'sklearn-iris', 1).rewrite }, ['lost']],
  ['the model’s Host is not set', '26.03', (d) => { delete http(d, 'sklearn-iris', 1).headers.request.set.Host }, ['lost']],
  ['the local gateway’s port moved', '26.03', (d) => { d.get('Gateway', 'knative-local-gateway').spec.servers[0].port.number = 8082 }, ['lost']],
  ['the local gateway’s Service goes elsewhere', '26.03', (d) => { port(d, 'knative-local-gateway').targetPort = 8080 }, ['lost']],
  ['the revision’s Service is gone', '26.03', (d) => d.remove('Service', 'sklearn-iris-predictor-00001'), ['lost']],
  // Routes.
  ['the prefix of the profile API is `/`', '26.03', (d) => { http(d, 'profiles-kfam').match[0].uri.prefix = '/' }, ['gained']],
  ['a route to the pipelines past the UI', '26.03', (d) => { http(d, 'ml-pipeline-ui').route[0].destination = { host: 'ml-pipeline.kubeflow.svc.cluster.local', port: { number: 8888 } } }, ['lost']],
  ['the route’s port misspelled', '26.03', (d) => { http(d, 'katib-ui').route[0].destination.port.number = 8080 }, ['lost', 'unreachable']],
  ['the route’s host misspelled', '26.03', (d) => { http(d, 'katib-ui').route[0].destination.host = 'katib.kubeflow.svc.cluster.local' }, ['lost', 'unreachable']],
  ['a short host meant of another namespace', '26.03', (d) => { const v = d.get('VirtualService', 'katib-ui'); v.metadata.namespace = 'auth'; v.spec.gateways = ['kubeflow/kubeflow-gateway']; v.spec.http[0].route[0].destination.host = 'katib-ui' }, ['lost', 'unreachable']],
  ['the gateway’s name without its namespace', '26.03', (d) => { d.get('VirtualService', 'oauth2-proxy/oauth2-proxy').spec.gateways = ['kubeflow-gateway'] }, ['changed', 'unreachable']],
  ['Dex has no route', 'v1.9', (d) => d.remove('VirtualService', 'dex'), ['changed', 'unreachable']],
  ['the dashboard has no route', 'v1.8', (d) => d.remove('VirtualService', 'centraldashboard'), ['lost']],
  ['the dashboard’s prefix gets a word', '26.03', (d) => { http(d, 'centraldashboard').match[0].uri.prefix = '/dashboard' }, ['lost']],
  ['the dashboard’s prefix becomes exact', '26.03', (d) => { http(d, 'centraldashboard').match[0].uri = { exact: '/' } }, ['lost']],
  ['a rewrite leaves the notebook', '26.03', (d) => { http(d, 'notebook-kubeflow-user-example-com-my-notebook').rewrite.uri = '/healthz' }, ['gained'], []],
  ['a method on the route', '26.03', (d) => { http(d, 'volumes-web-app-volumes-web-app').match[0].method = { exact: 'GET' } }, ['changed']],
  ['a header on the route', '26.03', (d) => { http(d, 'volumes-web-app-volumes-web-app').match[0].headers = { 'x-canary': { exact: 'yes' } } }, ['changed']],
  ['a direct response for everybody', '26.03', (d) => { delete http(d, 'katib-ui').route; delete http(d, 'katib-ui').rewrite; http(d, 'katib-ui').directResponse = { status: 503 } }, ['changed', 'unreachable']],
  ['a redirect for a route', '26.03', (d) => { delete http(d, 'katib-ui').route; delete http(d, 'katib-ui').rewrite; http(d, 'katib-ui').redirect = { uri: '/' } }, ['lost', 'unreachable']],
  ['a fault of everything', '26.03', (d) => { http(d, 'katib-ui').fault = { abort: { httpStatus: 500, percentage: { value: 100 } } } }, ['lost']],
  ['the route names an identity', '26.03', (d) => { http(d, 'katib-ui').headers = { request: { set: { 'kubeflow-userid': 'user@example.com' } } } }, ['changed']],
  ['the notebook’s route names the owner', '26.03', (d) => { http(d, 'notebook-kubeflow-user-example-com-my-notebook').headers.request.set = { 'kubeflow-userid': 'user@example.com' } }, ['gained']],
  ['the route takes the token', m2m, (d) => { http(d, 'ml-pipeline-ui').headers = { request: { remove: ['kubeflow-userid'] } } }, ['changed']],
  ['a route that takes all of `/api`', '26.03', (d) => { d.routes('auth/api', { gateways: ['kubeflow/kubeflow-gateway'], hosts: ['*'], http: [{ match: [{ uri: { prefix: '/api' } }], route: [{ destination: { host: 'dex.auth.svc.cluster.local', port: { number: 5556 } } }] }] }) }, ['changed']],
  ['an exact host shadows the others', '26.03', (d) => { d.routes('kubeflow/own', { gateways: ['kubeflow-gateway'], hosts: ['kubeflow.example.com'], http: [{ match: [{ uri: { prefix: '/my' } }], route: [{ destination: { host: 'katib-ui.kubeflow.svc.cluster.local', port: { number: 80 } } }] }] }) }, ['lost']],
  // Gateways.
  ['the Gateway’s host is one', '26.03', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.servers[0].hosts = ['kubeflow.example.com']; d.remove('Gateway', 'istio-system/istio-ingressgateway') }, ['lost']],
  ['the Gateway’s namespace in its hosts', '26.03', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.servers[0].hosts = ['kubeflow/*'] }, ['changed', 'unreachable', 'gained']],
  ['the Gateway selects nothing', 'v1.9', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.selector = { istio: 'ingress' } }, ['lost', 'unreachable']],
  ['the Gateway selects the local gateway', 'v1.9', (d) => { d.get('Gateway', 'kubeflow-gateway').spec.selector = { istio: 'cluster-local-gateway' } }, ['lost']],
  ['the Gateway is gone', 'v1.8', (d) => d.remove('Gateway', 'kubeflow-gateway'), ['lost', 'unreachable']],
  ['a Gateway on another port of the pod', '26.03', (d) => { d.add('networking.istio.io/v1', 'Gateway', 'kubeflow/second', { spec: { selector: { istio: 'ingressgateway' }, servers: [{ port: { number: 443, name: 'http2', protocol: 'HTTP' }, hosts: ['*'] }] } }); d.get('VirtualService', 'katib-ui').spec.gateways.push('second') }, ['gained']],
  ['plain HTTP is served beside TLS', 'v1.6+gateway-tls', (d) => { for (const s of d.get('Gateway', 'kubeflow-gateway').spec.servers) if (s.tls?.httpsRedirect) delete s.tls }, ['gained']],
  // Sidecars, labels, accounts, ports.
  ['the namespace has no sidecars', '26.03', (d) => { d.get('Namespace', users).metadata.labels['istio-injection'] = 'disabled' }, ['gained']],
  ['kubeflow has no sidecars', '26.03', (d) => { d.get('Namespace', 'kubeflow').metadata.labels['istio-injection'] = 'disabled' }, ['gained']],
  ['the injection label is gone', 'v1.9', (d) => { delete d.get('Namespace', users).metadata.labels['istio-injection'] }, ['gained']],
  ['one Deployment without its sidecar', '26.03', (d) => { pod(d, 'profiles-deployment').metadata.labels['sidecar.istio.io/inject'] = 'false' }, ['gained']],
  ['one Deployment without its sidecar by annotation', '26.03', (d) => { pod(d, 'jupyter-web-app-deployment').metadata.annotations = { 'sidecar.istio.io/inject': 'false' } }, ['gained', 'lost']],
  ['the API without its sidecar', '26.03', (d) => { pod(d, 'ml-pipeline').metadata.labels['sidecar.istio.io/inject'] = 'false' }, ['gained']],
  ['inbound ports left out', '26.03', (d) => { pod(d, 'jupyter-web-app-deployment').metadata.annotations = { 'traffic.sidecar.istio.io/excludeInboundPorts': '5000' } }, ['gained']],
  ['a label fewer', '26.03', (d) => { delete pod(d, 'katib-ui').metadata.labels['katib.kubeflow.org/component'] }, ['lost']],
  ['a Service’s selector has a typo', '26.03', (d) => { d.get('Service', 'centraldashboard').spec.selector.app = 'dashboard' }, ['lost']],
  ['a Service points at another pod', '26.03', (d) => { d.get('Service', 'katib-ui').spec.selector = { 'kustomize.component': 'profiles' }; port(d, 'katib-ui').targetPort = 8081 }, ['lost']],
  ['a Service’s port', '26.03', (d) => { port(d, 'jupyter-web-app-service').port = 8080 }, ['lost']],
  ['the door has no Service port', '26.03', (d) => { d.get('Service', 'istio-ingressgateway').spec.ports.splice(1, 1) }, ['lost']],
  ['a NodePort before a pod without a sidecar', '26.03', (d) => { d.get('Service', 'metadata-envoy-service').spec.type = 'NodePort'; port(d, 'metadata-envoy-service').nodePort = 30090 }, ['public']],
  // mTLS.
  ['STRICT for the whole mesh', '26.03', (d) => { d.add('security.istio.io/v1', 'PeerAuthentication', 'istio-system/default', { spec: { mtls: { mode: 'STRICT' } } }) }, ['lost']],
  ['mTLS off for the whole mesh', '26.03', (d) => { d.add('security.istio.io/v1', 'PeerAuthentication', 'istio-system/default', { spec: { mtls: { mode: 'DISABLE' } } }) }, ['lost']],
  ['mTLS off for one port', '26.03', (d) => { d.add('security.istio.io/v1', 'PeerAuthentication', 'kubeflow/jupyter', { spec: { selector: { matchLabels: { app: 'jupyter-web-app' } }, mtls: { mode: 'PERMISSIVE' }, portLevelMtls: { 5000: { mode: 'DISABLE' } } } }) }, ['lost']],
  ['a DestinationRule without mTLS', '26.03', (d) => { d.get('DestinationRule', 'jupyter-web-app').spec.trafficPolicy.tls.mode = 'DISABLE' }, ['lost']],
  ['a DestinationRule with TLS towards a plain pod', '26.03', (d) => { d.get('DestinationRule', 'jupyter-web-app').spec.trafficPolicy.tls.mode = 'SIMPLE' }, ['lost']],
  ['a DestinationRule of the whole namespace', '26.03', (d) => { d.add('networking.istio.io/v1', 'DestinationRule', 'kubeflow/all', { spec: { host: '*.kubeflow.svc.cluster.local', trafficPolicy: { tls: { mode: 'DISABLE' } } } }) }, ['lost']],
  ['a subset nobody has', '26.03', (d) => { http(d, 'katib-ui').route[0].destination.subset = 'v2' }, ['lost']],
  // Sidecar and ServiceEntry objects, the mesh's settings.
  ['the mesh’s default Sidecar names too few', '26.03', (d) => { d.get('Sidecar', 'istio-system/default').spec.egress[0].hosts = ['istio-system/*'] }, ['lost']],
  ['paths are not normalized', '26.03', (d) => d.mesh((m) => { m.pathNormalization = { normalization: 'NONE' } }), ['gained']],
  ['slashes are merged', '26.03', (d) => d.mesh((m) => { m.pathNormalization = { normalization: 'MERGE_SLASHES' } }), ['changed']],
  ['escaped slashes are decoded', '26.03', (d) => d.mesh((m) => { m.pathNormalization = { normalization: 'DECODE_AND_MERGE_SLASHES' } }), ['changed']],
  // The first generation: oidc-authservice behind an EnvoyFilter.
  ['the EnvoyFilter in kubeflow', 'v1.6', (d) => { d.get('EnvoyFilter', 'authn-filter').metadata.namespace = 'kubeflow' }, ['public'], [exempt]],
  ['the EnvoyFilter is gone', 'v1.8', (d) => d.remove('EnvoyFilter', 'authn-filter'), ['public', 'gained'], [exempt]],
  ['the EnvoyFilter for sidecars', 'v1.8', (d) => { patch(d).match.context = 'SIDECAR_INBOUND' }, ['public'], [exempt]],
  ['the EnvoyFilter selects another gateway', 'v1.6', (d) => { d.get('EnvoyFilter', 'authn-filter').spec.workloadSelector.labels.istio = 'ingress' }, ['public'], [exempt]],
  ['the EnvoyFilter’s filter class is another', 'v1.8', (d) => { patch(d).match.listener.filterChain.filter.name = 'envoy.filters.network.tcp_proxy' }, ['public'], [exempt]],
  ['the EnvoyFilter for one port', 'v1.8', (d) => { patch(d).match.listener.portNumber = 9999 }, ['public'], [exempt]],
  ['the EnvoyFilter for a proxy version', 'v1.8', (d) => { patch(d).match.proxy = { proxyVersion: '^1\\.1[0-2].*' } }, ['public'], [exempt]],
  ['the EnvoyFilter removes', 'v1.8', (d) => { patch(d).patch.operation = 'REMOVE' }, ['public'], [exempt]],
  ['the EnvoyFilter hands no identity on', 'v1.8', (d) => { patch(d).patch.value.typed_config.http_service.authorization_response.allowed_upstream_headers.patterns = [] }, ['lost'], [forged]],
  ['the EnvoyFilter asks another cluster', 'v1.8', (d) => { patch(d).patch.value.typed_config.http_service.server_uri.cluster = 'outbound|80||authservice.istio-system.svc.cluster.local' }, ['lost']],
  ['the EnvoyFilter hands no cookie on', 'v1.6', (d) => { patch(d).patch.value.typed_config.http_service.authorization_request.allowed_headers.patterns.splice(1, 1) }, ['lost']],
  ['the auth service exempts everything', 'v1.6', (d) => { d.get('ConfigMap', 'oidc-authservice-parameters').data.SKIP_AUTH_URI = '/' }, ['public'], [exempt]],
  ['the auth service exempts two words', 'v1.8', (d) => { const c = d.get('ConfigMap', 'oidc-authservice-parameters').data; c.SKIP_AUTH_URLS = `${c.SKIP_AUTH_URLS ?? '/dex'},/pipeline` }, ['public'], [exempt]],
  ['the auth service’s header is another', 'v1.6', (d) => { d.get('ConfigMap', 'oidc-authservice-parameters').data.USERID_HEADER = 'x-user' }, ['lost']],
] // biome-ignore format: a table
