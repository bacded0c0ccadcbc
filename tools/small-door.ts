/** The least Istio YAML that is a door, for tests: a gateway in `istio-system` whose every path leads to one Service. */
export const smallDoor = `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: apps}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs, namespace: apps}
spec: {hosts: ["*"], gateways: [gw], http: [{route: [{destination: {host: app.apps.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {ports: [{name: http, port: 80}]}
`

/** The front of a door alone, for tests that bring their own routes: Gateway `istio-system/g`, and its Service. */
export const smallFront = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: g, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http, port: 80, targetPort: 8080}]}
`

/** A Service for them to lead to: `app.apps.svc.cluster.local`. */
export const smallApp = `apiVersion: v1
kind: Service
metadata: {name: app, namespace: apps}
spec: {selector: {app: app}, ports: [{name: http, port: 80}]}
`
