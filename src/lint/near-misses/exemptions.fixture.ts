import { custom, policy, requireJwt, virtualService } from '../example-parts.ts'
import { type Rows, reports, silent } from './row.fixture.ts'

const refuse = (paths: string) =>
  policy(
    'istio-system',
    `selector: {matchLabels: {app: istio-ingressgateway}}\naction: DENY\nrules: [{to: [{operation: {paths: [${paths}]}}]}]`,
    'closed',
  )
/** The dashboard takes a part of the paths only. */
const app = virtualService('dashboard', "'*'", '/app/')
const own = policy(
  'kubeflow',
  'selector: {matchLabels: {app: dashboard}}\nrules: [{from: [{source: {principals: [cluster.local/ns/kubeflow/sa/nobody]}}]}]',
  'own',
)
const inner = `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: ClusterIP, selector: {istio: nothing}, ports: [{name: http2, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: inner, namespace: istio-system}
spec: {type: ClusterIP, selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}`

/** Asks everybody, whatever the headers. */
const asksAll = custom('').replace(/\n *when:.*/, '')
/** Nothing of the door asks any more. */
const openDoor = `${custom('').replace('app: istio-ingressgateway', 'app: other')}\n---\n${requireJwt('').replace('app: istio-ingressgateway', 'app: other')}`

const httpRoute = (path: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio}
spec: {controllerName: istio.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: models, namespace: kserve}
spec:
  gatewayClassName: istio
  listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: v1
kind: Service
metadata: {name: models-istio, namespace: kserve}
spec: {type: LoadBalancer, selector: {gateway.networking.k8s.io/gateway-name: models}, ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: iris, namespace: kubeflow}
spec:
  parentRefs: [{name: models, namespace: kserve}]
  hostnames: [iris.example.com]
  rules:
  - matches: [{path: {type: PathPrefix, value: ${path}}}]
    backendRefs: [{name: dashboard, port: 80}]`
const onGatewayApi = (spec: string, name: string) =>
  policy(
    'kserve',
    `targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: models}]\n${spec}`,
    name,
  )

export const exemptionRows: Rows = {
  KFD0202: [
    reports('left out of the DENY only', [asksAll, requireJwt(", '/serving/*'")], {
      says: /still sent to sign in/,
    }),
    reports('left out of the CUSTOM only', [custom(", '/serving/*'"), requireJwt('')], { says: /403/ }),
    reports('the two policies select the pods by other labels', [
      custom(", '/serving/*'").replace('app: istio-ingressgateway', 'istio: ingressgateway'),
      requireJwt(''),
    ]),
    reports('a path of a host of its own', [custom(", '/nowhere/x'"), requireJwt(''), app]),
    silent('one wider pattern covers the other', [
      custom(", '/internal/*'"),
      requireJwt(", '/internal/*', '/internal/a/*'"),
      refuse("'/internal/*'"),
    ]),
    silent('a star at the other end covers it too', [
      custom(", '*/healthz'"),
      requireJwt(", '*/healthz', '/a/healthz'"),
      refuse("'*/healthz'"),
    ]),
    silent('no DENY asks for a token here', [
      custom(", '/serving/*'"),
      policy(
        'istio-system',
        "selector: {matchLabels: {app: istio-ingressgateway}}\naction: DENY\nrules: [{to: [{operation: {paths: ['/admin'], notPaths: ['/x']}}]}]",
        'require-jwt',
      ),
    ]),
    silent('the DENY stands at another gateway', [
      custom(", '/serving/*'"),
      requireJwt('').replace('app: istio-ingressgateway', 'app: other'),
    ]),
  ],
  KFD0203: [
    reports('a prefix in both', [custom(", '/kfserving/*'"), requireJwt(", '/kfserving/*'")]),
    reports('an ending in both', [custom(", '*/v2/health/ready'"), requireJwt(", '*/v2/health/ready'")]),
    reports('a template in both', [custom(", '/models/{*}/infer'"), requireJwt(", '/models/{*}/infer'")]),
    reports('two patterns that meet in one path', [
      custom(", '/serving/*'"),
      requireJwt(", '/serving/team-a/*'"),
    ]),
    reports('the DENY asks for any token in the header, verified or not', [
      custom(", '/serving/*'"),
      policy(
        'istio-system',
        "selector: {matchLabels: {app: istio-ingressgateway}}\naction: DENY\nrules: [{when: [{key: 'request.headers[authorization]', notValues: ['*']}]}]",
        'require-jwt',
      ),
    ]),
    silent('one of the two only', [custom(", '/kfserving/*'"), requireJwt('')]),
    silent('both, and a third policy refuses it', [
      custom(", '/x/*'"),
      requireJwt(", '/x/*'"),
      refuse("'/x/*'"),
    ]),
    silent('the way to the sign-in itself', [custom(''), requireJwt('')]),
    silent('a path that is routed nowhere', [app, custom(", '/nowhere'"), requireJwt(", '/nowhere'")]),
    silent('the sidecar lets nobody in', [own, custom(", '/x/*'"), requireJwt(", '/x/*'")]),
    reports('a Gateway of the Gateway API, as KServe’s RawDeployment has it', [
      httpRoute('/v1/'),
      onGatewayApi(
        "action: DENY\nrules: [{from: [{source: {notRequestPrincipals: ['*']}}], to: [{operation: {notPaths: ['/v1/models/*']}}]}]",
        'jwt',
      ),
    ]),
  ],
  KFD0228: [
    reports('both locks select other pods', openDoor),
    reports('both locks are dry', [
      requireJwt('').replace(
        'namespace: istio-system',
        "namespace: istio-system, annotations: {istio.io/dry-run: 'true'}",
      ),
      custom('').replace('app: istio-ingressgateway', 'app: other'),
    ]),
    reports('the lock is for another host', [
      policy(
        'istio-system',
        'selector: {matchLabels: {app: istio-ingressgateway}}\naction: CUSTOM\nprovider: {name: oauth2-proxy}\nrules: [{to: [{operation: {hosts: [old.example.com]}}]}]',
        'sign-in',
      ),
      requireJwt('').replace('app: istio-ingressgateway', 'app: other'),
    ]),
    reports('an HTTPRoute at a Gateway of the Gateway API without a policy', httpRoute('/')),
    silent('the same, with a policy that asks for a token', [
      httpRoute('/'),
      onGatewayApi("action: DENY\nrules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]", 'jwt'),
    ]),
    silent('the sidecar lets nobody in', [openDoor, own]),
    silent('nobody outside reaches the gateway', [openDoor, inner]),
    silent('an ALLOW at the gateway asks for a token', [
      openDoor,
      policy(
        'istio-system',
        "selector: {matchLabels: {istio: ingressgateway}}\nrules: [{from: [{source: {requestPrincipals: ['*']}}]}]",
      ),
    ]),
    silent('the way to the sign-in is open by nature', [custom(''), requireJwt('')]),
    silent('the provider is not there: everything is refused', [
      asksAll.replace('name: oauth2-proxy}', 'name: gone}'),
      requireJwt('').replace('app: istio-ingressgateway', 'app: other'),
    ]),
  ],
}
