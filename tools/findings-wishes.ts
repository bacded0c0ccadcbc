/**
 * What people ask of tools around a door, and what answers it here. A wish is no fault: no YAML is wrong and no door
 * answers wrongly, so no code can find it. Wishes that are faults too stand among the problems.
 */
export interface Wish {
  readonly wish: string
  /** `owner/repository#number`. */
  readonly threads: readonly string[]
  /** A command, a flag or a page in backticks, or in words why there is none. */
  readonly answer: string
}

const k = 'kubeflow/manifests#'
const p = 'kubeflow/pipelines#'
const o = 'oauth2-proxy/oauth2-proxy#'

export const wishes: readonly Wish[] = [
  {
    wish: 'test policies without a whole proxy',
    threads: ['envoyproxy/envoy#13065'],
    answer: '`kfdoor test`, `kfdoor explain`',
  },
  {
    wish: 'ask how a request would be routed',
    threads: ['envoyproxy/envoy#6453'],
    answer: '`kfdoor explain`',
  },
  {
    wish: 'say what is allowed, not what is configured',
    threads: ['istio/istio#23526'],
    answer: '`kfdoor map`',
  },
  {
    wish: 'say what caused a 401',
    threads: ['istio/istio#15122', `${o}2718`, `${o}2868`],
    answer: '`kfdoor token inspect`, `kfdoor explain`, `kfdoor why`',
  },
  {
    wish: 'an analyzer that agrees with traffic',
    threads: ['istio/istio#42162'],
    answer: '`kfdoor verify`; `conformance/` holds what real proxies did',
  },
  {
    wish: 'authorization by an HTTP service for each route',
    threads: ['istio/istio#58067', 'envoyproxy/gateway#9411', 'envoyproxy/gateway#8422'],
    answer:
      '`kfdoor explain` reads `ExtAuthzPerRoute` of EnvoyFilters; the Gateway API has no such field yet',
  },
  { wish: 'show what a dry run would do', threads: ['kiali/kiali#6802'], answer: '`kfdoor diff`, KFD0248' },
  { wish: 'write the policy for me', threads: ['kiali/kiali#2924'], answer: '`kfdoor expose`' },
  {
    wish: 'try a policy before it is applied',
    threads: ['kubernetes-sigs/network-policy-api#46', 'awslabs/terraform-iam-policy-validator#6'],
    answer: '`kfdoor diff`, `kfdoor prove`',
  },
  {
    wish: 'a plan of what a policy changes, and “has no effect”',
    threads: ['upbound/kubernetes-cedar-authorizer#42'],
    answer: '`kfdoor diff`, KFD0249, KFD0250',
  },
  { wish: 'a reason in every decision', threads: ['open-policy-agent/opa#2089'], answer: '`kfdoor explain`' },
  {
    wish: 'the way to ambient meshes',
    threads: [`${k}2676`, 'kubeflow/community#891'],
    answer: '`kfdoor diff`, KFD0240, KFD0242; what a waypoint decides is `unknown` by name',
  },
  { wish: 'access for each model', threads: ['kserve/kserve#376'], answer: '`kfdoor expose`' },
  {
    wish: 'the Pipelines command line behind a door',
    threads: [`${p}11399`, `${p}7777`, 'awslabs/kubeflow-manifests#493'],
    answer: '`kfdoor exec`, `kfdoor proxy`, `kfdoor kfp`',
  },
  {
    wish: 'a token that is renewed while one waits',
    threads: [`${p}6883`, `${p}4321`, `${p}8313`],
    answer: '`kfdoor exec`, `kfdoor proxy`',
  },
  {
    wish: 'signing in without a browser',
    threads: [`${p}10115`],
    answer: '`kfdoor login`, `docs/recipes.md`',
  },
  {
    wish: 'one way to sign in for all components',
    threads: ['kubeflow/sdk#281', 'kubeflow/sdk#472'],
    answer: '`docs/sdk.md`',
  },
  {
    wish: 'a proper sign-out',
    threads: ['kubeflow/kubeflow#7624'],
    answer: '`kfdoor logout`, `docs/serve-authz.md`',
  },
  {
    wish: 'are the dashboard’s APIs authorized at all',
    threads: ['kubeflow/dashboard#9'],
    answer: '`kfdoor map`, `kfdoor who-can`',
  },
  { wish: 'several identity providers', threads: [`${o}926`], answer: '`kfdoor up --dex-config`' },
  {
    wish: 'groups and roles for each path',
    threads: [`${o}2011`, `${o}3259`, `${o}1966`, `${o}1459`, `${o}1360`],
    answer: 'Istio’s own policies say it; `kfdoor who-can` shows what they say',
  },
  {
    wish: '200 for ext_authz, and gRPC',
    threads: [`${o}2832`, 'envoyproxy/gateway#4562'],
    answer: '`kfdoor serve authz`',
  },
  { wish: 'back-channel sign-out', threads: [`${o}3445`], answer: '`docs/serve-authz.md`' },
  {
    wish: 'tokens for command lines from Dex',
    threads: ['dexidp/dex#1474', 'dexidp/dex#1089', 'dexidp/dex#4429', 'dexidp/dex#4984'],
    answer: '`kfdoor login`, `kfdoor token`',
  },
  {
    wish: 'a policy that is merged and not enforced is told',
    threads: ['envoyproxy/gateway#9958'],
    answer: '`kfdoor verify`',
  },
  {
    wish: 'a local proxy that adds the token',
    threads: ['cloudflare/cloudflared#1242'],
    answer: '`kfdoor proxy`',
  },
  {
    wish: 'the CA’s certificate in a ConfigMap, without its key',
    threads: ['cert-manager/cert-manager#7914'],
    answer: '`kfdoor ca configmap`',
  },
  {
    wish: 'HTTPS with an own CA for the dashboard',
    threads: ['canonical/bundle-kubeflow#189', 'canonical/bundle-kubeflow#977'],
    answer: '`kfdoor tls enable`, `docs/ca.md`',
  },
  {
    wish: 'refresh tokens that are written only when they change',
    threads: ['int128/kubelogin#1569'],
    answer: '`kfdoor token`',
  },
]
