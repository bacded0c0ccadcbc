/** Tokens of service accounts at the door: who signs them here, where the keys are, whom they are for. */
import { Fault } from '../base/index.ts'
import type { JwtRule, Mesh } from '../mesh/index.ts'
import type { Principal } from '../policy/index.ts'
import { accessMap } from '../regions/index.ts'
import { asksBefore } from './authn-filter.ts'
import { createOf, updateOf } from './changes.ts'
import { type Entrance, findEntrance, type IntentWorld, standsBefore } from './entrance.ts'
import type { Change, Intended, KubeObject } from './plan.ts'
import { meshAfter } from './plan-of.ts'
import { findRaw } from './raw-door.ts'

const distributions = ['kind', 'minikube', 'k3s', 'openshift', 'eks', 'gke', 'aks'] as const
export type Distribution = (typeof distributions)[number]

export interface M2mAsk {
  readonly gateway?: string
  readonly distribution?: Distribution
  /** What the API server says of itself: `/.well-known/openid-configuration`. */
  readonly discovered?: { readonly issuer: string; readonly jwksUri: string }
  readonly issuer?: string
  readonly jwksUri?: string
  /** undefined = the gateway's own name; empty = any token of the cluster counts. */
  readonly audiences?: readonly string[]
  /** Of the proxy that hands the keys to the mesh. */
  readonly proxyImage?: string
}

const INTENT = 'm2m enable'
const PROXY = 'cluster-jwks-proxy'

/** Both ways clusters spell their own issuer: the API server signs with one, and old rules name the other. */
const own = ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc'] as const

/** Clouds that publish their keys, and where, below their issuer. */
const published: readonly {
  readonly of: Distribution
  readonly issuer: RegExp
  readonly keys: (issuer: string) => string
  readonly example: string
}[] = [
  {
    of: 'eks',
    issuer: /^https:\/\/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/id\/[A-Z0-9]+$/,
    keys: (issuer) => `${issuer}/keys`,
    example: 'https://oidc.eks.REGION.amazonaws.com/id/CLUSTER_ID',
  },
  {
    of: 'gke',
    issuer:
      /^https:\/\/container\.googleapis\.com\/v1\/projects\/[^/]+\/(locations|zones)\/[^/]+\/clusters\/[^/]+$/,
    keys: (issuer) => `${issuer}/jwks`,
    example: 'https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER',
  },
  {
    of: 'aks',
    // With its final slash: `iss` of the tokens has it too.
    issuer: /^https:\/\/[a-z0-9-]+\.oic\.prod-aks\.azure\.com\/[0-9a-f-]+\/[0-9a-f-]+\/$/,
    keys: (issuer) => `${issuer}openid/v1/jwks`,
    example: 'https://REGION.oic.prod-aks.azure.com/TENANT_ID/ID/',
  },
]

/** @throws Fault ERR_INTENT_REFUSED, ERR_USAGE */
export function enableM2m(world: IntentWorld, ask: M2mAsk): Intended {
  const { mesh } = world
  const entrance = findEntrance(world, INTENT, ask.gateway)
  const signer = signerOf(ask)
  const rules = rulesAt(mesh, entrance)
  const fresh = signer.issuers.filter((issuer) => !rules.some((rule) => rule.issuer.value === issuer))
  const proxy = signer.jwksUri === undefined
  const jwksUri =
    signer.jwksUri ?? `http://${PROXY}.${entrance.pods.namespace}.svc.cluster.local/openid/v1/jwks`
  const audiences = ask.audiences ?? [gatewayName(entrance)]
  const callers = [{ title: 'Callers', text: callersText(audiences[0]) }]
  if (fresh.length === 0)
    return {
      changes: [],
      callers,
      risks: [`the door reads tokens of ${signer.issuers.join(' and ')} already`],
    }
  const changes = [
    ...(proxy
      ? proxyObjects(world, entrance.pods.namespace, ask.proxyImage ?? 'bitnamisecure/kubectl:latest')
      : []),
    authentication(world, entrance, rules, fresh, { jwksUri, audiences }),
  ]
  const gain = whereTokensLead(world, changes, fresh[0] as string, audiences[0])
  if (gain.length === 0) {
    throw new Fault('ERR_INTENT_REFUSED', {
      intent: INTENT,
      reasons: [
        `the gateway would read such tokens, and nobody would get in by one: ${whatStillAsks(world, entrance)} is asked about every request`,
      ],
      next: 'put an auth service there that reads such tokens (`kfdoor serve authz`), or ask the one there is about browsers only',
    })
  }
  return {
    changes,
    callers,
    principals: accountsOf(fresh[0] as string, audiences[0]),
    risks: [
      `with a token of ${fresh.join(' or of ')}${audiences.length > 0 ? ` for ${audiences.join(', ')}` : ''}, an account gets through on ${gain.length} routes where it did not, for example ${gain[0]}`,
      ...signer.risks,
      ...(audiences.length === 0
        ? [
            'every token of the cluster counts, also one that was made for another service: whoever gets hold of one is its owner here. Name an audience',
          ]
        : []),
      ...(proxy
        ? [
            `\`${PROXY}\` has to run before the first token: until istiod has the keys, tokens get 401 \`Jwks doesn't have key to match kid or alg from Jwt\`; istiod asks again every PILOT_JWT_PUB_KEY_REFRESH_INTERVAL (20m unless set)`,
          ]
        : [
            `istiod has to reach ${jwksUri}: from a cluster without a way out, use \`--jwks-uri\` of a proxy inside`,
          ]),
      'every service account of every namespace is let in with such a token, as `system:serviceaccount:NAMESPACE:NAME`; what it may do there is decided by the application’s own roles',
    ],
  }
}

interface Signer {
  readonly issuers: readonly string[]
  /** undefined = only the API server has the keys, and it wants to know who asks. */
  readonly jwksUri?: string
  readonly risks: readonly string[]
}

function signerOf(ask: M2mAsk): Signer {
  const { distribution, discovered, jwksUri } = ask
  const issuer = ask.issuer ?? discovered?.issuer
  const cloud = published.find(({ of, issuer: pattern }) =>
    issuer === undefined ? of === distribution : pattern.test(issuer),
  )
  const keys = jwksUri === undefined ? {} : { jwksUri }
  if (issuer === undefined) {
    if (cloud !== undefined) {
      throw new Fault('ERR_INTENT_REFUSED', {
        intent: INTENT,
        reasons: [`${distribution} signs with an issuer of each cluster’s own, ${cloud.example}`],
        next: 'name it with `--issuer`: kubectl get --raw /.well-known/openid-configuration',
      })
    }
    return {
      ...keys,
      issuers: own,
      risks: [
        `the issuer is taken to be ${own[0]}, in both spellings${distribution === undefined ? '' : `, as ${distribution} has it`}; compare it with \`kubectl get --raw /.well-known/openid-configuration\``,
      ],
    }
  }
  if (!/^https?:\/\/[^\s]+$/.test(issuer) || /REGION|CLUSTER_ID|TENANT_ID|PROJECT\b/.test(issuer)) {
    throw new Fault('ERR_USAGE', {
      message: `\`${issuer}\` is no issuer of a cluster`,
      next: 'see `kubectl get --raw /.well-known/openid-configuration`',
    })
  }
  const named = published.find(({ of }) => of === distribution)
  // One letter off, and no token of the cluster would ever be of that issuer.
  if (named !== undefined && ask.issuer !== undefined && cloud !== named && jwksUri === undefined) {
    throw new Fault('ERR_USAGE', {
      message: `\`${issuer}\` is no issuer of ${distribution}, which writes them ${named.example}`,
      next: 'copy it from `kubectl get --raw /.well-known/openid-configuration`, its last slash too, or leave `--distribution` out',
    })
  }
  if (own.some((one) => one === issuer)) return { ...keys, issuers: own, risks: [] }
  if (cloud !== undefined) return { issuers: [issuer], jwksUri: jwksUri ?? cloud.keys(issuer), risks: [] }
  // An issuer of one's own (--service-account-issuer): the keys are where it says, if the mesh can go there.
  return { ...keys, issuers: [issuer], risks: [] }
}

function rulesAt(mesh: Mesh, { pods }: Entrance): readonly JwtRule[] {
  return mesh.requestAuthentications
    .filter((one) => standsBefore(mesh, pods, one))
    .flatMap(({ jwtRules }) => jwtRules)
}

const gatewayName = ({ services, pods }: Entrance) =>
  `${services.find(({ ports }) => ports.some(({ port }) => port === 80 || port === 443))?.name ?? pods.name}.${pods.namespace}.svc.cluster.local`

function authentication(
  { door, mesh }: IntentWorld,
  { pods, gateway }: Entrance,
  known: readonly JwtRule[],
  issuers: readonly string[],
  { jwksUri, audiences }: { readonly jwksUri: string; readonly audiences: readonly string[] },
): Change {
  // The header this door hands on, as its rule for people has it.
  const written = known.flatMap(({ outputClaimToHeaders }) => outputClaimToHeaders)
  const header =
    written.find(({ claim }) => claim === 'email' || claim === 'sub')?.header ?? 'kubeflow-userid'
  const groups = written.find(({ claim }) => claim === 'groups')?.header ?? 'kubeflow-groups'
  const rules = issuers.map((issuer) => ({
    issuer,
    jwksUri,
    ...(audiences.length > 0 && { audiences }),
    forwardOriginalToken: true,
    fromHeaders: [{ name: 'Authorization', prefix: 'Bearer ' }],
    outputClaimToHeaders: [
      { claim: 'sub', header },
      { claim: 'groups', header: groups },
    ],
  }))
  const why = 'the gateway reads tokens of service accounts'
  const name = 'm2m-token-issuer'
  const there = findRaw(door, { kind: 'RequestAuthentication', namespace: pods.namespace, name })
  if (there !== undefined) {
    return updateOf(
      there,
      (copy) => {
        copy.spec = { ...copy.spec, jwtRules: [...(copy.spec?.jwtRules ?? []), ...rules] }
      },
      'opens',
      why,
    )
  }
  const beside = mesh.requestAuthentications.find(
    (one) => one.namespace === pods.namespace && one.selector !== undefined && standsBefore(mesh, pods, one),
  )
  return createOf(
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name, namespace: pods.namespace },
      spec: { selector: { matchLabels: beside?.selector ?? gateway.selector }, jwtRules: rules },
    },
    'opens',
    why,
  )
}

/** The keys of the API server for the mesh, and nothing else of it: one pod that asks as itself. */
function proxyObjects({ door }: IntentWorld, namespace: string, image: string): readonly Change[] {
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

/**
 * Where an account gets with a token of this issuer and did not before. The access diff asks with tokens
 * of the usual issuer; a cloud's own has to be asked about by name.
 */
function whereTokensLead(
  { door, mesh, now, view }: IntentWorld,
  changes: readonly Change[],
  issuer: string,
  audience: string | undefined,
): readonly string[] {
  const principals = accountsOf(issuer, audience).slice(0, 1)
  const after = meshAfter(door, changes)
  const open = (each: Mesh) =>
    accessMap(each, { now, ...view(each), principals }).flatMap(({ door: at, route, verdict, witness }) =>
      verdict === 'allow' ? [[`${at} ${route.id}`, `${witness.method} ${witness.url}`] as const] : [],
    )
  const before = new Set(open(mesh).map(([way]) => way))
  return open(after).flatMap(([way, request]) => (before.has(way) ? [] : [request]))
}

/** Any account of the cluster, with a token of this issuer; also with forged headers. */
function accountsOf(issuer: string, audience: string | undefined): readonly Principal[] {
  return [false, true].map((forged) => ({
    kind: 'service-account',
    namespace: 'default',
    name: 'default',
    forged,
    issuer,
    ...(audience && { audience }),
  }))
}

function whatStillAsks(world: IntentWorld, { pods }: Entrance): string {
  const [filter] = asksBefore(world, pods)
  return filter === undefined
    ? 'something else'
    : `the auth service of EnvoyFilter \`${filter.owner.namespace}/${filter.owner.name}\``
}

const callersText = (audience: string | undefined): string =>
  [
    `kubectl create token ACCOUNT -n NAMESPACE${audience === undefined ? '' : ` --audience=${audience}`} --duration=1h`,
    '# in a pod, renewed by the kubelet:',
    'volumes:',
    '- name: door-token',
    '  projected:',
    '    sources:',
    `    - serviceAccountToken: {path: token, expirationSeconds: 3600${audience === undefined ? '' : `, audience: ${audience}`}}`,
    '# then: curl -H "Authorization: Bearer $(cat /var/run/secrets/door/token)" https://HOST/…',
  ].join('\n')
