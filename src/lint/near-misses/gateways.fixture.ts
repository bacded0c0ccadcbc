import { authnFilter, gateway, meshConfig, policy, provider, virtualService } from '../example-parts.ts'
import { type Rows, reports, silent } from './row.fixture.ts'

const named = (name: string, namespace: string, selector: string, servers: string) =>
  gateway(servers)
    .replace('name: kubeflow-gateway, namespace: kubeflow', `name: ${name}, namespace: ${namespace}`)
    .replace('istio: ingressgateway', selector)
const plain = (hosts = "'*'", number = 80, more = '') =>
  `- {port: {number: ${number}, name: http-${number}, protocol: HTTP}, hosts: [${hosts}]${more}}`
const secure = (hosts = "'*'", secret = 'door-certs', mode = 'SIMPLE') =>
  `- {port: {number: 443, name: https, protocol: HTTPS}, hosts: [${hosts}], tls: {mode: ${mode}, credentialName: ${secret}}}`
const local = (selector = 'istio: ingressgateway') =>
  named('knative-local-gateway', 'knative-serving', selector, plain("'*'", 8081))
const inner = `apiVersion: apps/v1
kind: Deployment
metadata: {name: cluster-local-gateway, namespace: istio-system}
spec:
  template:
    metadata: {labels: {app: cluster-local-gateway, istio: cluster-local-gateway}}
    spec: {serviceAccountName: cluster-local-gateway, containers: [{name: istio-proxy, image: auto}]}`
const signIn = (operation: string) =>
  policy(
    'istio-system',
    `selector: {matchLabels: {app: istio-ingressgateway}}\naction: CUSTOM\nprovider: {name: oauth2-proxy}\nrules: [{to: [{operation: {${operation}}}]}]`,
    'sign-in',
  )
const noSignIn = signIn("paths: ['/x']").replace('app: istio-ingressgateway', 'app: other')
const filter = authnFilter('envoy.filters.network.http_connection_manager', 'envoy.filters.http.router')

const entry = (spec: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: istio-system}
spec: ${spec}`
const providers = (...lines: readonly string[]) => meshConfig(`extensionProviders:\n${lines.join('\n')}`)
const asks = (
  name: string,
  more = 'selector: {matchLabels: {app: istio-ingressgateway}}',
  namespace = 'istio-system',
  own = 'second',
) => policy(namespace, `${more}\naction: CUSTOM\nprovider: {name: ${name}}\nrules: [{}]`, own)
const two = providers(provider('oauth2-proxy'), provider('other'))

const exported = (to: string) =>
  virtualService('model', "'*'", '/serving/').replace('spec:\n', `spec:\n  exportTo: [${to}]\n`)

const perRoute = (name: string) => `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: open-model, namespace: istio-system}
spec:
  workloadSelector: {labels: {istio: ingressgateway}}
  configPatches:
  - applyTo: HTTP_ROUTE
    match: {context: GATEWAY, routeConfiguration: {vhost: {route: {name: model}}}}
    patch:
      operation: MERGE
      value:
        typed_per_filter_config:
          ${name}:
            '@type': type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
            disabled: true`

const secret = (namespace: string, name = 'door-certs') => `apiVersion: v1
kind: Secret
metadata: {name: ${name}, namespace: ${namespace}}`
const certificate = (namespace: string) => `apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: door, namespace: ${namespace}}
spec: {secretName: door-certs, dnsNames: [kubeflow.example.com], issuerRef: {name: ca, kind: ClusterIssuer}}`
const someSecret = secret('auth', 'something-else')

const day = 86_400
const now = Date.UTC(2026, 6, 1) / 1000
const good = {
  subject: 'CN=door',
  names: ['kubeflow.example.com', '*.models.example.com'],
  notBefore: now - day,
  notAfter: now + 90 * day,
  chain: 2,
  selfIssued: false,
}
const served = (hosts: string, mode?: string) => gateway(secure(hosts, 'door-certs', mode))
const having = (facts: Partial<typeof good> | string) => ({
  certificates: { 'istio-system/door-certs': typeof facts === 'string' ? facts : { ...good, ...facts } },
})

const service = (spec: string, name = 'direct') => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: kubeflow}
spec: ${spec}`
const toDashboard = 'selector: {app: dashboard}, ports: [{name: http, port: 80, targetPort: 8082}]'

export const gatewayRows: Rows = {
  KFD0204: [
    reports(
      'a local Gateway that selects by another label of the same pods',
      local('app: istio-ingressgateway'),
    ),
    reports('an EnvoyFilter asks', [noSignIn, filter, local()]),
    reports(
      'two outer Gateways for different hosts',
      named('grafana', 'monitoring', 'istio: ingressgateway', plain('grafana.example.org')),
      {
        says: /grafana/,
      },
    ),
    silent('the EnvoyFilter lies in another namespace than the pods', [
      noSignIn,
      filter.replace('namespace: istio-system', 'namespace: kubeflow'),
      local(),
    ]),
    silent('the EnvoyFilter is for other pods', [
      noSignIn,
      filter.replace('{istio: ingressgateway}', '{istio: other}'),
      local(),
    ]),
    silent('the EnvoyFilter is for a Gateway of the Gateway API', [
      noSignIn,
      filter.replace(
        'workloadSelector: {labels: {istio: ingressgateway}}',
        'targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: other}]',
      ),
      local(),
    ]),
    silent('the EnvoyFilter is for sidecars', [
      noSignIn,
      filter.replaceAll('context: GATEWAY', 'context: SIDECAR_INBOUND'),
      local(),
    ]),
    silent('asked for some hosts only', [signIn('hosts: [kubeflow.example.com]'), local()]),
    silent('asked on the other Gateway’s port only', [signIn("ports: ['8080']"), local()]),
    silent('the local Gateway has pods of its own', [inner, local('istio: cluster-local-gateway')]),
    silent('nobody asks', [noSignIn, local()]),
    silent(
      'one door in two objects, one for each port',
      named('kubeflow-gateway-https', 'kubeflow', 'istio: ingressgateway', secure()),
    ),
  ],
  KFD0205: [
    reports('another spelling', asks('OAuth2-proxy')),
    reports('its Service is in another namespace', [
      providers(
        '- name: oauth2-proxy\n  envoyExtAuthzHttp: {service: oauth2-proxy.auth.svc.cluster.local, port: 80}',
      ),
    ]),
    reports('a tracer is no authorizer', [
      providers(
        '- name: oauth2-proxy\n  zipkin: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80}',
      ),
    ]),
    reports('two providers of one name', providers(provider('oauth2-proxy'), provider('oauth2-proxy'))),
    silent(
      'over gRPC',
      providers(
        '- name: oauth2-proxy\n  envoyExtAuthzGrpc: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80}',
      ),
    ),
    silent('a ServiceEntry is a service too', [
      providers('- name: oauth2-proxy\n  envoyExtAuthzHttp: {service: auth.example.com, port: 443}'),
      entry(
        '{hosts: [auth.example.com], ports: [{number: 443, name: https, protocol: HTTPS}], resolution: DNS, location: MESH_EXTERNAL}',
      ),
    ]),
    silent(
      'named with its namespace',
      providers(
        '- name: oauth2-proxy\n  envoyExtAuthzHttp: {service: oauth2-proxy/oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80}',
      ),
    ),
    silent(
      'a provider nobody names may be broken',
      providers(
        provider('oauth2-proxy'),
        '- name: old\n  envoyExtAuthzHttp: {service: gone.old.svc.cluster.local, port: 80}',
      ),
    ),
  ],
  KFD0206: [
    reports('one for the gateway, one for the whole mesh', [two, asks('other', '')]),
    reports('two selectors that meet in the same pods', [
      two,
      asks('other', 'selector: {matchLabels: {istio: ingressgateway}}'),
    ]),
    reports('a sidecar', [
      two,
      asks('other', '', 'kubeflow', 'one'),
      asks('oauth2-proxy', 'selector: {matchLabels: {app: dashboard}}', 'kubeflow'),
    ]),
    silent('two policies of one provider', [two, asks('oauth2-proxy')]),
    silent('each workload has one', [
      two,
      asks('other', 'selector: {matchLabels: {app: dashboard}}', 'kubeflow'),
    ]),
    silent('the other one lies where the pods are not', [
      two,
      asks('other', 'selector: {matchLabels: {app: istio-ingressgateway}}', 'kubeflow'),
    ]),
    silent('the other one selects pods that are not there', [
      two,
      asks('other', 'selector: {matchLabels: {app: else}}'),
    ]),
  ],
  KFD0212: [
    reports('a wildcard is wider too', [
      virtualService('dashboard', "'*.example.com'", '/'),
      virtualService('model', 'kubeflow.example.com', '/serving/'),
    ]),
    reports('two Gateways of one port on one set of pods are one table', [
      named('knative-ingress-gateway', 'knative-serving', 'istio: ingressgateway', plain()),
      virtualService('model', 'kubeflow.example.com', '/serving/', 'knative-serving/knative-ingress-gateway'),
    ]),
    silent('two Gateways on different ports', [
      named('knative-ingress-gateway', 'knative-serving', 'istio: ingressgateway', plain("'*'", 8081)),
      virtualService('model', 'kubeflow.example.com', '/serving/', 'knative-serving/knative-ingress-gateway'),
    ]),
    silent('a Gateway with pods of its own', [
      inner,
      named('inner', 'kubeflow', 'istio: cluster-local-gateway', plain()),
      virtualService('model', 'kubeflow.example.com', '/serving/', 'inner'),
    ]),
    silent('a Gateway that takes that host alone, so that what stands under `*` is of that host too', [
      gateway(plain('kubeflow.example.com')),
      virtualService('model', 'kubeflow.example.com', '/serving/'),
    ]),
    reports('a Gateway that takes that host on one port, and all on another', [
      gateway(`${plain('kubeflow.example.com')}\n${plain("'*'", 8081)}`),
      virtualService('model', 'kubeflow.example.com', '/serving/'),
    ]),
    silent('a host that is somebody else’s whole', virtualService('grafana', 'grafana.example.com', '/')),
    silent('another object takes the rest of that host', [
      virtualService('model', 'kubeflow.example.com', '/serving/'),
      virtualService('dashboard-too', 'kubeflow.example.com', '/'),
    ]),
    silent('inside the mesh only', virtualService('model', 'kubeflow.example.com', '/serving/', 'mesh')),
    silent(
      'a name inside the cluster',
      virtualService('model', 'model.kubeflow.svc.cluster.local', '/serving/'),
    ),
    reports(
      'on one of two hosts',
      virtualService('model', "'*.example.org', kubeflow.example.com", '/serving/'),
    ),
  ],
  KFD0213: [
    reports(
      'the Gateway is in another namespace',
      virtualService('model', "'*'", '/serving/').replace('namespace: kubeflow', 'namespace: team-a'),
    ),
    silent(
      'named with its namespace',
      virtualService('model', "'*'", '/serving/', 'kubeflow/kubeflow-gateway').replace(
        'namespace: kubeflow',
        'namespace: team-a',
      ),
    ),
    reports('the Gateway takes other hosts', [
      gateway(plain('kubeflow.example.com')),
      virtualService('model', 'models.example.com', '/serving/'),
    ]),
    silent('one of its hosts is taken', [
      gateway(plain("'*.example.com'")),
      virtualService('model', 'models.example.com, models.example.org', '/serving/'),
    ]),
    reports('the Gateway takes hosts of its own namespace only', [
      gateway(plain("'./*'")),
      virtualService('model', "'*'", '/serving/', 'kubeflow/kubeflow-gateway').replace(
        'namespace: kubeflow}',
        'namespace: team-a}',
      ),
    ]),
    silent('its own namespace', [gateway(plain("'./*'")), virtualService('model', "'*'", '/serving/')]),
    reports('exported to its own namespace, where no gateway pod is', exported("'.'")),
    silent('exported to the namespace of the pods', exported('istio-system')),
    silent('exported to all', exported("'*'")),
    silent('exported to an empty list, which is none', exported('')),
    reports('exported to nobody', exported("'~'"), { says: /is exported to ~,/ }),
    reports('kept at home by the mesh’s default', [
      meshConfig("rootNamespace: istio-system\ndefaultVirtualServiceExportTo: ['.']"),
      virtualService('model', "'*'", '/serving/'),
    ]),
    silent('its own word before the mesh’s default', [
      meshConfig("rootNamespace: istio-system\ndefaultVirtualServiceExportTo: ['.']"),
      exported("'*'"),
      ...['dashboard', 'oauth2-proxy'].map((name) => exported("'*'").replace('name: model', `name: ${name}`)),
    ]),
    silent(
      'a Gateway by the old name of a Service',
      virtualService('model', "'*'", '/serving/', 'kubeflow-gateway.kubeflow.svc.cluster.local').replace(
        'namespace: kubeflow',
        'namespace: team-a',
      ),
    ),
    silent('a Gateway’s host of every namespace', [
      gateway(plain("'*/models.example.com'")),
      virtualService('model', 'models.example.com', '/serving/'),
    ]),
    reports('the Gateway selects no pod, where others do', [
      named('models', 'kubeflow', 'istio: ingresgateway', plain('models.example.com')),
      virtualService('model', 'models.example.com', '/serving/', 'models'),
    ]),
    silent(
      'inside the mesh',
      virtualService('model', 'model.kubeflow.svc.cluster.local', '/serving/', 'mesh'),
    ),
  ],
  KFD0216: [
    reports(
      'the old name of the manager',
      filter.replace('envoy.filters.network.http_connection_manager', 'envoy.http_connection_manager'),
    ),
    reports(
      'the old name of the router',
      filter.replace('{name: envoy.filters.http.router}', '{name: envoy.router}'),
    ),
    reports(
      'a name Envoy never had',
      filter.replace('network.http_connection_manager', 'network.http_conection_manager'),
    ),
    reports('a switch for a filter that is called otherwise', perRoute('envoy.filters.http.extauthz')),
    reports('a switch by the old name', perRoute('envoy.ext_authz')),
    silent('a switch for the filter of the CUSTOM policy', perRoute('envoy.filters.http.ext_authz')),
    silent('a switch for a filter that another patch puts in under that name', [
      filter.replace('name: envoy.filters.http.ext_authz', 'name: dex-authn'),
      perRoute('dex-authn'),
    ]),
    silent(
      'old names in an old Istio',
      filter.replace('envoy.filters.network.http_connection_manager', 'envoy.http_connection_manager'),
      { istioVersion: '1.16.0' },
    ),
    silent('names of today', filter),
  ],
  KFD0220: [
    reports('beside the Gateway object instead of its pods', [gateway(secure()), secret('kubeflow')], {
      says: /in namespace `kubeflow`/,
    }),
    silent('beside the pods', [gateway(secure()), secret('istio-system')]),
    silent('cert-manager writes it beside the pods', [
      gateway(secure()),
      certificate('istio-system'),
      someSecret,
    ]),
    reports('cert-manager writes it elsewhere', [gateway(secure()), certificate('kubeflow'), someSecret], {
      says: /`kubeflow`/,
    }),
    silent('a sealed one', [
      gateway(secure()),
      someSecret,
      'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: door-certs, namespace: istio-system}\nspec: {encryptedData: {}}',
    ]),
    silent('from a vault', [
      gateway(secure()),
      someSecret,
      'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: tls, namespace: istio-system}\nspec: {target: {name: door-certs}}',
    ]),
    silent('passed through: the pod behind has it', [
      gateway(
        '- {port: {number: 443, name: tls, protocol: TLS}, hosts: ["*"], tls: {mode: PASSTHROUGH, credentialName: door-certs}}',
      ),
      someSecret,
    ]),
    silent('no Secret at all is in the YAML', gateway(secure())),
    reports('for mutual TLS', [gateway(secure("'*'", 'door-certs', 'MUTUAL')), someSecret]),
  ],
  KFD0221: [
    silent('the name people use', served('kubeflow.example.com'), having({})),
    silent('a star for one label', served('iris.models.example.com'), having({})),
    reports('a star for two labels', served('iris.team-a.models.example.com'), having({})),
    reports('another name', served('door.example.com'), having({})),
    silent('a Gateway for every host says no name', served("'*'"), having({})),
    silent('a host with its namespace', served("'./kubeflow.example.com'"), having({})),
    reports('ended yesterday', served("'*'"), having({ notAfter: now - 1 })),
    reports('ends in a week', served("'*'"), having({ notAfter: now + 7 * day })),
    reports('begins tomorrow', served("'*'"), having({ notBefore: now + day })),
    reports('no subjectAltName', served("'*'"), having({ names: [] })),
    reports('cannot be read', served("'*'"), having('no PEM')),
    reports('comes without the one between', served("'*'"), having({ chain: 1 })),
    silent('a root by itself', served("'*'"), having({ chain: 1, selfIssued: true })),
    silent('large letters in a name', served('Kubeflow.Example.COM'), having({})),
  ],
  KFD0224: [
    reports('a NodePort', service(`{type: NodePort, ${toDashboard}}`)),
    reports('a LoadBalancer', service(`{type: LoadBalancer, ${toDashboard}}`)),
    reports('an address of a node', service(`{externalIPs: [192.0.2.1], ${toDashboard}}`)),
    reports(
      'an Ingress',
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: direct, namespace: kubeflow}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: dashboard, port: {number: 80}}}}]}}]}',
    ),
    reports(
      'a port of the node',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: direct, namespace: kubeflow}\nspec: {containers: [{name: x, image: x, ports: [{containerPort: 8080, hostPort: 8080}]}]}',
    ),
    silent('inside the cluster', service(`{type: ClusterIP, ${toDashboard}}`)),
    silent(
      'an Ingress in front of the gateway',
      'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: door, namespace: istio-system}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: istio-ingressgateway, port: {number: 80}}}}]}}]}',
    ),
    silent(
      'the gateway’s own NodePort',
      'apiVersion: v1\nkind: Service\nmetadata: {name: istio-ingressgateway, namespace: istio-system}\nspec: {type: NodePort, selector: {app: istio-ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080, nodePort: 30080}]}',
    ),
    silent('another name for a place outside', service('{type: ExternalName, externalName: example.com}')),
    silent('the Service Istio makes for a Gateway of the Gateway API, whose pods are not in the YAML', [
      'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: models, namespace: kserve}\nspec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}',
      'apiVersion: v1\nkind: Service\nmetadata: {name: models-istio, namespace: kserve}\nspec: {type: LoadBalancer, selector: {gateway.networking.k8s.io/gateway-name: models}, ports: [{name: http, port: 80}]}',
    ]),
  ],
  KFD0233: [
    reports('one host, two ports', gateway(`${plain()}\n${secure()}`)),
    silent('sent on', gateway(`${plain("'*'", 80, ', tls: {httpsRedirect: true}')}\n${secure()}`)),
    reports(
      'a host a wildcard serves with TLS',
      gateway(`${plain('kubeflow.example.com')}\n${secure("'*.example.com'")}`),
    ),
    reports(
      'plain text for every host, TLS for one',
      gateway(`${plain()}\n${secure('kubeflow.example.com')}`),
    ),
    silent('another host', gateway(`${plain('old.example.org')}\n${secure("'*.example.com'")}`)),
    reports('in two objects on one set of pods', [
      gateway(plain()),
      named('tls', 'kubeflow', 'istio: ingressgateway', secure()),
    ]),
    silent('in two objects, sent on', [
      gateway(plain("'*'", 80, ', tls: {httpsRedirect: true}')),
      named('tls', 'kubeflow', 'istio: ingressgateway', secure()),
    ]),
    silent('Istio’s own Gateway beside it, and nothing is routed there', [
      gateway(`${plain("'*'", 80, ', tls: {httpsRedirect: true}')}\n${secure()}`),
      named('istio-ingressgateway', 'istio-system', 'istio: ingressgateway', plain()),
    ]),
    silent('a Gateway inside, with pods of its own', [
      gateway(secure()),
      inner,
      named('inner', 'kubeflow', 'istio: cluster-local-gateway', plain()),
    ]),
    reports(
      'HTTP/2 without TLS',
      gateway(`${plain().replace('protocol: HTTP', 'protocol: HTTP2')}\n${secure()}`),
    ),
    silent(
      'passed through beside it',
      gateway(
        '- {port: {number: 443, name: tls, protocol: TLS}, hosts: [grafana.example.com], tls: {mode: PASSTHROUGH}}\n' +
          plain('kubeflow.example.com'),
      ),
    ),
  ],
  KFD0252: [
    reports(
      'any host, and those of one namespace',
      gateway(`${secure()}\n${secure("'kubeflow/*'", 'other').replace('name: https', 'name: https-2')}`),
      {
        says: /port 8443 of gateway istio-system\/istio-ingressgateway: `\*` is taken twice/,
      },
    ),
    reports('one name of several, in another Gateway', [
      gateway(secure('kubeflow.example.com, models.example.com')),
      named('models', 'team-a', 'istio: ingressgateway', secure('./models.example.com')),
    ]),
    silent('a name inside a wildcard', [
      gateway(secure("'*.example.com'")),
      named('models', 'team-a', 'istio: ingressgateway', secure('./models.example.com')),
    ]),
    silent('as written before, and istiod leaves the later one out', [
      gateway(secure()),
      named('models', 'team-a', 'istio: ingressgateway', secure()),
    ]),
    silent('a name twice in one server', gateway(secure('models.example.com, ./models.example.com'))),
    silent('pods of its own', [
      gateway(secure()),
      inner,
      named('models', 'team-a', 'istio: cluster-local-gateway', secure("'./*'")),
    ]),
    silent(
      'plain text, where virtual hosts are merged',
      gateway(`${plain()}\n${plain("'kubeflow/*'").replace('http-80', 'http-2')}`),
    ),
  ],
}
