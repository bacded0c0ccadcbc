import type { ManifestFile } from './objects.ts'
import { OPEN, type Values } from './values.ts'

/** What the image's entry point starts, with its options of Node (deploy/Dockerfile). */
const program = [
  '/usr/local/bin/node',
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '/app/bin/kfdoor.mjs',
]

const GATEWAY = 'istio-system'
const DEX = 'http://dex.auth.svc.cluster.local:5556/dex'
/** Clusters spell the issuer of their service accounts in one of these ways, and a token has to match to the letter. */
const KUBERNETES = ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc']
const SERVICE = 'kfdoor-authz.kfdoor.svc.cluster.local'

/** Identity headers the service writes; the gateway overwrites what a client sent with them. */
const identity = ['kubeflow-userid', 'kubeflow-groups', 'authorization']

/** Of the mesh's own configuration (`meshConfig`, or `data.mesh` of the ConfigMap `istio`): it is merged, not applied. */
export const extensionProviders = {
  extensionProviders: [
    {
      name: 'kfdoor-http',
      envoyExtAuthzHttp: {
        service: SERVICE,
        port: 9090,
        timeout: '5s',
        // Without an answer nobody comes in.
        failOpen: false,
        includeRequestHeadersInCheck: [
          'authorization',
          'cookie',
          'accept',
          'accept-language',
          'x-requested-with',
          'sec-fetch-mode',
          'sec-fetch-dest',
          'traceparent',
          'tracestate',
        ],
        headersToUpstreamOnAllow: [
          ...identity,
          'x-auth-request-email',
          'x-auth-request-user',
          'x-auth-request-groups',
        ],
        headersToDownstreamOnDeny: [
          'content-type',
          'set-cookie',
          'cache-control',
          'x-kfdoor-code',
          'x-kfdoor-decision',
        ],
        headersToDownstreamOnAllow: ['set-cookie'],
      },
    },
    {
      name: 'kfdoor-grpc',
      envoyExtAuthzGrpc: { service: SERVICE, port: 9091, timeout: '5s', failOpen: false },
    },
  ],
}

const selector = { matchLabels: { app: 'istio-ingressgateway', istio: 'ingressgateway' } }

/** The gateway asks about everything but the issuer's own pages, and lets nobody through without a name. */
export function meshFiles(v: Values, provider = 'kfdoor-http'): readonly ManifestFile[] {
  const meta = (name: string) => ({ name, namespace: GATEWAY })
  return [
    {
      name: 'mesh',
      when: 'mesh',
      manifests: [
        {
          apiVersion: 'security.istio.io/v1',
          kind: 'AuthorizationPolicy',
          metadata: meta('kfdoor-ask'),
          spec: {
            selector,
            action: 'CUSTOM',
            provider: { name: v.mode === 'helm' ? v.value('mesh.provider') : provider },
            rules: [{ to: [{ operation: { notPaths: ['/dex/*'] } }] }],
          },
        },
        {
          apiVersion: 'security.istio.io/v1',
          kind: 'RequestAuthentication',
          metadata: meta('kfdoor-tokens'),
          spec: {
            selector,
            jwtRules: [
              {
                issuer: DEX,
                jwksUri: `${DEX}/keys`,
                audiences: ['kubeflow-oidc-authservice'],
                forwardOriginalToken: true,
                outputClaimToHeaders: [{ header: 'kubeflow-userid', claim: 'email' }],
              },
              ...KUBERNETES.map((issuer) => ({
                issuer,
                jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks',
                audiences: ['istio-ingressgateway.istio-system.svc.cluster.local'],
                forwardOriginalToken: true,
                outputClaimToHeaders: [{ header: 'kubeflow-userid', claim: 'sub' }],
              })),
            ],
          },
        },
        {
          apiVersion: 'security.istio.io/v1',
          kind: 'AuthorizationPolicy',
          metadata: meta('kfdoor-require-token'),
          spec: {
            selector,
            action: 'DENY',
            rules: [
              {
                from: [{ source: { notRequestPrincipals: ['*'] } }],
                to: [{ operation: { notPaths: ['/dex/*', '/oauth2/*'] } }],
              },
            ],
          },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'VirtualService',
          metadata: { name: 'kfdoor-authz', namespace: v.mode === 'helm' ? v.namespace : 'kfdoor' },
          spec: {
            gateways: ['kubeflow/kubeflow-gateway'],
            hosts: ['*'],
            http: [
              {
                match: [{ uri: { prefix: '/oauth2/' } }],
                route: [
                  {
                    destination: {
                      host:
                        v.mode === 'helm'
                          ? `${OPEN}"kfdoor-authz.{{ .Release.Namespace }}.svc.cluster.local">>`
                          : SERVICE,
                      port: { number: 9090 },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  ]
}

/** What changes in a release whose auth service is there already: image and command; all else stays. */
export const seats = {
  'oauth2-proxy': {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'oauth2-proxy', namespace: 'oauth2-proxy' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'oauth2-proxy',
              image: 'kfdoor:0.1.0',
              // Its arguments stay: they are read as oauth2-proxy reads them.
              command: [...program, 'serve', 'authz', '--compat', 'oauth2-proxy'],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
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
  authservice: (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'istio-system' },
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'authservice',
              image: 'kfdoor:0.1.0',
              command: [
                ...program,
                'serve',
                'authz',
                '--compat',
                'authservice',
                '--sessions',
                'sqlite:/var/lib/authservice/kfdoor.db',
              ],
            },
          ],
        },
      },
    },
  }),
}
