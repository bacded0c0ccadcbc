/**
 * Every problem people report about this door, and what finds it: rules of `kfdoor lint` by their
 * code; texts that `kfdoor why` knows follow from the thread. A row without either says why neither
 * YAML nor an error text can show it.
 */
export interface Row {
  readonly problem: string
  /** `owner/repository#number`. */
  readonly threads: readonly string[]
  readonly lint?: readonly string[]
  readonly note?: string
}

const k = 'kubeflow/manifests#'
const p = 'kubeflow/pipelines#'
const f = 'kubeflow/kubeflow#'
const s = 'kserve/kserve#'
const o = 'oauth2-proxy/oauth2-proxy#'

export const coverage: readonly Row[] = [
  {
    problem: 'service accounts get `Jwt issuer is not configured`',
    threads: [`${k}2840`, `${p}11025`],
    lint: ['KFD0208'],
  },
  { problem: 'the issuer is spelled in two ways', threads: [`${k}3079`], lint: ['KFD0207'] },
  {
    problem: 'issuer and JWKS differ by distribution, a copied JWKS goes stale',
    threads: [`${k}2850`],
    lint: ['KFD0208', 'KFD0209'],
    note: 'whether a copied JWKS is stale shows in tokens only',
  },
  {
    problem: '`Jwks doesn’t have key to match kid or alg`',
    threads: [`${k}3491`, 'istio/istio#53260'],
    note: 'which keys are served is not in the YAML',
  },
  {
    problem: '`Jwt verification fails` with a connector of Dex',
    threads: [`${k}3109`],
    lint: ['KFD0207', 'KFD0243'],
  },
  {
    problem: 'sign-in works, then 403: policies want the gateway’s principal',
    threads: [`${k}2642`],
    lint: ['KFD0230', 'KFD0240'],
  },
  {
    problem: 'a network plug-in bypasses the sidecars’ mTLS',
    threads: [`${k}2858`, `${f}6710`],
    note: 'the plug-in is not in the door’s YAML',
  },
  {
    problem: 'dashboard `RBAC: access denied` right after install',
    threads: [`${k}2832`],
    note: 'a matter of what is ready',
  },
  {
    problem: '403 instead of a login page: provider or selector is wrong',
    threads: [`${f}6037`, 'kromanow94/kubeflow-manifests#12'],
    lint: ['KFD0205', 'KFD0229'],
  },
  { problem: 'a typo in the principals of the profile controller', threads: [`${f}7374`], lint: ['KFD0230'] },
  { problem: 'a contributor gets 403', threads: [`${f}6590`, `${f}5227`], lint: ['KFD0232'] },
  {
    problem: 'activator probes are denied, the model is never ready',
    threads: [`${s}1558`, `${s}1153`, `${k}924`],
  },
  {
    problem: 'a model answers 403 inside the cluster',
    threads: [`${k}2201`, `${f}7691`, `${f}5965`, `${s}874`, `${s}2750`, `${k}3013`, `${f}6627`],
    lint: ['KFD0201'],
  },
  { problem: 'KServe’s bundle uses other gateways', threads: [`${s}2157`], lint: ['KFD0213', 'KFD0229'] },
  {
    problem: 'a model call is redirected to Dex',
    threads: [`${k}2575`, `${s}2169`, `${s}668`, `${s}1644`, `${k}1966`, `${k}2576`, `${k}3056`],
    lint: ['KFD0204'],
  },
  {
    problem: 'one model without sign-in: exempt in one policy or in both',
    threads: [`${s}3766`, `${s}4752`, `${f}6511`],
    lint: ['KFD0202', 'KFD0203'],
  },
  {
    problem: 'any namespace can call models',
    threads: [`${s}2197`, `${k}2811`, `${k}3180`, 'knative-extensions/net-istio#554'],
    lint: ['KFD0219'],
  },
  {
    problem: 'an exact host hides the dashboard',
    threads: [`${s}4648`, `${s}4750`, 'istio/istio#57404', `${k}3247`],
    lint: ['KFD0212'],
  },
  {
    problem: 'path exposure meets routes by authority',
    threads: [`${s}2257`, `${s}2357`, `${k}3148`],
    lint: ['KFD0212'],
  },
  {
    problem: 'scripted sign-in expects an old form',
    threads: [`${s}3129`, `${k}2542`, `${s}2335`],
    note: 'a matter of the script',
  },
  {
    problem: '`there is no user identity header`',
    threads: [
      `${p}7133`,
      'canonical/bundle-kubeflow#411',
      'kubeflow/kale#325',
      `${p}7777`,
      `${p}8087`,
      `${p}6120`,
    ],
  },
  {
    problem: 'the SDK in a notebook gets 403',
    threads: [`${p}9774`, `${p}4976`, `${p}4440`, `${k}1569`, `${k}2747`, `${k}2794`],
  },
  {
    problem: 'the token file is missing',
    threads: ['pluralsh/plural-artifacts#144', 'canonical/bundle-kubeflow#423'],
  },
  {
    problem: 'a client does not trust the certificate',
    threads: ['kubeflow/kfctl#140', `${f}4912`],
    lint: ['KFD0221'],
  },
  {
    problem: '`Could not find CSRF cookie XSRF-TOKEN`',
    threads: [`${f}5803`, `${f}5763`, `${f}6784`, `${k}2569`, `${k}1812`, 'kubeflow/notebooks#309'],
  },
  {
    problem: 'sign-in loops, `Unable to find a valid CSRF token`',
    threads: [`${o}2606`, `${o}2989`, `${k}2664`, `${o}2210`, `${o}360`, `${o}2485`],
    lint: ['KFD0246'],
  },
  {
    problem: '431 after a session has expired',
    threads: [
      'deployKF/deployKF#96',
      'deployKF/deployKF#99',
      'deployKF/deployKF#100',
      `${o}2481`,
      `${o}2383`,
    ],
  },
  { problem: 'too many redirects with the old auth service', threads: [`${k}2868`], lint: ['KFD0243'] },
  {
    problem: '`CSRF check failed`, more than one tab',
    threads: [`${f}7521`, 'arrikto/oidc-authservice#113'],
  },
  {
    problem: 'the auth service waits for Dex',
    threads: [
      `${k}2064`,
      `${k}2220`,
      `${k}2224`,
      `${k}2275`,
      `${f}5839`,
      `${f}5860`,
      'canonical/bundle-kubeflow#370',
    ],
    lint: ['KFD0243'],
  },
  {
    problem: 'the session store cannot be written',
    threads: [`${k}2648`, 'arrikto/oidc-authservice#60', 'arrikto/oidc-authservice#124'],
    note: 'a matter of volumes',
  },
  { problem: '`issuer did not match`', threads: ['canonical/bundle-kubeflow#833'], lint: ['KFD0243'] },
  { problem: 'the EnvoyFilter asks callers of every gateway', threads: [`${k}3104`], lint: ['KFD0204'] },
  {
    problem: 'an EnvoyFilter is silently not applied',
    threads: [`${k}2656`, `${k}1115`],
    lint: ['KFD0216', 'KFD0228'],
  },
  {
    problem: 'another ingress controller does not reach the gateway',
    threads: [`${k}3547`],
    note: 'NetworkPolicies are shown on the map and not decided',
  },
  {
    problem: 'tokens are larger than servers take',
    threads: ['kubeflow/manifests'],
    note: 'sizes of real tokens are not in the YAML',
  },
  { problem: 'a new static user is refused', threads: [`${f}5918`, `${f}5005`, `${f}6291`, `${k}2775`] },
  {
    problem: 'HTTPS ends outside, redirects go to http',
    threads: ['deployKF/deployKF#253', `${f}2623`],
    lint: ['KFD0246'],
  },
  { problem: 'a placeholder issuer is left in', threads: [`${k}2850`], lint: ['KFD0209'] },
  { problem: 'a policy names an unknown provider', threads: ['istio/istio#40944'], lint: ['KFD0205'] },
  {
    problem: 'a token for the wrong audience',
    threads: [`${p}5138`, 'kubeflow/website#3407'],
    lint: ['KFD0210'],
  },
  {
    problem: 'a notebook injects the identity header',
    threads: [`${p}4440`, 'kubeflow/kale#350', `${f}6061`],
    lint: ['KFD0211'],
  },
  { problem: 'oauth2-proxy does not see bearer tokens', threads: [`${k}2517`, `${k}2544`, `${k}2864`] },
  { problem: 'the helper stops at the sign-in page', threads: [`${s}4011`] },
  { problem: 'a POST ends at Dex: `Unsupported request method`', threads: [`${k}2844`] },
  {
    problem: 'the SDK swallowed a login page',
    threads: [`${p}5640`, 'elyra-ai/elyra#1636', 'getindata/kedro-kubeflow#211'],
  },
  { problem: 'healthz is 404: `/pipeline` is missing', threads: [`${f}5989`] },
  {
    problem: 'Dex has no programmatic sign-in',
    threads: ['kubeflow/website#2916', 'awslabs/kubeflow-manifests#493', 'awslabs/kubeflow-manifests#765'],
    note: 'what `kfdoor token` and service accounts are for',
  },
  { problem: 'the session ends before Dex’s token', threads: [`${k}1884`], lint: ['KFD0244'] },
  { problem: 'Dex does not know the client', threads: [`${k}1803`, `${k}2027`], lint: ['KFD0243'] },
  {
    problem: 'a header rule on a TCP port',
    threads: [`${s}1076`],
    lint: ['KFD0251'],
  },
  {
    problem: 'an empty 404 from the gateway',
    threads: [`${s}1880`, `${s}2596`, `${s}2757`, `${s}1665`, `${s}2212`, 'kserve/website#355'],
    lint: ['KFD0213'],
  },
  {
    problem: 'explainers and transformers get a login page',
    threads: [`${s}504`, `${s}1358`],
    lint: ['KFD0204'],
  },
  { problem: 'upstream connect errors', threads: [`${s}913`, `${f}5401`, `${f}6162`] },
  { problem: '`User … is not authorized with reason`', threads: [`${p}8854`, 'alauda/kubeflow-chart#19'] },
  { problem: '`Namespace is empty`', threads: [`${p}4440`] },
  {
    problem: 'certificates that Python does not take',
    threads: [`${p}6378`, `${p}4569`, `${p}9735`, `${p}3095`],
    lint: ['KFD0221'],
  },
  { problem: 'a redirect turns POST into GET', threads: ['kubeflow/kfctl#140'], lint: ['KFD0233'] },
  {
    problem: 'a token is fixed when the client is made',
    threads: [`${p}4624`],
    note: 'a matter of the client',
  },
  {
    problem: 'denials come and go: sessions are not shared',
    threads: [`${f}5077`],
    note: 'shows over several calls only',
  },
  { problem: '`401 No user detected`', threads: [`${k}2931`] },
  { problem: 'Dex with several replicas and memory storage', threads: [`${k}3376`] },
  { problem: 'the dashboard shows anonymous@kubeflow.org', threads: [`${f}3805`], lint: ['KFD0228'] },
  { problem: 'one user behind a sign-in', threads: [`${p}5906`], lint: ['KFD0226'] },
  { problem: 'the forged identity header', threads: [`${f}7032`, `${f}6702`], lint: ['KFD0211'] },
  { problem: 'two rules where one was meant', threads: ['istio/istio#39802'], lint: ['KFD0218'] },
  { problem: 'a double star that exempts nothing', threads: ['kubeflow/manifests'], lint: ['KFD0214'] },
  {
    problem: 'a domain with TLS: connections end, access is denied',
    threads: [`${k}2940`],
    lint: ['KFD0220', 'KFD0221', 'KFD0233'],
  },
]
