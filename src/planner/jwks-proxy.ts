import { createOf } from './changes.ts'
import type { IntentWorld } from './entrance.ts'
import type { Change, KubeObject } from './plan.ts'
import { findRaw } from './raw-door.ts'

export const PROXY = 'cluster-jwks-proxy'

/** The keys of the API server for the mesh, and nothing else of it: one pod that asks as itself. */
export function proxyObjects({ door }: IntentWorld, namespace: string, image: string): readonly Change[] {
  const labels = { 'app.kubernetes.io/name': PROXY }
  const metadata = { name: PROXY, namespace, labels }
  const probe = { httpGet: { path: '/openid/v1/jwks', port: 'http' }, periodSeconds: 15, timeoutSeconds: 5 }
  const objects: readonly (readonly [KubeObject, string])[] = [
    [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      'whom the proxy asks as; `system:service-account-issuer-discovery` is every account’s',
    ],
    [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
      },
      'where istiod finds the keys',
    ],
    [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels, annotations: { 'sidecar.istio.io/inject': 'false' } },
            spec: {
              serviceAccountName: PROXY,
              containers: [
                {
                  name: 'kubectl-proxy',
                  image,
                  args: [
                    'proxy',
                    '--address=0.0.0.0',
                    '--port=8080',
                    '--accept-hosts=.*',
                    '--accept-paths=^(/openid/v1/jwks|/\\.well-known/openid-configuration)$',
                    '--reject-methods=^(POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE)$',
                  ],
                  ports: [{ name: 'http', containerPort: 8080 }],
                  readinessProbe: probe,
                  livenessProbe: { ...probe, initialDelaySeconds: 15 },
                  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    runAsNonRoot: true,
                    runAsUser: 65532,
                    capabilities: { drop: ['ALL'] },
                    seccompProfile: { type: 'RuntimeDefault' },
                  },
                },
              ],
            },
          },
        },
      },
      'one pod that hands out the API server’s keys, and nothing else of it',
    ],
  ]
  return objects
    .filter(
      ([object]) => findRaw(door, { kind: object.kind as string, namespace, name: PROXY }) === undefined,
    )
    .map(([object, why]) => createOf(object, 'neutral', why))
}
