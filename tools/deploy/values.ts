/** One source of the manifests: what a chart lets one choose is a template there, and its default in the Kustomize base. */
export interface Values {
  readonly mode: 'kustomize' | 'helm'
  /** A value of the chart: `{{ .Values.path }}` there, its default here. */
  value(path: string): unknown
  /** A whole list or mapping of the chart. */
  block(path: string): unknown
  readonly namespace: string
}

/** The chart's values.yaml. */
export const defaults = {
  image: { repository: 'kfdoor', tag: '0.1.0', pullPolicy: 'IfNotPresent' },
  replicas: 2,
  // Names a Secret with `client-secret` and `login-key`, and `redis-password` where Redis is on.
  secretName: 'kfdoor-authz',
  settings: {
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'AuthzService',
    listen: '0.0.0.0:9090',
    grpcListen: '0.0.0.0:9091',
    metricsListen: '0.0.0.0:9092',
    drain: '10s',
    signIn: {
      issuer: 'http://dex.auth.svc.cluster.local:5556/dex',
      clientId: 'kubeflow-oidc-authservice',
      clientSecretFile: '/etc/kfdoor/secrets/client-secret',
      authorizationUrl: '/dex/auth',
      tokenUrl: 'http://dex.auth.svc.cluster.local:5556/dex/token',
      jwksUrl: 'http://dex.auth.svc.cluster.local:5556/dex/keys',
      redirectUrl: '/oauth2/callback',
      cookie: { name: 'kfdoor_session', lifetime: '24h' },
      exempt: ['^/dex/'],
      loginKeyFile: '/etc/kfdoor/secrets/login-key',
    },
    machines: {
      kubernetes: {
        audiences: ['istio-ingressgateway.istio-system.svc.cluster.local'],
        verify: 'token-review',
      },
    },
  },
  resources: {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { memory: '512Mi' },
  },
  gateway: { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
  networkPolicy: { enabled: true },
  podDisruptionBudget: { enabled: true },
  autoscaling: { enabled: false, minReplicas: 2, maxReplicas: 6, cpu: 70 },
  monitoring: { enabled: false },
  redis: { enabled: false, image: 'valkey/valkey:8', storage: '1Gi' },
  mesh: { enabled: false, provider: 'kfdoor-http' },
}

function at(path: string): unknown {
  let found: unknown = defaults
  for (const part of path.split('.')) found = (found as Readonly<Record<string, unknown>>)[part]
  if (found === undefined) throw new Error(`the chart has no value ${path}`)
  return found
}

/** No manifest holds these; what stands between them is the chart's template. */
export const OPEN = '<<'
export const CLOSE = '>>'

export const kustomizeValues: Values = { mode: 'kustomize', value: at, block: at, namespace: 'kfdoor' }

export const helmValues: Values = {
  mode: 'helm',
  namespace: `${OPEN}{{ .Release.Namespace }}${CLOSE}`,
  value(path) {
    const quote = typeof at(path) === 'string' ? ' | quote' : ''
    return `${OPEN}{{ .Values.${path}${quote} }}${CLOSE}`
  },
  block(path) {
    at(path)
    return `${OPEN}BLOCK .Values.${path}${CLOSE}`
  },
}
