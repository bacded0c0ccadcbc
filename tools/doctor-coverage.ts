/**
 * The problems people report about Kubeflow's door, 40 of its operators and 39 of its clients, and by what each is
 * recognised: `kfdoor doctor` where it shows from outside (`e2e/doctor-sights.ts`, or `seen` here with the test
 * that shows it), `kfdoor why` by its text, `kfdoor lint` in the YAML. A row the doctor cannot see says why.
 */
export interface Trouble {
  /** `door 1`…`door 40`, `client 1`…`client 39`. */
  readonly row: string
  readonly problem: string
  readonly thread: string
  readonly lint?: readonly string[]
  /** Codes of the walk beside those of the sights, and the test file that shows them. */
  readonly seen?: readonly [codes: string, test: string]
  /** Why a walk from outside does not see it. */
  readonly unseen?: string
}

const inside = 'it happens between pods; no request from outside shows it'
const pod = 'it is a matter of one pod or one program; run `kfdoor why -- CMD` there'
const wish = 'it is a wish and no fault; nothing answers wrongly'

export const troubles: readonly Trouble[] = [
  {
    row: 'door 1',
    problem: 'service accounts get `Jwt issuer is not configured`',
    thread: 'kubeflow/manifests#2840',
    lint: ['KFD0208'],
  },
  {
    row: 'door 2',
    problem: 'the issuer is spelled in two ways',
    thread: 'kubeflow/manifests#3079',
    lint: ['KFD0207'],
  },
  {
    row: 'door 3',
    problem: 'a managed cluster has an issuer of its own',
    thread: 'kubeflow/manifests#2850',
    lint: ['KFD0208', 'KFD0209'],
  },
  {
    row: 'door 4',
    problem: '`Jwks doesn’t have key to match kid or alg`',
    thread: 'kubeflow/manifests#3491',
  },
  {
    row: 'door 5',
    problem: '`Jwt verification fails` with a connector of Dex',
    thread: 'kubeflow/manifests#3109',
    lint: ['KFD0243'],
  },
  {
    row: 'door 6',
    problem: 'sign-in works, then 403: policies want the gateway’s principal',
    thread: 'kubeflow/manifests#2642',
    lint: ['KFD0230', 'KFD0240'],
  },
  {
    row: 'door 7',
    problem: 'a network plug-in bypasses the sidecars’ mTLS',
    thread: 'kubeflow/manifests#2858',
    unseen:
      'the refusal looks like any other (KFD2507); which policy matched stands in the sidecar’s log only',
  },
  { row: 'door 8', problem: '`RBAC: access denied` right after install', thread: 'kubeflow/manifests#2832' },
  {
    row: 'door 9',
    problem: '403 instead of a login page',
    thread: 'kubeflow/kubeflow#6037',
    lint: ['KFD0205', 'KFD0229'],
  },
  {
    row: 'door 10',
    problem: 'a typo in the principals of the profile controller',
    thread: 'kubeflow/kubeflow#7374',
    lint: ['KFD0230'],
  },
  { row: 'door 11', problem: 'a contributor gets 403', thread: 'kubeflow/kubeflow#6590', lint: ['KFD0232'] },
  {
    row: 'door 12',
    problem: 'activator probes are denied, the model is never ready',
    thread: 'kserve/kserve#1558',
    unseen: inside,
  },
  {
    row: 'door 13',
    problem: 'a model answers 403 inside the cluster',
    thread: 'kubeflow/manifests#2201',
    lint: ['KFD0201'],
    unseen: inside,
  },
  {
    row: 'door 14',
    problem: 'KServe’s bundle uses other gateways',
    thread: 'kserve/kserve#2157',
    lint: ['KFD0213', 'KFD0229'],
  },
  {
    row: 'door 15',
    problem: 'a model call is redirected to Dex',
    thread: 'kubeflow/manifests#2575',
    lint: ['KFD0204'],
  },
  {
    row: 'door 16',
    problem: 'one model without sign-in',
    thread: 'kserve/kserve#3766',
    lint: ['KFD0202', 'KFD0203'],
    unseen: wish,
  },
  {
    row: 'door 17',
    problem: 'any namespace can call models',
    thread: 'kserve/kserve#2197',
    lint: ['KFD0219'],
    unseen: inside,
  },
  {
    row: 'door 18',
    problem: 'an exact host hides the dashboard',
    thread: 'kserve/kserve#4648',
    lint: ['KFD0212'],
  },
  {
    row: 'door 19',
    problem: 'path exposure meets routes by authority',
    thread: 'kserve/kserve#2257',
    lint: ['KFD0212'],
  },
  { row: 'door 20', problem: 'scripted sign-in expects an old form', thread: 'kserve/kserve#3129' },
  { row: 'door 21', problem: '`there is no user identity header`', thread: 'kubeflow/pipelines#7133' },
  {
    row: 'door 22',
    problem: 'the SDK in a notebook gets 403',
    thread: 'kubeflow/pipelines#9774',
    unseen: pod,
  },
  {
    row: 'door 23',
    problem: 'the token file is missing',
    thread: 'pluralsh/plural-artifacts#144',
    unseen: pod,
  },
  {
    row: 'door 24',
    problem: 'a client does not trust the certificate',
    thread: 'kubeflow/kfctl#140',
    lint: ['KFD0221'],
    seen: ['KFD0306', 'e2e/doctor.test.ts'],
  },
  { row: 'door 25', problem: '`Could not find CSRF cookie XSRF-TOKEN`', thread: 'kubeflow/kubeflow#5803' },
  {
    row: 'door 26',
    problem: 'sign-in loops, `Unable to find a valid CSRF token`',
    thread: 'oauth2-proxy/oauth2-proxy#2606',
    lint: ['KFD0246'],
  },
  { row: 'door 27', problem: '431 after a session has expired', thread: 'deployKF/deployKF#96' },
  {
    row: 'door 28',
    problem: 'too many redirects with the old auth service',
    thread: 'kubeflow/manifests#2868',
    lint: ['KFD0243'],
  },
  { row: 'door 29', problem: '`CSRF check failed`, more than one tab', thread: 'kubeflow/kubeflow#7521' },
  {
    row: 'door 30',
    problem: 'the auth service waits for Dex',
    thread: 'kubeflow/manifests#2064',
    lint: ['KFD0243'],
  },
  {
    row: 'door 31',
    problem: 'the session store cannot be written',
    thread: 'kubeflow/manifests#2648',
    unseen: 'the pod does not start; outside it is a 403 with an empty body (KFD2508)',
  },
  {
    row: 'door 32',
    problem: '`issuer did not match`',
    thread: 'canonical/bundle-kubeflow#833',
    lint: ['KFD0243'],
    unseen: 'only the auth service’s log says it; outside it is a 403 with an empty body (KFD2508)',
  },
  {
    row: 'door 33',
    problem: 'the EnvoyFilter asks callers of every gateway',
    thread: 'kubeflow/manifests#3104',
    lint: ['KFD0204'],
    unseen: 'that another gateway was meant to be open is not in any answer',
  },
  {
    row: 'door 34',
    problem: 'an EnvoyFilter is silently not applied',
    thread: 'kubeflow/manifests#2656',
    lint: ['KFD0216', 'KFD0228'],
  },
  {
    row: 'door 35',
    problem: 'another ingress controller does not reach the gateway',
    thread: 'kubeflow/manifests#3547',
    seen: ['KFD0303', 'e2e/doctor.test.ts'],
  },
  { row: 'door 36', problem: 'tokens are larger than servers take', thread: 'kubeflow/manifests' },
  {
    row: 'door 37',
    problem: 'a new static user is refused',
    thread: 'kubeflow/kubeflow#5918',
    seen: ['KFD0313', 'e2e/doctor.test.ts'],
  },
  {
    row: 'door 38',
    problem: 'HTTPS ends outside, redirects go to http',
    thread: 'deployKF/deployKF#253',
    lint: ['KFD0246'],
    seen: ['KFD0321', 'src/doctor/walk/judge-sign-in.test.ts'],
  },
  {
    row: 'door 39',
    problem: 'a placeholder issuer is left in',
    thread: 'kubeflow/manifests#2850',
    lint: ['KFD0209'],
    unseen: 'every token is refused with KFD2201; that it is the placeholder stands in the YAML only',
  },
  {
    row: 'door 40',
    problem: 'a policy names an unknown provider',
    thread: 'istio/istio#40944',
    lint: ['KFD0205'],
  },
  { row: 'client 1', problem: '`there is no user identity header`', thread: 'kubeflow/pipelines#7133' },
  {
    row: 'client 2',
    problem: 'a token for the wrong audience',
    thread: 'kubeflow/pipelines#5138',
    lint: ['KFD0210'],
  },
  {
    row: 'client 3',
    problem: 'a notebook injects the identity header and is refused',
    thread: 'kubeflow/pipelines#4440',
    lint: ['KFD0211'],
  },
  { row: 'client 4', problem: 'Pipelines refuses to tell its health', thread: 'kubeflow/pipelines#4976' },
  {
    row: 'client 5',
    problem: '`Jwt issuer is not configured`',
    thread: 'kubeflow/pipelines#11025',
    lint: ['KFD0208'],
  },
  { row: 'client 6', problem: 'the JWKS was copied once', thread: 'kubeflow/manifests#2850' },
  { row: 'client 7', problem: 'bearer tokens are not looked at', thread: 'kubeflow/manifests#2517' },
  { row: 'client 8', problem: 'a helper stops at the sign-in page', thread: 'kserve/kserve#4011' },
  {
    row: 'client 9',
    problem: 'a POST ends at Dex',
    thread: 'kubeflow/manifests#2844',
    unseen: 'a walk sends no POST; that http is sent on to https is KFD0328',
  },
  {
    row: 'client 10',
    problem: 'the SDK swallowed a login page',
    thread: 'kubeflow/pipelines#5640',
    unseen: pod,
  },
  { row: 'client 11', problem: 'healthz is 404', thread: 'kubeflow/kubeflow#5989' },
  { row: 'client 12', problem: 'the docs’ curl steps do not match', thread: 'kserve/kserve#3129' },
  { row: 'client 13', problem: 'no sign-in for programs', thread: 'kubeflow/website#2916', unseen: wish },
  {
    row: 'client 14',
    problem: 'the session ends before Dex’s token',
    thread: 'kubeflow/manifests#1884',
    lint: ['KFD0244'],
    unseen: 'it shows after a day; the walk prints until when the credential is good',
  },
  { row: 'client 15', problem: '`CSRF check failed`', thread: 'arrikto/oidc-authservice#113' },
  {
    row: 'client 16',
    problem: '`Unable to find a valid CSRF token`',
    thread: 'oauth2-proxy/oauth2-proxy#2606',
    lint: ['KFD0246'],
  },
  { row: 'client 17', problem: 'too many redirects', thread: 'kubeflow/manifests#2868' },
  { row: 'client 18', problem: '431 Request Header Fields Too Large', thread: 'deployKF/deployKF#96' },
  { row: 'client 19', problem: '`Could not find CSRF cookie XSRF-TOKEN`', thread: 'kubeflow/kubeflow#5803' },
  {
    row: 'client 20',
    problem: 'Dex does not know the client',
    thread: 'kubeflow/manifests#1803',
    lint: ['KFD0243'],
  },
  { row: 'client 21', problem: 'the auth service cannot reach Dex', thread: 'kubeflow/manifests#2224' },
  {
    row: 'client 22',
    problem: '302 to `/dex/auth` on predict',
    thread: 'kserve/kserve#668',
    lint: ['KFD0204'],
  },
  {
    row: 'client 23',
    problem: 'KServe without Dex is wanted',
    thread: 'kubeflow/manifests#2575',
    lint: ['KFD0202', 'KFD0203'],
    unseen: wish,
  },
  {
    row: 'client 24',
    problem: '403, with words or with none',
    thread: 'kserve/kserve#874',
    lint: ['KFD0240'],
  },
  { row: 'client 25', problem: 'a header rule on a TCP port: 503', thread: 'kserve/kserve#1076' },
  {
    row: 'client 26',
    problem: 'an empty 404 from the gateway',
    thread: 'kserve/kserve#1880',
    lint: ['KFD0213'],
  },
  {
    row: 'client 27',
    problem: 'a route on the local gateway only',
    thread: 'kserve/kserve#2157',
    lint: ['KFD0213'],
  },
  {
    row: 'client 28',
    problem: 'explainers and transformers get a login page',
    thread: 'kserve/kserve#504',
    lint: ['KFD0204'],
    unseen: inside,
  },
  { row: 'client 29', problem: 'upstream connect errors', thread: 'kserve/kserve#913' },
  { row: 'client 30', problem: '`User … is not authorized with reason`', thread: 'kubeflow/pipelines#8854' },
  {
    row: 'client 31',
    problem: '`Namespace is empty`',
    thread: 'kubeflow/pipelines#4440',
    unseen: 'the walk names a namespace; it is the call of a script that does not',
  },
  {
    row: 'client 32',
    problem: '`CERTIFICATE_VERIFY_FAILED`',
    thread: 'kubeflow/pipelines#6378',
    lint: ['KFD0221'],
    seen: ['KFD0306', 'e2e/doctor.test.ts'],
  },
  {
    row: 'client 33',
    problem: 'a redirect to https turns POST into GET',
    thread: 'kubeflow/kfctl#140',
    lint: ['KFD0233'],
    seen: ['KFD0328', 'e2e/doctor.test.ts'],
  },
  { row: 'client 34', problem: '401 after minutes in a long process', thread: 'kubeflow/pipelines#4624' },
  { row: 'client 35', problem: 'denials come and go', thread: 'kubeflow/kubeflow#5077' },
  { row: 'client 36', problem: '`401 No user detected`', thread: 'kubeflow/manifests#2931' },
  {
    row: 'client 37',
    problem: 'Dex with several replicas and memory storage',
    thread: 'kubeflow/manifests#3376',
  },
  {
    row: 'client 38',
    problem: 'the dashboard shows anonymous@kubeflow.org',
    thread: 'kubeflow/kubeflow#3805',
    lint: ['KFD0228'],
  },
  {
    row: 'client 39',
    problem: 'one user behind a sign-in',
    thread: 'kubeflow/pipelines#5906',
    lint: ['KFD0226'],
  },
]
