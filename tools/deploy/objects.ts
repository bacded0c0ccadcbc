import { stringify } from 'yaml'
import { defaults, OPEN, type Values } from './values.ts'

type Manifest = Readonly<Record<string, unknown>>

/** A file of the base and of the chart; `when` names the value of the chart that turns it on. */
export interface ManifestFile {
  readonly name: string
  readonly when?: string
  readonly manifests: readonly Manifest[]
}

const NAME = 'kfdoor-authz'
const labels = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'kfdoor' }
const selector = { 'app.kubernetes.io/name': NAME }
const redisLabels = { 'app.kubernetes.io/name': 'kfdoor-redis', 'app.kubernetes.io/part-of': 'kfdoor' }
/** No user, no rights, nothing to write on. */
const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
}
const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
/** What `metadata` has in every object of a namespace. */
const meta = (v: Values, name: string = NAME, more: Manifest = labels) => ({
  name,
  namespace: v.namespace,
  labels: more,
})

/** What the service needs of the API server: to ask about a token, and to read the keys tokens are signed with. */
function access(v: Values): readonly Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(v) },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: NAME, labels },
      rules: [
        { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
        { nonResourceURLs: ['/openid/v1/jwks', '/.well-known/openid-configuration'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: v.namespace }],
    },
  ]
}

function settings(v: Values): readonly Manifest[] {
  const text = v.mode === 'helm' ? `${OPEN}TEXT .Values.settings>>` : stringify(defaults.settings)
  return [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(v), data: { 'authz.yaml': text } }]
}

/** How the container learns of Redis; the file goes before nothing: the environment goes before it. */
export const redisEnvironment = [
  { name: 'KFDOOR_AUTHZ_SESSIONS', value: 'redis://kfdoor-redis:6379' },
  { name: 'KFDOOR_AUTHZ_REDIS_PASSWORD_FILE', value: '/etc/kfdoor/secrets/redis-password' },
]

function deployment(v: Values): Manifest {
  const probe = (path: string, more: Manifest) => ({ httpGet: { path, port: 'metrics' }, ...more })
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(v),
    spec: {
      replicas: v.mode === 'helm' ? v.value('replicas') : defaults.replicas,
      selector: { matchLabels: selector },
      // A replica goes only when its successor answers.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels: { ...labels, 'sidecar.istio.io/inject': 'false' },
          ...(v.mode === 'helm' && {
            annotations: { 'checksum/settings': `${OPEN}{{ toYaml .Values.settings | sha256sum }}>>` },
          }),
        },
        spec: {
          serviceAccountName: NAME,
          securityContext: podSecurity,
          // preStop, `drain`, and ten seconds for what is still open.
          terminationGracePeriodSeconds: 40,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [
            {
              name: 'authz',
              image:
                v.mode === 'helm'
                  ? `${OPEN}"{{ .Values.image.repository }}:{{ .Values.image.tag }}">>`
                  : `${defaults.image.repository}:${defaults.image.tag}`,
              imagePullPolicy: v.value('image.pullPolicy'),
              args: ['serve', 'authz', '--config', '/etc/kfdoor/settings/authz.yaml', '-o', 'json'],
              ...(v.mode === 'helm' && { env: `${OPEN}REDISENV>>` }),
              ports: [
                { name: 'http', containerPort: 9090 },
                { name: 'grpc', containerPort: 9091 },
                { name: 'metrics', containerPort: 9092 },
              ],
              startupProbe: probe('/healthz', { periodSeconds: 1, failureThreshold: 60 }),
              livenessProbe: probe('/healthz', { periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }),
              readinessProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 1, timeoutSeconds: 2 }),
              // Gateways hear of the end before it begins.
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
              resources: v.block('resources'),
              securityContext: containerSecurity,
              volumeMounts: [
                { name: 'settings', mountPath: '/etc/kfdoor/settings', readOnly: true },
                { name: 'secrets', mountPath: '/etc/kfdoor/secrets', readOnly: true },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'settings', configMap: { name: NAME } },
            { name: 'secrets', secret: { secretName: v.value('secretName'), defaultMode: 0o440 } },
            { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
          ],
        },
      },
    },
  }
}

function service(v: Values): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(v),
    spec: {
      selector,
      ports: [
        { name: 'http-authz', port: 9090, targetPort: 'http', appProtocol: 'http' },
        // The mesh speaks HTTP/2 to a port of this protocol.
        { name: 'grpc-authz', port: 9091, targetPort: 'grpc', appProtocol: 'grpc' },
        { name: 'http-metrics', port: 9092, targetPort: 'metrics', appProtocol: 'http' },
      ],
    },
  }
}

function networkPolicy(v: Values): Manifest {
  const tcp = (...ports: readonly number[]) => ports.map((port) => ({ port, protocol: 'TCP' }))
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: meta(v),
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          // Whoever asks is told who somebody is: only the gateway may.
          from: [
            {
              namespaceSelector: {
                matchLabels: { 'kubernetes.io/metadata.name': v.value('gateway.namespace') },
              },
              podSelector: { matchLabels: v.block('gateway.labels') },
            },
          ],
          ports: tcp(9090, 9091),
        },
        { ports: tcp(9092) },
      ],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        // Issuers, the API server, Dex, Redis.
        { ports: tcp(443, 6443, 5556, 6379) },
      ],
    },
  }
}

function redis(v: Values): readonly Manifest[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(v, 'kfdoor-redis', redisLabels),
      spec: {
        selector: { 'app.kubernetes.io/name': 'kfdoor-redis' },
        ports: [{ name: 'tcp-redis', port: 6379, targetPort: 'redis' }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: meta(v, 'kfdoor-redis', redisLabels),
      spec: {
        replicas: 1,
        serviceName: 'kfdoor-redis',
        selector: { matchLabels: { 'app.kubernetes.io/name': 'kfdoor-redis' } },
        template: {
          metadata: { labels: { ...redisLabels, 'sidecar.istio.io/inject': 'false' } },
          spec: {
            automountServiceAccountToken: false,
            securityContext: podSecurity,
            containers: [
              {
                name: 'redis',
                image: v.value('redis.image'),
                // What was confirmed is on disk; the password stands in no argument.
                command: ['sh', '-c'],
                args: [
                  'umask 077; printf "requirepass %s\\n" "$(cat /etc/kfdoor/secrets/redis-password)" >/tmp/redis.conf; exec valkey-server /tmp/redis.conf --dir /data --appendonly yes --appendfsync always --save ""',
                ],
                ports: [{ name: 'redis', containerPort: 6379 }],
                readinessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 2 },
                resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
                securityContext: containerSecurity,
                volumeMounts: [
                  { name: 'data', mountPath: '/data' },
                  { name: 'secrets', mountPath: '/etc/kfdoor/secrets', readOnly: true },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [
              {
                name: 'secrets',
                secret: {
                  secretName: v.value('secretName'),
                  defaultMode: 0o440,
                  items: [{ key: 'redis-password', path: 'redis-password' }],
                },
              },
              { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            ],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: v.value('redis.storage') } },
            },
          },
        ],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta(v, 'kfdoor-redis', redisLabels),
      spec: {
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'kfdoor-redis' } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: selector } }],
            ports: [{ port: 6379, protocol: 'TCP' }],
          },
        ],
      },
    },
  ]
}

function autoscaler(v: Values): Manifest {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: meta(v),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME },
      minReplicas: v.value('autoscaling.minReplicas'),
      maxReplicas: v.value('autoscaling.maxReplicas'),
      metrics: [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: v.value('autoscaling.cpu') },
          },
        },
      ],
    },
  }
}

/** Every file, in the order a reader wants them. */
export function manifestFiles(v: Values): readonly ManifestFile[] {
  return [
    { name: 'access', manifests: access(v) },
    { name: 'settings', manifests: settings(v) },
    { name: 'deployment', manifests: [deployment(v)] },
    { name: 'service', manifests: [service(v)] },
    { name: 'network-policy', when: 'networkPolicy', manifests: [networkPolicy(v)] },
    {
      name: 'disruption-budget',
      when: 'podDisruptionBudget',
      manifests: [
        {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: meta(v),
          spec: { minAvailable: 1, selector: { matchLabels: selector } },
        },
      ],
    },
    { name: 'autoscaling', when: 'autoscaling', manifests: [autoscaler(v)] },
    {
      name: 'monitoring',
      when: 'monitoring',
      manifests: [
        {
          apiVersion: 'monitoring.coreos.com/v1',
          kind: 'ServiceMonitor',
          metadata: meta(v),
          spec: {
            selector: { matchLabels: selector },
            endpoints: [{ port: 'http-metrics', path: '/metrics', interval: '30s' }],
          },
        },
      ],
    },
    { name: 'redis', when: 'redis', manifests: redis(v) },
  ]
}
