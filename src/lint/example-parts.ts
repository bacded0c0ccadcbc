/** Pieces of YAML that the rules' examples and near misses are made of. */

/** A gateway that people outside reach, a dashboard behind it, and oauth2-proxy that asks for sign-in. */
export const door = `
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    rootNamespace: istio-system
    extensionProviders:
    - name: oauth2-proxy
      envoyExtAuthzHttp: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  template:
    metadata: {labels: {app: istio-ingressgateway, istio: ingressgateway}}
    spec: {serviceAccountName: istio-ingressgateway-service-account, containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]}
---
apiVersion: v1
kind: Service
metadata: {name: oauth2-proxy, namespace: oauth2-proxy}
spec: {selector: {app: oauth2-proxy}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: kubeflow, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: dashboard, namespace: kubeflow}
spec: {selector: {app: dashboard}, ports: [{name: http, port: 80, targetPort: 8082}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dashboard, namespace: kubeflow}
spec:
  template:
    metadata: {labels: {app: dashboard}}
    spec: {serviceAccountName: dashboard, containers: [{name: dashboard, image: dashboard}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: dashboard, namespace: kubeflow}
spec:
  gateways: [kubeflow-gateway]
  hosts: ['*']
  http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: dashboard.kubeflow.svc.cluster.local, port: {number: 80}}}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: oauth2-proxy, namespace: kubeflow}
spec:
  gateways: [kubeflow-gateway]
  hosts: ['*']
  http: [{match: [{uri: {prefix: /oauth2/}}], route: [{destination: {host: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: {number: 80}}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: sign-in, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  action: CUSTOM
  provider: {name: oauth2-proxy}
  rules: [{when: [{key: 'request.headers[authorization]', notValues: ['*']}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: require-jwt, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  action: DENY
  rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules:
  - {issuer: 'http://dex.auth.svc.cluster.local:5556/dex'}
  - {issuer: 'https://kubernetes.default.svc', jwksUri: 'https://kubernetes.default.svc/openid/v1/jwks', audiences: [door]}
  - {issuer: 'https://kubernetes.default.svc.cluster.local', jwksUri: 'https://kubernetes.default.svc/openid/v1/jwks', audiences: [door]}
`.trim()

export const policy = (namespace: string, spec: string, name = 'policy') => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec:
${spec.trim().replace(/^/gm, '  ')}`

export const custom = (exempt: string) =>
  policy(
    'istio-system',
    `selector: {matchLabels: {app: istio-ingressgateway}}
action: CUSTOM
provider: {name: oauth2-proxy}
rules:
- to: [{operation: {notPaths: ['/oauth2/*'${exempt}]}}]
  when: [{key: 'request.headers[authorization]', notValues: ['*']}]`,
    'sign-in',
  )
export const requireJwt = (exempt: string) =>
  policy(
    'istio-system',
    `selector: {matchLabels: {app: istio-ingressgateway}}
action: DENY
rules:
- from: [{source: {notRequestPrincipals: ['*']}}]
  to: [{operation: {notPaths: ['/oauth2/*'${exempt}]}}]`,
    'require-jwt',
  )

export const model = `apiVersion: v1
kind: Pod
metadata: {name: iris-predictor, namespace: kubeflow, labels: {serving.kserve.io/inferenceservice: iris}}
spec: {serviceAccountName: default, containers: [{name: kserve-container, image: model}]}`

export const tokens = (rules: string) => `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules:
${rules.trim().replace(/^/gm, '  ')}`

export const dexRule = "- {issuer: 'http://dex.auth.svc.cluster.local:5556/dex'}"
export const machineRule = (issuer: string, more = ', audiences: [door]') =>
  `- {issuer: '${issuer}', jwksUri: 'https://kubernetes.default.svc/openid/v1/jwks'${more}}`
export const [short, long] = [
  'https://kubernetes.default.svc',
  'https://kubernetes.default.svc.cluster.local',
]

export const gateway = (servers: string, more = '') => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec:
  selector: {istio: ingressgateway}
  servers:
${servers.trim().replace(/^/gm, '  ')}${more}`

export const virtualService = (name: string, hosts: string, match: string, gateways = 'kubeflow-gateway') =>
  `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}, namespace: kubeflow}
spec:
  gateways: [${gateways}]
  hosts: [${hosts}]
  http: [{match: [{uri: {prefix: ${match}}}], route: [{destination: {host: dashboard.kubeflow.svc.cluster.local}}]}]`

export const meshConfig = (text: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
${text.trim().replace(/^/gm, '    ')}`

export const provider = (name: string, more = '') => `- name: ${name}
  envoyExtAuthzHttp: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80${more}}`

export const authnFilter = (manager: string, router: string) => `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: authn-filter, namespace: istio-system}
spec:
  workloadSelector: {labels: {istio: ingressgateway}}
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: GATEWAY
      listener: {filterChain: {filter: {name: ${manager}, subFilter: {name: ${router}}}}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.ext_authz
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
          http_service:
            server_uri: {uri: 'http://oauth2-proxy.oauth2-proxy.svc.cluster.local', cluster: outbound|80||oauth2-proxy.oauth2-proxy.svc.cluster.local, timeout: 10s}`

export const dex = (issuer: string, more = '') => `apiVersion: v1
kind: ConfigMap
metadata: {name: dex, namespace: auth}
data:
  config.yaml: |
    issuer: ${issuer}
    staticClients: [{id: door, redirectURIs: ["/oauth2/callback"]}]
${more}`

export const oauth2Proxy = (config: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: oauth2-proxy, namespace: oauth2-proxy}
data:
  oauth2_proxy.cfg: |
${config.trim().replace(/^/gm, '    ')}`

export const oauth2ProxyPod = `apiVersion: v1
kind: Pod
metadata: {name: oauth2-proxy, namespace: oauth2-proxy, labels: {app: oauth2-proxy}}
spec: {containers: [{name: oauth2-proxy, image: quay.io/oauth2-proxy/oauth2-proxy:v7.15.2}]}`
