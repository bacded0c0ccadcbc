/** What the field reports did to a door by hand, after their own words, and the command that takes its place. */
import assert from 'node:assert/strict'
import { profileFiles } from '../../src/compose/profiles.ts'
import { applyChanges } from '../../src/planner/apply-changes.ts'
import { createOf, deleteOf, type EditableObject, updateOf } from '../../src/planner/changes.ts'
import { usualAudience } from '../../src/planner/expose/ask.ts'
import { expose } from '../../src/planner/expose/expose.ts'
import type { Change, KubeObject } from '../../src/planner/plan.ts'
import { findRaw } from '../../src/planner/raw-door.ts'
import { splitGateway } from '../../src/planner/split-gateway.ts'
import { enableTls } from '../../src/planner/tls-enable.ts'
import { localGatewayOnIngress } from '../../tools/tour/overlays.ts'
import { aWorld, type TestWorld, worldOf } from './intent-world.ts'
import { calledByName, plainModel } from './third-report.ts'

export interface ReportedWay {
  readonly report: string
  /** Words of its row in docs/change.md. */
  readonly way: string
  readonly world: TestWorld
  readonly changes: readonly Change[]
}

export function edited(
  world: TestWorld,
  kind: string,
  place: string,
  edit: (copy: EditableObject) => void,
): Change {
  const [namespace = '', name = ''] = place.split('/')
  const raw = findRaw(world.door, { kind, namespace, name })
  assert.ok(raw, `${kind} ${place}`)
  return updateOf(raw, edit, 'neutral', 'the report')
}

const made = (object: KubeObject) => createOf(object, 'neutral', 'the report')

/** Its step 7: the Gateway anew, with the Secret of its own leaf. */
const tls = aWorld(['profiles/v1.6/release'])
const tlsByHand = edited(tls, 'Gateway', 'kubeflow/kubeflow-gateway', (copy) => {
  copy.spec.servers = [
    { hosts: ['*'], port: { name: 'http', number: 80, protocol: 'HTTP' }, tls: { httpsRedirect: true } },
    {
      hosts: ['*'],
      port: { name: 'https', number: 443, protocol: 'HTTPS' },
      tls: { mode: 'SIMPLE', credentialName: 'leeway-certs' },
    },
  ]
})

export const insideCalls = (): TestWorld =>
  aWorld(['profiles/v1.6/release'], localGatewayOnIngress, calledByName + plainModel)

const inside = insideCalls()
const authnFilter = findRaw(inside.door, {
  kind: 'EnvoyFilter',
  namespace: 'istio-system',
  name: 'authn-filter',
})
assert.ok(authnFilter)
const byPath: readonly Change[] = [
  edited(inside, 'ConfigMap', 'istio-system/istio', (copy) => {
    copy.data.mesh += `
extensionProviders:
- name: dex-auth-provider
  envoyExtAuthzHttp:
    service: "authservice.istio-system.svc.cluster.local"
    port: "8080"
    includeHeadersInCheck: ["authorization", "cookie", "x-auth-token"]
    headersToUpstreamOnAllow: ["kubeflow-userid"]
`
  }),
  made({
    apiVersion: 'security.istio.io/v1beta1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'dex-auth', namespace: 'istio-system' },
    spec: {
      selector: { matchLabels: { istio: 'ingressgateway' } },
      action: 'CUSTOM',
      provider: { name: 'dex-auth-provider' },
      rules: [{ to: [{ operation: { notPaths: ['/v1*'] } }] }],
    },
  }),
  deleteOf(authnFilter, 'opens', 'the report'),
]

/** The release as it ships: without the demo's RequestAuthentication of the cluster's issuer. */
const outside = worldOf(
  profileFiles('v1.9', { tls: false, demo: true }).filter(({ file }) => !file.endsWith('machines.yaml')),
)
const namespace = 'kubeflow-user-example-com'
const route = made({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'VirtualService',
  metadata: { name: 'vs-iris', namespace },
  spec: {
    gateways: ['kubeflow/kubeflow-gateway'],
    hosts: ['*'],
    http: [
      {
        match: [{ uri: { prefix: `/kfserving/${namespace}/sklearn-iris` } }],
        route: [
          {
            destination: { host: 'knative-local-gateway.istio-system.svc.cluster.local' },
            headers: { request: { set: { Host: `sklearn-iris.${namespace}.svc.cluster.local` } } },
            weight: 100,
          },
        ],
        rewrite: { uri: '/v1/models/sklearn-iris:predict' },
        timeout: '300s',
      },
    ],
  },
})
const exempt = (policy: string) =>
  edited(outside, 'AuthorizationPolicy', `istio-system/istio-ingressgateway-${policy}`, ({ spec }) => {
    spec.rules[0].to[0].operation.notPaths.push('/kfserving/*')
  })
const tokens = made({
  apiVersion: 'security.istio.io/v1beta1',
  kind: 'RequestAuthentication',
  metadata: { name: 'm2m-token-issuer', namespace: 'istio-system' },
  spec: {
    selector: { matchLabels: { app: 'istio-ingressgateway' } },
    jwtRules: [
      {
        issuer: 'https://kubernetes.default.svc.cluster.local',
        jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks',
        forwardOriginalToken: true,
        outputClaimToHeaders: [
          { header: 'kubeflow-userid', claim: 'sub' },
          { header: 'kubeflow-groups', claim: 'groups' },
        ],
        fromHeaders: [{ name: 'Authorization', prefix: 'Bearer ' }],
      },
    ],
  },
})

export const reportedWays: readonly ReportedWay[] = [
  { report: '000', way: 'TLS by hand', world: tls, changes: [tlsByHand] },
  {
    report: '000',
    way: '`kfdoor tls enable',
    world: tls,
    changes: enableTls(tls, { secret: 'kubeflow-tls' }).changes,
  },
  { report: '003', way: 'CUSTOM policy', world: inside, changes: byPath },
  {
    report: '003',
    way: '`kfdoor migrate authn-filter --by split-gateway`',
    world: inside,
    changes: splitGateway(inside, {}).changes,
  },
  { report: '004', way: 'steps 1 and 3', world: outside, changes: [route, exempt('oauth2-proxy'), tokens] },
  { report: '004', way: 'step 3 alone', world: outside, changes: [route, tokens] },
  {
    report: '004',
    way: 'all three steps',
    world: outside,
    changes: [route, exempt('oauth2-proxy'), exempt('require-jwt'), tokens],
  },
  {
    report: '004',
    way: '`kfdoor expose sklearn-iris --to sa:team-a/ci`',
    world: outside,
    changes: expose(outside, {
      kind: 'model',
      name: 'sklearn-iris',
      to: [{ kind: 'sa', namespace: 'team-a', name: 'ci' }],
      public: false,
      audience: usualAudience,
      jwksUri: 'http://cluster-jwks-proxy.istio-system.svc.cluster.local/openid/v1/jwks',
      timeout: '300s',
    }).changes,
  },
]

export const afterwards = ({ world, changes }: ReportedWay) =>
  applyChanges(world.door.inputs, changes, 'reported.yaml')
