import { certain, likely, type Problem } from '../problem.ts'

/** Kubeflow Pipelines' own answers. */
export const pipelines: readonly Problem[] = [
  {
    code: 'KFD2301',
    title: {
      en: 'Pipelines does not know who you are',
      ko: 'Pipelines가 누구인지 알지 못합니다',
    },
    cause: {
      en: 'The request reached the API server without `kubeflow-userid`: it went past the gateway (a port-forward of ml-pipeline or ml-pipeline-ui, a call from a pod without a token), or the session is missing or over.',
      ko: '요청이 `kubeflow-userid` 없이 API 서버에 도달했습니다. 게이트웨이를 우회했거나(ml-pipeline 또는 ml-pipeline-ui의 port-forward, 토큰 없는 파드의 호출), 세션이 없거나 끝났습니다.',
    },
    fix: {
      en: 'From outside: through the gateway, with the cookie of a session. From a pod: a service-account token with the audience pipelines.kubeflow.org. Setting MULTIUSER=false makes the text go away and everybody an administrator.',
      ko: '밖에서는 세션 쿠키를 가지고 게이트웨이를 통하세요. 파드에서는 audience가 pipelines.kubeflow.org인 서비스 어카운트 토큰을 쓰세요. MULTIUSER=false로 하면 메시지는 사라지지만 모두가 관리자가 됩니다.',
    },
    commands: [
      'kubectl port-forward -n istio-system svc/istio-ingressgateway 8080:80',
      "kfp.Client(host='http://localhost:8080/pipeline', cookies='authservice_session=VALUE')",
    ],
    readOn: [
      'kubeflow/pipelines#7133',
      'kubeflow/pipelines#7777',
      'kubeflow/pipelines#8087',
      'kubeflow/pipelines#6120',
      'canonical/bundle-kubeflow#411',
      'kubeflow/kale#325',
    ],
    signals: [
      certain('there is no user identity header'),
      certain('user identity is empty in the request header'),
    ],
  },
  {
    code: 'KFD2302',
    title: {
      en: 'a notebook sends `kubeflow-userid` itself and is refused',
      ko: '노트북이 `kubeflow-userid`를 직접 보내 거부됩니다',
    },
    cause: {
      en: 'The policy of ml-pipeline lets in the known principals, or callers without `kubeflow-userid`. The popular EnvoyFilter that adds the header to every call of a notebook makes it neither.',
      ko: 'ml-pipeline의 정책은 알려진 주체이거나 `kubeflow-userid`가 없는 호출자만 들여보냅니다. 노트북의 모든 호출에 이 헤더를 붙이는 흔한 EnvoyFilter는 둘 다 아니게 만듭니다.',
    },
    fix: {
      en: 'Delete the EnvoyFilter and use the token that the PodDefault access-ml-pipeline mounts.',
      ko: 'EnvoyFilter를 지우고 PodDefault access-ml-pipeline이 마운트하는 토큰을 쓰세요.',
    },
    commands: [
      'kubectl -n NAMESPACE get envoyfilters',
      'kubectl -n NAMESPACE get poddefault access-ml-pipeline',
    ],
    readOn: [
      'kubeflow/pipelines#4440',
      'kubeflow/pipelines#9774',
      'kubeflow/kale#350',
      'kubeflow/kubeflow#6061',
      'kubeflow/manifests#1569',
    ],
    signals: [
      certain('rbac: access denied', 'kubeflow-userid', /notebook|envoyfilter|kfp/),
      likely('rbac: access denied', /kfp_server_api|kfp\.client|list_experiments|create_run/),
      likely('envoyfilter', 'kubeflow-userid', '403'),
    ],
  },
  {
    code: 'KFD2303',
    title: {
      en: 'the SDK cannot even ask for the health of Pipelines',
      ko: 'SDK가 Pipelines의 상태조차 묻지 못합니다',
    },
    cause: {
      en: 'kfp asks for `/healthz` when the client is made, five times, five seconds apart. The reason stands in the log above: `RBAC: access denied` means that the policy of ml-pipeline does not list the caller; 401, 403 HTML or 404 mean the door.',
      ko: 'kfp는 클라이언트를 만들 때 `/healthz`를 5초 간격으로 다섯 번 묻습니다. 이유는 위쪽 로그에 있습니다. `RBAC: access denied`라면 ml-pipeline의 정책에 호출자가 없다는 뜻이고, 401이나 403 HTML, 404라면 문의 문제입니다.',
    },
    fix: {
      en: 'Update to the policies of 1.9.1 or later, or add the namespace or principal to the policy ml-pipeline. Look at the answer itself with curl.',
      ko: '1.9.1 이상의 정책으로 올리거나, ml-pipeline 정책에 네임스페이스나 주체를 추가하세요. curl로 실제 응답을 확인하세요.',
    },
    commands: ['curl -i http://HOST/pipeline/apis/v2beta1/healthz'],
    readOn: [
      'kubeflow/pipelines#4976',
      'kubeflow/pipelines#9774',
      'kubeflow/manifests#2747',
      'kubeflow/manifests#2794',
    ],
    signals: [
      certain(/failed to get healthz info attempt \d/),
      certain('failed getting healthz endpoint after 5 attempts'),
      likely('healthz', 'rbac: access denied'),
    ],
  },
  {
    code: 'KFD2304',
    title: {
      en: 'Pipelines answers 404: another path or another version of the API',
      ko: 'Pipelines가 404로 답합니다: 경로나 API 버전이 다릅니다',
    },
    cause: {
      en: 'Behind the gateway the API is under `/pipeline`. And kfp 2 asks for `v2beta1`, which servers before 2.0 do not have; kfp 1.8 asks for `v1beta1`.',
      ko: '게이트웨이 뒤에서 API는 `/pipeline` 아래에 있습니다. 또 kfp 2는 `v2beta1`을 묻는데 2.0 이전 서버에는 없고, kfp 1.8은 `v1beta1`을 묻습니다.',
    },
    fix: {
      en: 'Take `http://HOST/pipeline` as host, and the kfp of your server: 1.8 for Kubeflow up to 1.7, 2 since 1.8.',
      ko: 'host로 `http://HOST/pipeline`을 쓰고, 서버에 맞는 kfp를 쓰세요. Kubeflow 1.7까지는 1.8, 1.8부터는 2입니다.',
    },
    commands: ['curl -i http://HOST/pipeline/apis/v2beta1/healthz', 'pip install "kfp<2"'],
    readOn: ['kubeflow/kubeflow#5989'],
    signals: [
      certain('404', /\/apis\/v\d\w*\/healthz/),
      likely('healthz', '404'),
      likely('404', '/apis/v2beta1/'),
      likely('404', '/apis/v1beta1/'),
    ],
    facts: { path: /(\/[\w/]{0,60}apis\/v\d\w*\/[\w/]{1,60})/ },
  },
  {
    code: 'KFD2305',
    title: {
      en: 'Pipelines knows you, and you may not do that there',
      ko: 'Pipelines가 누구인지 알지만 그곳에서 그 일은 허용되지 않습니다',
    },
    cause: {
      en: 'The API server asked Kubernetes whether this user may do this to this resource in this namespace, and the answer was no: no RoleBinding, a wrong namespace (`undefined`, or none), or roles of another version.',
      ko: 'API 서버가 이 사용자가 이 네임스페이스에서 이 자원에 이 작업을 해도 되는지 Kubernetes에 물었고, 답은 아니오였습니다. RoleBinding이 없거나, 네임스페이스가 틀렸거나(`undefined`이거나 없음), 역할의 버전이 다릅니다.',
    },
    fix: {
      en: 'Check the namespace in the text first. Then give the user `kubeflow-edit` there, best by adding them as a contributor.',
      ko: '먼저 메시지의 네임스페이스를 확인하세요. 그런 다음 그곳에서 사용자에게 `kubeflow-edit`를 주세요. 기여자로 추가하는 방법이 가장 좋습니다.',
    },
    commands: [
      'kubectl auth can-i VERB RESOURCE.pipelines.kubeflow.org -n NAMESPACE --as USER',
      'kubectl -n NAMESPACE create rolebinding NAME --clusterrole=kubeflow-edit --user=USER',
    ],
    readOn: ['kubeflow/pipelines#8854', 'alauda/kubeflow-chart#19'],
    signals: [
      certain('is not authorized with reason'),
      certain('&resourceattributes{'),
      likely('permissiondenied', 'pipelines.kubeflow.org'),
    ],
    facts: {
      user: /user '([^']{1,100})' is not authorized/,
      namespace: /resourceattributes\{namespace:([^,]{1,80}),/,
      verb: /,verb:(\w{1,30}),/,
      resource: /,resource:(\w{1,40}),/,
    },
  },
  {
    code: 'KFD2306',
    title: { en: 'the call names no namespace', ko: '호출에 네임스페이스가 없습니다' },
    cause: {
      en: 'In a multi-user installation every experiment, run and job belongs to a namespace, and the request has none.',
      ko: '다중 사용자 설치에서는 모든 실험, 실행, 작업이 네임스페이스에 속하는데 요청에 네임스페이스가 없습니다.',
    },
    fix: {
      en: 'Hand over `namespace=`, or set it once for this machine.',
      ko: '`namespace=`를 넘기거나 이 컴퓨터에 한 번 설정해 두세요.',
    },
    commands: ["client.set_user_namespace('NAMESPACE')", "client.list_experiments(namespace='NAMESPACE')"],
    readOn: ['kubeflow/pipelines#4440'],
    signals: [
      certain('namespace is empty'),
      certain('cannot have an empty namespace in multi-user mode'),
      likely('namespace cannot be empty', /run|experiment|pipeline/),
    ],
  },
  {
    code: 'KFD2307',
    title: {
      en: 'Pipelines runs for a single user behind a sign-in',
      ko: '로그인 뒤의 Pipelines가 단일 사용자로 돌고 있습니다',
    },
    cause: {
      en: '`multi_user: false`: the API server looks neither at users nor at namespaces. Whoever gets past the door sees and changes everything.',
      ko: '`multi_user: false`: API 서버가 사용자도 네임스페이스도 보지 않습니다. 문을 지난 사람은 누구나 모든 것을 보고 바꿀 수 있습니다.',
    },
    fix: {
      en: 'Install the multi-user overlay (`platform-agnostic-multi-user`), which sets MULTIUSER=true and the policies that go with it.',
      ko: 'MULTIUSER=true와 그에 맞는 정책을 설정하는 다중 사용자 오버레이(`platform-agnostic-multi-user`)를 설치하세요.',
    },
    commands: ['kubectl -n kubeflow get deployment ml-pipeline -o yaml | grep -A1 MULTIUSER'],
    readOn: ['kubeflow/pipelines#5906'],
    signals: [
      certain(/'?"?multi_user'?"? ?[:=] ?false/),
      likely('multiuser=false'),
      likely(/multiuser"?:? ?"?false/),
    ],
  },
  {
    code: 'KFD2308',
    title: {
      en: 'the identity header came twice',
      ko: '신원 헤더가 두 번 왔습니다',
    },
    cause: {
      en: 'Both the client (or a filter) and the door wrote `kubeflow-userid`. The API server takes exactly one.',
      ko: '클라이언트(또는 필터)와 문이 모두 `kubeflow-userid`를 썼습니다. API 서버는 정확히 하나만 받습니다.',
    },
    fix: {
      en: 'Do not send the header: the door writes it. Find the filter that adds it.',
      ko: '헤더를 직접 보내지 마세요. 문이 씁니다. 그것을 덧붙이는 필터를 찾으세요.',
    },
    commands: ['kubectl get envoyfilters -A'],
    readOn: ['kubeflow/pipelines#4440'],
    signals: [certain(/unexpected number of '[\w-]{1,60}' headers/)],
  },
]
