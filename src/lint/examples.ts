import {
  authnFilter,
  custom,
  dex,
  dexRule,
  gateway,
  long,
  machineRule,
  meshConfig,
  model,
  oauth2Proxy,
  oauth2ProxyPod,
  policy,
  provider,
  requireJwt,
  short,
  tokens,
  virtualService,
} from './example-parts.ts'

/**
 * For every rule the smallest YAML it speaks of, and the same put right. Tests run them both ways,
 * and docs/findings.md shows them.
 */
export interface Example {
  readonly code: string
  readonly bad: string
  readonly good: string
  /** Objects around both that the page does not show. */
  readonly around?: string
  /** The line of `bad` (from 1) the first finding leads to. */
  readonly line?: number
  /** Read as this Istio. */
  readonly istioVersion?: string
}

export const examples: readonly Example[] = [
  {
    code: 'KFD0200',
    bad: policy('kubeflow', "rules: [{to: [{operation: {path: ['/admin']}}]}]"),
    good: policy('kubeflow', "rules: [{to: [{operation: {paths: ['/admin']}}]}]"),
  },
  {
    code: 'KFD0201',
    around: model,
    bad: policy(
      'kubeflow',
      `selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}
rules: [{from: [{source: {requestPrincipals: ['*']}}]}]`,
    ),
    good: policy(
      'kubeflow',
      `selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}
rules: [{from: [{source: {principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]}]`,
    ),
    line: 6,
  },
  {
    code: 'KFD0202',
    bad: `${custom(", '/serving/*'")}\n---\n${requireJwt('')}`,
    good: `${custom('')}\n---\n${requireJwt('')}`,
    line: 9,
  },
  {
    code: 'KFD0203',
    bad: `${custom(", '/kfserving/*'")}\n---\n${requireJwt(", '/kfserving/*'")}`,
    good: `${custom(", '/kfserving/*'")}\n---\n${requireJwt('')}`,
    line: 20,
  },
  {
    code: 'KFD0204',
    bad: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: knative-local-gateway, namespace: knative-serving}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 8081, name: http, protocol: HTTP}, hosts: ['*']}]`,
    good: `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: knative-local-gateway, namespace: knative-serving}
spec:
  selector: {istio: cluster-local-gateway}
  servers: [{port: {number: 8081, name: http, protocol: HTTP}, hosts: ['*']}]`,
  },
  {
    code: 'KFD0205',
    bad: policy(
      'istio-system',
      `selector: {matchLabels: {app: istio-ingressgateway}}
action: CUSTOM
provider: {name: dex-auth-provider}
rules: [{}]`,
      'sign-in',
    ),
    good: policy(
      'istio-system',
      `selector: {matchLabels: {app: istio-ingressgateway}}
action: CUSTOM
provider: {name: oauth2-proxy}
rules: [{}]`,
      'sign-in',
    ),
    line: 7,
  },
  {
    code: 'KFD0206',
    around: meshConfig(`extensionProviders:\n${provider('oauth2-proxy')}\n${provider('other')}`),
    bad: policy('istio-system', 'action: CUSTOM\nprovider: {name: other}\nrules: [{}]'),
    good: policy('istio-system', 'action: CUSTOM\nprovider: {name: oauth2-proxy}\nrules: [{}]'),
    line: 6,
  },
  {
    code: 'KFD0207',
    bad: tokens(`${dexRule}\n${machineRule(long)}`),
    good: tokens(`${dexRule}\n${machineRule(long)}\n${machineRule(short)}`),
    line: 8,
  },
  {
    code: 'KFD0208',
    bad: tokens(dexRule),
    good: tokens(`${dexRule}\n${machineRule(long)}\n${machineRule(short)}`),
  },
  {
    code: 'KFD0209',
    bad: tokens(
      `${dexRule}\n- {issuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/CLUSTER_ID', audiences: [door]}`,
    ),
    good: tokens(
      `${dexRule}\n- {issuer: 'https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF', audiences: [door]}`,
    ),
    line: 8,
  },
  {
    code: 'KFD0210',
    bad: tokens(`${dexRule}\n${machineRule(long, '')}\n${machineRule(short)}`),
    good: tokens(`${dexRule}\n${machineRule(long)}\n${machineRule(short)}`),
    line: 8,
  },
  {
    code: 'KFD0211',
    bad: policy(
      'kubeflow',
      `rules:\n- when: [{key: 'request.headers[kubeflow-userid]', values: [user@example.com]}]`,
    ),
    good: policy(
      'kubeflow',
      `rules:
- from: [{source: {principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]
  when: [{key: 'request.headers[kubeflow-userid]', values: [user@example.com]}]`,
    ),
    line: 6,
  },
  {
    code: 'KFD0212',
    bad: virtualService('model', 'kubeflow.example.com', '/serving/'),
    good: virtualService('model', "'*'", '/serving/'),
    line: 6,
  },
  {
    code: 'KFD0213',
    bad: virtualService('model', "'*'", '/serving/', 'kubeflow-gatewy'),
    good: virtualService('model', "'*'", '/serving/'),
    line: 5,
  },
  {
    code: 'KFD0214',
    bad: custom(", '/dex/**'"),
    good: custom(''),
    line: 9,
  },
  {
    code: 'KFD0215',
    bad: policy('kubeflow', "rules: [{to: [{operation: {paths: ['/v1*']}}]}]"),
    good: policy('kubeflow', "rules: [{to: [{operation: {paths: ['/v1/*']}}]}]"),
    line: 5,
  },
  {
    code: 'KFD0216',
    bad: authnFilter('envoy.http_connection_manager', 'envoy.router'),
    good: authnFilter('envoy.filters.network.http_connection_manager', 'envoy.filters.http.router'),
    istioVersion: '1.28.0',
  },
  {
    code: 'KFD0217',
    bad: policy('kubeflow', 'action: DENY\nrules: [{to: [{operation: {methods: [delete]}}]}]'),
    good: policy('kubeflow', 'action: DENY\nrules: [{to: [{operation: {methods: [DELETE]}}]}]'),
    line: 6,
  },
  {
    code: 'KFD0218',
    bad: policy(
      'kubeflow',
      `rules:
- from: [{source: {namespaces: [team-a]}}]
- to: [{operation: {paths: [/models/*]}}]`,
    ),
    good: policy(
      'kubeflow',
      `rules:
- from: [{source: {namespaces: [team-a]}}]
  to: [{operation: {paths: [/models/*]}}]`,
    ),
    line: 6,
  },
  {
    code: 'KFD0219',
    around: model,
    bad: policy(
      'kubeflow',
      'selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}\nrules: [{}]',
    ),
    good: policy(
      'kubeflow',
      `selector: {matchLabels: {serving.kserve.io/inferenceservice: iris}}
rules: [{from: [{source: {namespaces: [istio-system]}}]}]`,
    ),
    line: 6,
  },
  {
    code: 'KFD0220',
    bad: `${gateway("- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}")}
---
apiVersion: v1
kind: Secret
metadata: {name: door-certs, namespace: kubeflow}`,
    good: `${gateway("- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}")}
---
apiVersion: v1
kind: Secret
metadata: {name: door-certs, namespace: istio-system}`,
    line: 7,
  },
  {
    code: 'KFD0224',
    bad: `apiVersion: v1
kind: Service
metadata: {name: dashboard-direct, namespace: kubeflow}
spec: {type: NodePort, selector: {app: dashboard}, ports: [{name: http, port: 80, targetPort: 8082, nodePort: 30080}]}`,
    good: `apiVersion: v1
kind: Service
metadata: {name: dashboard-direct, namespace: kubeflow}
spec: {type: ClusterIP, selector: {app: dashboard}, ports: [{name: http, port: 80, targetPort: 8082}]}`,
  },
  {
    code: 'KFD0225',
    bad: `apiVersion: v1
kind: Secret
metadata: {name: oauth2-proxy, namespace: oauth2-proxy}
stringData: {cookie-secret: 7d16fee92f8d11b8940b081b3f8b8acb}`,
    good: `apiVersion: v1
kind: Secret
metadata: {name: oauth2-proxy, namespace: oauth2-proxy}
stringData: {cookie-secret: from-openssl-rand-of-your-own-00}`,
  },
  {
    code: 'KFD0226',
    bad: `apiVersion: v1
kind: Pod
metadata: {name: ml-pipeline, namespace: kubeflow}
spec: {containers: [{name: ml-pipeline-api-server, image: api-server, env: [{name: MULTIUSER, value: 'false'}]}]}`,
    good: `apiVersion: v1
kind: Pod
metadata: {name: ml-pipeline, namespace: kubeflow}
spec: {containers: [{name: ml-pipeline-api-server, image: api-server, env: [{name: MULTIUSER, value: 'true'}]}]}`,
  },
  {
    code: 'KFD0227',
    bad: policy('kubeflow', 'rules: [{from: [{source: {namespaces: [ci]}}]}]').replace(
      'namespace: kubeflow}',
      "namespace: kubeflow, annotations: {kfdoor.dev/until: '2026-01-31'}}",
    ),
    good: policy('kubeflow', 'rules: [{from: [{source: {namespaces: [ci]}}]}]').replace(
      'namespace: kubeflow}',
      "namespace: kubeflow, annotations: {kfdoor.dev/until: '2999-01-31'}}",
    ),
  },
  {
    code: 'KFD0228',
    bad: `${custom('')}
---
${policy('istio-system', "selector: {matchLabels: {app: istio-ingressgateway}}\naction: DENY\nrules: [{to: [{operation: {paths: ['/admin/*']}}]}]", 'require-jwt')}
---
${meshConfig(`extensionProviders:\n${provider('oauth2-proxy')}`)}`.replace(
      'app: istio-ingressgateway',
      'app: ingressgateway',
    ),
    good: custom(''),
  },
  {
    code: 'KFD0229',
    bad: policy(
      'istio-system',
      'selector: {matchLabels: {app: ingress}}\naction: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]',
    ),
    good: policy(
      'istio-system',
      'selector: {matchLabels: {app: istio-ingressgateway}}\naction: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]',
    ),
  },
  {
    code: 'KFD0230',
    bad: policy(
      'kubeflow',
      'rules: [{from: [{source: {principals: [example.org/ns/kubeflow/sa/dashboard]}}]}]',
    ),
    good: policy(
      'kubeflow',
      'rules: [{from: [{source: {principals: [cluster.local/ns/kubeflow/sa/dashboard]}}]}]',
    ),
    line: 5,
  },
  {
    code: 'KFD0232',
    around: `apiVersion: kubeflow.org/v1
kind: Profile
metadata: {name: team-a}
spec: {owner: {kind: User, name: owner@example.com}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ann, namespace: team-a, annotations: {role: edit, user: Ann@example.com}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubeflow-edit}
subjects: [{kind: User, name: Ann@example.com}]`,
    bad: policy(
      'team-a',
      `rules:
- from: [{source: {principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]
  when: [{key: 'request.headers[kubeflow-userid]', values: [ann@example.com]}]`,
    ),
    good: policy(
      'team-a',
      `rules:
- from: [{source: {principals: [cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]
  when: [{key: 'request.headers[kubeflow-userid]', values: [Ann@example.com]}]`,
    ),
  },
  {
    code: 'KFD0233',
    around: `apiVersion: v1
kind: Secret
metadata: {name: door-certs, namespace: istio-system}`,
    bad: gateway(`- {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}
- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}`),
    good: gateway(`- {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}
- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}`),
    line: 7,
  },
  {
    code: 'KFD0237',
    bad: meshConfig(`extensionProviders:\n${provider('oauth2-proxy', ', failOpen: true')}`),
    good: meshConfig(`extensionProviders:\n${provider('oauth2-proxy')}`),
  },
  {
    code: 'KFD0238',
    bad: policy('kubeflow', "action: DENY\nrules: [{to: [{operation: {paths: ['/admin/*']}}]}]"),
    good: `${meshConfig(`extensionProviders:\n${provider('oauth2-proxy')}\npathNormalization: {normalization: MERGE_SLASHES}`)}
---
${policy('kubeflow', "action: DENY\nrules: [{to: [{operation: {paths: ['/admin/*']}}]}]")}`,
    line: 6,
  },
  {
    code: 'KFD0240',
    bad: `apiVersion: v1
kind: Pod
metadata: {name: iris, namespace: models, labels: {app: iris}}
spec: {containers: [{name: model, image: model}]}
---
${policy('models', 'selector: {matchLabels: {app: iris}}\nrules: [{from: [{source: {namespaces: [kubeflow]}}]}]')}`,
    good: `apiVersion: v1
kind: Pod
metadata: {name: iris, namespace: models, labels: {app: iris, sidecar.istio.io/inject: 'true'}}
spec: {containers: [{name: model, image: model}]}
---
${policy('models', 'selector: {matchLabels: {app: iris}}\nrules: [{from: [{source: {namespaces: [kubeflow]}}]}]')}`,
    line: 6,
  },
  {
    code: 'KFD0242',
    bad: policy(
      'kubeflow',
      'targetRefs: [{group: networking.istio.io, kind: Gateway, name: kubeflow-gateway}]\naction: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]',
    ),
    good: policy(
      'istio-system',
      'selector: {matchLabels: {istio: ingressgateway}}\naction: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]',
    ),
    line: 5,
  },
  {
    code: 'KFD0243',
    around: oauth2ProxyPod,
    bad: `${dex('http://dex.auth.svc.cluster.local:5556/dex')}
---
${oauth2Proxy('oidc_issuer_url = "http://dex.auth.svc.cluster.local:5556/dex/"\nredirect_url = "/oauth2/callback"\ncookie_expire = "24h"\ncookie_secure = "false"')}`,
    good: `${dex('http://dex.auth.svc.cluster.local:5556/dex')}
---
${oauth2Proxy('oidc_issuer_url = "http://dex.auth.svc.cluster.local:5556/dex"\nredirect_url = "/oauth2/callback"\ncookie_expire = "24h"\ncookie_secure = "false"')}`,
  },
  {
    code: 'KFD0244',
    around: `${oauth2ProxyPod}\n---\n${dex('http://dex.auth.svc.cluster.local:5556/dex')}`,
    bad: oauth2Proxy('cookie_expire = "168h"\ncookie_secure = "false"'),
    good: oauth2Proxy('cookie_expire = "24h"\ncookie_secure = "false"'),
  },
  {
    code: 'KFD0246',
    around: oauth2ProxyPod,
    bad: oauth2Proxy('cookie_secure = true'),
    good: oauth2Proxy('cookie_secure = false'),
  },
  {
    code: 'KFD0248',
    bad: policy('kubeflow', 'action: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]').replace(
      'namespace: kubeflow}',
      "namespace: kubeflow, annotations: {istio.io/dry-run: 'true'}}",
    ),
    good: policy('kubeflow', 'action: DENY\nrules: [{to: [{operation: {methods: [TRACE]}}]}]'),
  },
  {
    code: 'KFD0251',
    around: `apiVersion: v1
kind: Service
metadata: {name: dashboard, namespace: kubeflow}
spec: {selector: {app: dashboard}, ports: [{name: tcp-data, port: 9000, targetPort: 9000}]}`,
    bad: policy(
      'kubeflow',
      "selector: {matchLabels: {app: dashboard}}\naction: DENY\nrules: [{to: [{operation: {paths: ['/admin']}}]}]",
    ),
    good: policy(
      'kubeflow',
      "selector: {matchLabels: {app: dashboard}}\naction: DENY\nrules: [{to: [{operation: {paths: ['/admin'], ports: ['8082']}}]}]",
    ),
    line: 7,
  },
  {
    code: 'KFD0252',
    bad: gateway(`
- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}
- {port: {number: 443, name: https-models, protocol: HTTPS}, hosts: ['kubeflow/*'], tls: {mode: SIMPLE, credentialName: door-certs}}`),
    good: gateway(`
- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: door-certs}}
- {port: {number: 443, name: https-models, protocol: HTTPS}, hosts: ['kubeflow/*.models.example.com'], tls: {mode: SIMPLE, credentialName: door-certs}}`),
    line: 7,
  },
  {
    code: 'KFD0298',
    bad: `# kfdoor:ignore KFD0214 upstream writes it\n${policy('kubeflow', "rules: [{to: [{operation: {paths: ['/dex/*']}}]}]")}`,
    good: policy('kubeflow', "rules: [{to: [{operation: {paths: ['/dex/*']}}]}]"),
    line: 1,
  },
]
