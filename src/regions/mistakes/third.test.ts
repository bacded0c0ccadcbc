/** A third table: what objects around the policies do to them, from tokens to certificates and Services. */
import { add, allows, asks, drop, exempt, ingress, refuses, replace, routes, within } from './edits.test.ts'
import type { Mistake } from './planted.test.ts'

const users = 'kubeflow-user-example-com'
const gateway = 'selector: {matchLabels: {app: istio-ingressgateway}}'
const kube = 'https://kubernetes.default.svc.cluster.local'
const policyIn = (namespace: string, name: string, spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`
const peers = (namespace: string, spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: strict, namespace: ${namespace}}\nspec: ${spec}\n`
const destination = (host: string, mode: string) =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: by-hand, namespace: kubeflow}\nspec: {host: ${host}.svc.cluster.local, trafficPolicy: {tls: {mode: ${mode}}}}\n`
const service = (name: string, namespace: string, spec: string) =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}\n`
const first = (spec: string) =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a-first, namespace: auth, creationTimestamp: "2000-01-01T00:00:00Z"}\nspec: {gateways: [kubeflow/kubeflow-gateway], hosts: ["*"], http: [${spec}]}\n`

export const third: readonly Mistake[] = [
  ['the plain prefix of a template exempts more than its segment', '26.03', replace(exempt, `${exempt}, "/serving/{*}/sklearn-iris/v1/models/{*}"`), 'public'],
  ['an exemption that begins with two slashes, which stay two', '26.03', replace(exempt, `${exempt}, "//oauth2"`), 'public'],
  ['a template of any depth for one of one segment', '26.03', replace(exempt, `${exempt}, "/notebook/{**}/lab"`), 'public'],
  ['/* for the exemption', '26.03', replace(exempt, '"/*"'), 'public'],
  ['the exemption’s slash at the other end', '26.03', replace(exempt, '"dex/", "/oauth2/*"'), 'lost'],
  ['the DENY asks for a header beside the token', '26.03', within('AuthorizationPolicy', refuses, '  selector:', '    when: [{key: "request.headers[x-forwarded-client]", values: ["*"]}]\n  selector:'), 'public'],
  ['the DENY only for callers of ten networks', '26.03', within('AuthorizationPolicy', refuses, '{notRequestPrincipals: ["*"]}', '{notRequestPrincipals: ["*"], ipBlocks: [10.0.0.0/8]}'), 'public'],
  ['the DENY leaves a remote network out', '26.03', within('AuthorizationPolicy', refuses, '{notRequestPrincipals: ["*"]}', '{notRequestPrincipals: ["*"], notRemoteIpBlocks: [203.0.113.0/24]}'), 'public'],
  ['the DENY with POST left out', '26.03', within('AuthorizationPolicy', refuses, '{operation: {', '{operation: {notMethods: [POST], '), 'public'],
  ['the DENY for a host without its port', '26.03', within('AuthorizationPolicy', refuses, '{operation: {', '{operation: {notHosts: ["kubeflow.example.com"], '), 'public'],
  ['CUSTOM asks for browsers only', '26.03', within('AuthorizationPolicy', asks, '  selector:', '    - {key: "request.headers[accept]", values: ["text/html*"]}\n  selector:'), 'lost'],
  ['a RequestAuthentication is gone', '26.03', drop('RequestAuthentication', 'dex-jwt'), 'unreachable'],
  ['a RequestAuthentication selects another gateway', '26.03', within('RequestAuthentication', 'm2m-token-issuer', 'app: istio-ingressgateway', 'app: cluster-local-gateway'), 'lost'],
  ['the predictor’s RequestAuthentication is gone', '26.03', drop('RequestAuthentication', 'demo-models'), 'lost'],
  ['an audience some tokens have not', '26.03', within('RequestAuthentication', 'm2m-token-issuer', `  - issuer: ${kube}\n`, `  - issuer: ${kube}\n    audiences: [istio-ingressgateway.istio-system.svc]\n`), 'lost'],
  ['the token in another header', '26.03', within('RequestAuthentication', 'm2m-token-issuer', 'fromHeaders: [{name: Authorization, prefix: "Bearer "}]', 'fromHeaders: [{name: x-token}]'), 'lost'],
  ['the token is not passed on', '26.03', within('RequestAuthentication', 'dex-jwt', '  - forwardOriginalToken: true\n    fromHeaders', '  - fromHeaders'), 'lost'],
  ['the identity in another header', '26.03', within('RequestAuthentication', 'dex-jwt', '{claim: email, header: kubeflow-userid}', '{claim: email, header: kubeflow-user}'), 'changed'],
  ['the identity from another claim', '26.03', within('RequestAuthentication', 'dex-jwt', '{claim: email, header: kubeflow-userid}', '{claim: sub, header: kubeflow-userid}'), 'changed'],
  ['a token opens the predictor to every account', '26.03', within('AuthorizationPolicy', 'demo-models', `        - ${kube}/system:serviceaccount:${users}:default-editor\n`, `        - ${kube}/*\n`), 'gained'],
  ['a second key of `when` replaced by an `or`', '26.03', within('AuthorizationPolicy', 'ml-pipeline-ui', '    - {key: "request.headers[kubeflow-userid]", notValues: ["*"]}\n', ''), 'gained'],
  ['the owner’s caller is anybody', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', `        - ${ingress}\n`, '        - "*"\n'), 'gained'],
  ['probes’ paths with a star', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', '[/healthz, /metrics, /wait-for-drain]', '["/healthz*", "/metrics*", "/*"]'), 'gained'],
  ['kernels by any method', '26.03', within('AuthorizationPolicy', 'ns-owner-access-istio', 'methods: [GET], paths: ["*/api/kernels"]', 'paths: ["*/api/kernels"]'), 'gained'],
  ['plain text to a workload that knows its callers', '26.03', add(destination('katib-ui.kubeflow', 'DISABLE')), 'unreachable'],
  ['mutual TLS is off at one workload', '26.03', add(peers('kubeflow', '{mtls: {mode: DISABLE}, selector: {matchLabels: {app: jupyter-web-app}}}')), 'unreachable'],
  ['mutual TLS is off at one port', '26.03', add(peers('kubeflow', '{selector: {matchLabels: {app: centraldashboard}}, portLevelMtls: {"8082": {mode: DISABLE}}}')), 'unreachable'],
  ['STRICT closes what pods without a sidecar called', '26.03', add(peers('kubeflow', '{mtls: {mode: STRICT}}')), 'lost'],
  ['the Service’s selector is another workload’s', '26.03', within('Service', 'katib-ui', 'katib.kubeflow.org/component: ui', 'app: volumes-web-app'), 'changed'],
  ['a route to another port of the Service', '26.03', within('VirtualService', 'ml-pipeline-ui', 'port: {number: 80}', 'port: {number: 81}'), 'unreachable'],
  ['a subset nobody defines', '26.03', within('VirtualService', 'katib-ui', 'host: katib-ui.kubeflow.svc.cluster.local, port', 'host: katib-ui.kubeflow.svc.cluster.local, subset: v2, port'), 'unreachable'],
  ['a Gateway that serves one host', '26.03', within('Gateway', 'kubeflow-gateway', 'hosts: ["*"]', 'hosts: ["kubeflow.example.com"]'), 'lost'],
  ['a Gateway that takes VirtualServices of one namespace', '26.03', within('Gateway', 'kubeflow-gateway', 'hosts: ["*"]', 'hosts: ["kubeflow/*"]'), 'lost'],
  ['a VirtualService kept to its namespace', '26.03', within('VirtualService', 'dex', '  gateways:', '  exportTo: ["."]\n  gateways:'), 'changed'],
  ['a VirtualService at another gateway', '26.03', within('VirtualService', 'oauth2-proxy', 'kubeflow/kubeflow-gateway', 'istio-system/cluster-local-gateway'), 'changed'],
  ['an older VirtualService takes the dashboard’s place', '26.03', add(first('{match: [{uri: {prefix: /}}], route: [{destination: {host: katib-ui.kubeflow.svc.cluster.local}}]}')), 'unreachable'],
  ['a model by another’s header', '26.03', within('VirtualService', 'sklearn-iris-path', 'Host: sklearn-iris-predictor.', 'Host: sklearn-irisv2-predictor.'), 'changed'],
  ['a rewrite without its slash', '26.03', within('VirtualService', 'sklearn-iris-path', 'rewrite: {uri: /}', 'rewrite: {uri: /v1/models/}'), 'lost'],
  ['a route that reads a header the client writes', '26.03', add(first('{match: [{uri: {prefix: /kfam/}, headers: {x-admin: {exact: "1"}}}], route: [{destination: {host: katib-ui.kubeflow.svc.cluster.local}}]}')), 'gained'],
  ['a redirect for the dashboard’s API', '26.03', add(first('{match: [{uri: {prefix: /api/}}], redirect: {uri: /dex/auth}}')), 'lost'],
  ['a direct answer in front of Pipelines', '26.03', add(routes('maintenance', '{match: [{uri: {prefix: /pipeline/apis/}}], directResponse: {status: 503}}').replace('namespace: kubeflow}', 'namespace: kubeflow, creationTimestamp: "2000-01-01T00:00:00Z"}')), 'changed'],
  ['a Sidecar that lists its own namespace only', '26.03', add(`apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: default, namespace: ${users}}\nspec: {egress: [{hosts: ["./*"]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n`), 'lost'],
  ['a LoadBalancer in front of the local gateway', '26.03', add(service('models', 'istio-system', '{type: LoadBalancer, selector: {istio: cluster-local-gateway}, ports: [{port: 80, targetPort: 8080}]}')), 'public'],
  ['the workload’s label for sidecars is off', '26.03', replace('labels: {katib.kubeflow.org/component: ui, sidecar.istio.io/inject: "true"}', 'labels: {katib.kubeflow.org/component: ui, sidecar.istio.io/inject: "false"}'), 'gained'],
  ['the namespace’s sidecars are off', '26.03', replace(`labels: {istio-injection: enabled, katib`, `labels: {istio-injection: disabled, katib`), 'gained'],
  ['a DENY at the workloads that names the gateway', '26.03', add(policyIn('kubeflow', 'no-gateway', `{action: DENY, rules: [{from: [{source: {principals: [${ingress}]}}]}]}`)), 'unreachable'],
  ['a DENY for accounts of one namespace', '26.03', add(allows('no-robots', `{action: DENY, rules: [{from: [{source: {requestPrincipals: ["${kube}/system:serviceaccount:${users}:*"]}}]}], ${gateway}}`)), 'lost'],
  ['the provider’s answer is passed on whole', 'v1.8', within('EnvoyFilter', 'authn-filter', '{patterns: [{exact: kubeflow-userid}]}', '{patterns: [{exact: kubeflow-user}]}'), 'lost'],
  ['the EnvoyFilter asks another port', 'v1.6', within('EnvoyFilter', 'authn-filter', 'outbound|8080||', 'outbound|8081||'), 'lost'],
] // biome-ignore format: a table
