/** A gateway of these servers before one application; `ports`: of its Service. */
export function doorWith(
  servers: readonly string[],
  ports = '{name: http, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}',
): string {
  return `apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway, app: istio-ingressgateway}, ports: [${ports}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [${servers.join(', ')}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app, namespace: istio-system}
spec: {hosts: ['*'], gateways: [gateway], http: [{route: [{destination: {host: app.istio-system.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: istio-system}
spec: {selector: {app: app}, ports: [{name: http, port: 80}]}
`
}
