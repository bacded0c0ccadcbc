/** The YAML the reports' authors wrote, as it should have been, for the door of each stage. */

/** Report 1: TLS with the Secret the report made, and a redirect on 80. */
export const gatewayWithOwnSecret = `apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: kubeflow-gateway, namespace: kubeflow}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: ["*"]
    tls: {mode: SIMPLE, credentialName: leeway-certs}
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
    tls: {httpsRedirect: true}
`

/** Report 3: both Gateways on the ingress pods, so in-cluster calls meet the login. */
export const localGatewayOnIngress = `apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: knative-local-gateway, namespace: knative-serving}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 8081, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: v1
kind: Service
metadata: {name: knative-local-gateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports: [{name: http2, port: 80, targetPort: 8081}]
`

/** Report 3, the way out: a CUSTOM policy by path in place of the EnvoyFilter that catches everything. */
export const customPolicyByPath = `apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    rootNamespace: istio-system
    trustDomain: cluster.local
    extensionProviders:
    - name: dex-auth-provider
      envoyExtAuthzHttp:
        service: authservice.istio-system.svc.cluster.local
        port: 8080
        includeRequestHeadersInCheck: [authorization, cookie, x-auth-token]
        headersToUpstreamOnAllow: [kubeflow-userid]
---
apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: dex-auth, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: CUSTOM
  provider: {name: dex-auth-provider}
  rules:
  - to:
    - operation: {notPaths: ["/v1/*"]}
`

/** Report 3's models lie in a plain namespace, without a profile's policies in front of them. */
export const modelWithoutPolicy = `apiVersion: security.istio.io/v1beta1
kind: AuthorizationPolicy
metadata: {name: allow-isvc-sklearn, namespace: kubeflow-user-example-com}
spec:
  selector: {matchLabels: {component: predictor}}
  action: ALLOW
  rules: [{}]
`

/**
 * Report 5: one model at a path of the door. The report leaves the port out, which behind a TLS listener means
 * 443, where the local gateway does not listen.
 */
export const modelAtAPath = `apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: iris-from-outside, namespace: kubeflow-user-example-com}
spec:
  gateways: [kubeflow/kubeflow-gateway]
  hosts: ["*"]
  http:
  - match: [{uri: {prefix: /kfserving/kubeflow-user-example-com/sklearn-iris}}]
    rewrite: {uri: "/v1/models/sklearn-iris:predict"}
    route:
    - destination: {host: knative-local-gateway.istio-system.svc.cluster.local, port: {number: 80}}
      headers: {request: {set: {Host: sklearn-iris.kubeflow-user-example-com.svc.cluster.local}}}
      weight: 100
    timeout: 300s
`

/** `kubectl delete envoyfilter authn-filter`, said in YAML: the same object, patching nothing. */
export const noEnvoyFilter = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: authn-filter, namespace: istio-system}
spec:
  workloadSelector: {labels: {istio: ingressgateway}}
  configPatches: []
`

/** The release as it installs itself: no rule names the cluster's issuer. */
export const noMachineTokens = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: m2m-token-issuer, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istio-ingressgateway}}
  jwtRules: []
`
