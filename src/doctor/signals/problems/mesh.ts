import { certain, likely, type Problem, possible } from '../problem.ts'

/** Istio's policies, identities and networks. */
export const mesh: readonly Problem[] = [
  {
    code: 'KFD2501',
    title: {
      en: 'the sign-in works, and the apps behind it answer 403',
      ko: '로그인은 되지만 뒤의 앱들이 403으로 답합니다',
    },
    cause: {
      en: 'The apps let in only the ingress gateway, by its mTLS identity. Without a sidecar, with mTLS off or with another service account for the gateway, they see somebody else.',
      ko: '앱들은 mTLS 신원으로 확인한 인그레스 게이트웨이만 들여보냅니다. 사이드카가 없거나 mTLS가 꺼졌거나 게이트웨이의 서비스 어카운트가 다르면 다른 누군가로 보입니다.',
    },
    fix: {
      en: "Check that the pods have sidecars, and that the principal in their policies is your gateway's service account.",
      ko: '파드에 사이드카가 있는지, 정책의 principal이 여러분 게이트웨이의 서비스 어카운트인지 확인하세요.',
    },
    commands: [
      'kubectl -n kubeflow get pods   # 2/2 = with a sidecar',
      'kubectl -n kubeflow get authorizationpolicy central-dashboard -o yaml | grep principals -A2',
    ],
    readOn: ['kubeflow/manifests#2642'],
    signals: [
      certain('/api/workgroup/exists', '403'),
      certain('/api/workgroup/exists', 'rbac: access denied'),
      likely('/pipeline/apis', '403', 'rbac: access denied'),
      likely('/api/workgroup/', 'rbac: access denied'),
    ],
  },
  {
    code: 'KFD2502',
    title: {
      en: 'the network goes around the sidecars',
      ko: '네트워크가 사이드카를 우회합니다',
    },
    cause: {
      en: '`rbac_access_denied_matched_policy[none]`: no ALLOW rule fits, and the caller has no identity. On Talos or with Cilium the traffic may never pass the sidecar, so there is no mTLS and no principal.',
      ko: '`rbac_access_denied_matched_policy[none]`: 맞는 ALLOW 규칙이 없고 호출자에게 신원이 없습니다. Talos나 Cilium에서는 트래픽이 사이드카를 지나지 않을 수 있어 mTLS도 principal도 없습니다.',
    },
    fix: {
      en: 'Configure the CNI for Istio (Cilium: `socketLB.hostNamespaceOnly`, `cni.exclusive=false`), then restart the pods.',
      ko: 'CNI를 Istio에 맞게 설정한 뒤(Cilium: `socketLB.hostNamespaceOnly`, `cni.exclusive=false`) 파드를 재시작하세요.',
    },
    readOn: ['kubeflow/manifests#2858', 'kubeflow/kubeflow#6710'],
    signals: [
      certain('rbac_access_denied_matched_policy[none]'),
      likely(/cilium|talos/, 'rbac: access denied'),
      likely(/cilium|talos/, /istio|kubeflow/, /403|denied/),
    ],
  },
  {
    code: 'KFD2503',
    title: {
      en: 'the dashboard is refused right after the installation',
      ko: '설치 직후 대시보드가 거부됩니다',
    },
    cause: {
      en: 'require-jwt denies whoever has no verified token, and at first nobody can have one: oauth2-proxy or Dex are not ready, or istiod has not fetched the keys of Dex yet.',
      ko: 'require-jwt는 검증된 토큰이 없는 요청을 거부하는데, 처음에는 아무도 가질 수 없습니다. oauth2-proxy나 Dex가 준비되지 않았거나 istiod가 아직 Dex의 키를 받지 못했습니다.',
    },
    fix: {
      en: 'Wait until both are ready; then give istiod a minute (PILOT_JWT_PUB_KEY_REFRESH_INTERVAL=1m) or restart it.',
      ko: '둘 다 준비될 때까지 기다린 뒤, istiod에 1분을 주거나(PILOT_JWT_PUB_KEY_REFRESH_INTERVAL=1m) 재시작하세요.',
    },
    commands: [
      'kubectl -n oauth2-proxy get pods',
      'kubectl -n auth get pods',
      'kubectl -n istio-system rollout restart deployment/istiod',
    ],
    readOn: ['kubeflow/manifests#2832'],
    signals: [
      certain('rbac: access denied', /(after|fresh|new) (the )?(install\w*|deploy\w*)/),
      certain('rbac: access denied', 'require-jwt'),
      likely('rbac: access denied', /dashboard/),
    ],
  },
  {
    code: 'KFD2504',
    title: {
      en: 'the policies of notebooks name the wrong principals',
      ko: '노트북 정책이 잘못된 principal을 가리킵니다',
    },
    cause: {
      en: 'The profile controller writes ISTIO_INGRESS_GATEWAY_PRINCIPAL, NOTEBOOK_CONTROLLER_PRINCIPAL and KFP_UI_PRINCIPAL into the policy of every profile. A typo, another gateway or another trust domain locks everybody out of the notebooks.',
      ko: '프로필 컨트롤러는 모든 프로필의 정책에 ISTIO_INGRESS_GATEWAY_PRINCIPAL, NOTEBOOK_CONTROLLER_PRINCIPAL, KFP_UI_PRINCIPAL을 씁니다. 오타나 다른 게이트웨이, 다른 trust domain이면 모두가 노트북에 들어가지 못합니다.',
    },
    fix: {
      en: 'Compare them with the service accounts that run, set them in profiles-config, restart the controller.',
      ko: '실제 서비스 어카운트와 비교해 profiles-config에 설정하고 컨트롤러를 재시작하세요.',
    },
    commands: [
      'kubectl -n kubeflow get configmap -o name | grep profiles-config',
      'kubectl -n NAMESPACE get authorizationpolicy ns-owner-access-istio -o yaml',
    ],
    readOn: ['kubeflow/kubeflow#7374'],
    signals: [
      certain(/(notebook_controller|istio_ingress_gateway|kfp_ui)_principal/),
      certain('rbac: access denied', /\/notebook\/[\w-]+\//),
      likely('notebook', '403', 'rbac: access denied'),
    ],
  },
  {
    code: 'KFD2505',
    title: {
      en: 'a contributor is refused in a shared namespace',
      ko: '기여자가 공유 네임스페이스에서 거부됩니다',
    },
    cause: {
      en: 'A contributor needs two things, both made by KFAM: a RoleBinding, and an AuthorizationPolicy that names them exactly as `kubeflow-userid` does, prefix and letter case included.',
      ko: '기여자에게는 KFAM이 만드는 두 가지가 필요합니다. RoleBinding과, `kubeflow-userid`와 접두사·대소문자까지 똑같이 사용자를 적은 AuthorizationPolicy입니다.',
    },
    fix: {
      en: 'Look for both by name; remove the contributor and add them again where one is missing.',
      ko: '둘 다 있는지 이름으로 찾아보고, 하나가 없으면 기여자를 지웠다가 다시 추가하세요.',
    },
    commands: ['kubectl -n NAMESPACE get rolebindings,authorizationpolicies | grep clusterrole'],
    readOn: ['kubeflow/kubeflow#6590', 'kubeflow/kubeflow#5227'],
    signals: [
      certain('contributor', /403|denied|rbac/),
      likely(/shared (notebook|namespace|profile)/, /403|denied/),
    ],
  },
  {
    code: 'KFD2506',
    title: {
      en: 'network policies keep others away from the gateway',
      ko: '네트워크 정책이 다른 곳에서 게이트웨이로 가는 길을 막습니다',
    },
    cause: {
      en: 'Release 26.03 adds NetworkPolicies that let only their own namespace and Knative reach the gateway pods. Another ingress controller, or pods that call models, time out.',
      ko: '26.03 릴리스는 같은 네임스페이스와 Knative만 게이트웨이 파드에 닿도록 하는 NetworkPolicy를 추가했습니다. 다른 인그레스 컨트롤러나 모델을 부르는 파드는 시간 초과가 납니다.',
    },
    fix: {
      en: 'Add a NetworkPolicy in istio-system that lets that namespace, or the range of the nodes, reach port 8080 and 8443.',
      ko: 'istio-system에 그 네임스페이스나 노드 대역이 8080, 8443 포트에 닿도록 하는 NetworkPolicy를 추가하세요.',
    },
    commands: ['kubectl -n istio-system get networkpolicies'],
    readOn: ['kubeflow/manifests#3547'],
    signals: [
      certain('default-allow-same-namespace'),
      certain('networkpolic', /ingress ?gateway/),
      likely('ingress controller', /time[d]? ?out|unreachable/, /istio|gateway/),
      possible('networkpolicy', 'istio-system'),
    ],
  },
  {
    code: 'KFD2507',
    title: {
      en: 'a policy of the mesh refused the request (`RBAC: access denied`)',
      ko: 'mesh의 정책이 요청을 거부했습니다(`RBAC: access denied`)',
    },
    cause: {
      en: 'These 19 bytes come from an AuthorizationPolicy, at the gateway or at the sidecar of the workload. At the gateway: no verified token (require-jwt), for example because `Basic …` was sent. At the workload: you are not the owner `kubeflow-userid` has to name, or you did not come by the gateway it expects.',
      ko: '이 19바이트는 게이트웨이나 워크로드 사이드카의 AuthorizationPolicy가 보낸 것입니다. 게이트웨이라면 검증된 토큰이 없다는 뜻입니다(require-jwt, 예를 들어 `Basic …`을 보낸 경우). 워크로드라면 `kubeflow-userid`에 적힌 사람이 소유자가 아니거나, 기대한 게이트웨이로 오지 않은 것입니다.',
    },
    fix: {
      en: 'Find out which hop it was: `x-envoy-upstream-service-time` in the answer means the workload refused, its absence means the gateway did. Then list the policies there.',
      ko: '어느 홉인지 먼저 알아내세요. 응답에 `x-envoy-upstream-service-time`이 있으면 워크로드가, 없으면 게이트웨이가 거부한 것입니다. 그런 다음 그곳의 정책을 확인하세요.',
    },
    commands: [
      'kubectl -n istio-system get authorizationpolicies',
      'kubectl -n NAMESPACE get authorizationpolicies',
    ],
    readOn: ['kserve/kserve#874', 'kubeflow/manifests#2642'],
    signals: [{ all: ['rbac: access denied'], means: 'likely' }],
  },
  {
    code: 'KFD2508',
    title: {
      en: 'the auth service was not reached or failed (403 with an empty body)',
      ko: '인증 서비스에 닿지 못했거나 실패했습니다(본문이 빈 403)',
    },
    cause: {
      en: 'When the check itself fails, Envoy answers 403 and nothing else: the auth service is down, too slow, or its name does not resolve. It is the same on every path, `/` included.',
      ko: '검사 자체가 실패하면 Envoy는 본문 없이 403만 답합니다. 인증 서비스가 죽었거나 너무 느리거나 이름을 찾을 수 없는 경우입니다. `/`를 포함한 모든 경로에서 똑같습니다.',
    },
    fix: {
      en: 'Look at the pods of the auth service and of Dex.',
      ko: '인증 서비스와 Dex의 파드를 확인하세요.',
    },
    commands: [
      'kubectl -n oauth2-proxy get pods',
      'kubectl -n istio-system get pods -l app=authservice',
      'kubectl -n auth get pods',
    ],
    readOn: ['kubeflow/manifests#2224', 'kubeflow/manifests#2064'],
    signals: [
      certain('403', 'server: istio-envoy', 'content-length: 0'),
      certain('ext_authz_error'),
      likely('403 uaex'),
    ],
  },
]
