/** The third report's model: in a plain namespace, called from inside. */
export const plainModel = `apiVersion: v1
kind: Service
metadata: {name: sklearn-iris-predictor, namespace: kserve-test}
spec: {selector: {app: iris}, ports: [{name: http, port: 80, targetPort: 8012}]}
---
apiVersion: v1
kind: Pod
metadata: {name: iris, namespace: kserve-test, labels: {app: iris}, annotations: {sidecar.istio.io/inject: "false"}}
spec: {containers: [{name: kserve-container, image: sklearnserver, ports: [{containerPort: 8012}]}]}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: sklearn-iris, namespace: kserve-test}
spec:
  hosts: [sklearn-iris.kserve-test.svc.cluster.local]
  gateways: [knative-serving/knative-local-gateway]
  http: [{route: [{destination: {host: sklearn-iris-predictor.kserve-test.svc.cluster.local, port: {number: 80}}}]}]
`

/** By its Service's name, as KServe makes that: it leads to the local gateway. */
export const calledByName = `apiVersion: v1
kind: Service
metadata: {name: sklearn-iris, namespace: kserve-test}
spec: {type: ExternalName, externalName: knative-local-gateway.istio-system.svc.cluster.local, ports: [{name: http2, port: 80, targetPort: 80}]}
---
`
