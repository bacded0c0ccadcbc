import { certain, likely, type Problem, possible } from '../problem.ts'

/** Models: how they are reached, and what refuses on the way. */
export const kserve: readonly Problem[] = [
  {
    code: 'KFD2401',
    title: {
      en: 'a model refuses calls from inside the cluster (403)',
      ko: '모델이 클러스터 안의 호출을 거부합니다(403)',
    },
    cause: {
      en: 'The last hop is refused: the policy of the profile (`ns-owner-access-istio`) lets in the owner through the ingress gateway, or the namespace itself. A call by way of knative-local-gateway and the activator is neither. An empty 403 is another thing: the auth service failed or refused the cookie.',
      ko: '마지막 홉에서 거부됩니다. 프로필의 정책(`ns-owner-access-istio`)은 인그레스 게이트웨이를 거친 소유자나 같은 네임스페이스만 들여보내는데, knative-local-gateway와 activator를 거친 호출은 둘 다 아닙니다. 본문이 빈 403은 다른 문제로, 인증 서비스가 실패했거나 쿠키를 거부한 것입니다.',
    },
    fix: {
      en: 'Add an AuthorizationPolicy for the predictor: selector `serving.knative.dev/service: NAME-predictor`, and rules for those who may.',
      ko: 'predictor에 AuthorizationPolicy를 추가하세요. 셀렉터는 `serving.knative.dev/service: NAME-predictor`이고, 허용할 대상을 rules에 적습니다.',
    },
    commands: [
      'kubectl -n NAMESPACE get authorizationpolicies',
      'kubectl -n NAMESPACE get pods -l serving.knative.dev/service --show-labels',
    ],
    readOn: [
      'kubeflow/manifests#2201',
      'kserve/kserve#874',
      'kserve/kserve#2750',
      'kubeflow/kubeflow#7691',
      'kubeflow/kubeflow#5965',
    ],
    signals: [
      certain('rbac: access denied', /svc\.cluster\.local[^ ]{0,20}\/v[12]\/models/),
      certain('rbac: access denied', /\/v[12]\/models\/[\w.-]+/),
      likely('rbac: access denied', /inferenceservice|kserve|predictor/),
      likely('403', /\.svc\.cluster\.local[^ ]{0,20}\/v[12]\/models/),
    ],
    facts: { path: /(\/v[12]\/models\/[\w.:/-]{1,80})/ },
  },
  {
    code: 'KFD2402',
    title: {
      en: "Knative's activator cannot probe the model",
      ko: 'Knative activator가 모델을 점검하지 못합니다',
    },
    cause: {
      en: 'The activator asks the pod whether it is ready and reads `RBAC: access denied` where it wants `queue`: a policy of the namespace does not let the probe paths in. The InferenceService never becomes ready.',
      ko: 'activator가 파드의 준비 상태를 물었는데 `queue` 대신 `RBAC: access denied`를 받았습니다. 네임스페이스의 정책이 점검 경로를 막고 있어 InferenceService가 준비되지 않습니다.',
    },
    fix: {
      en: 'Allow `/healthz`, `/metrics`, `/wait-for-drain` from anyone, or knative-serving as a namespace; profiles do so by themselves in recent releases.',
      ko: '`/healthz`, `/metrics`, `/wait-for-drain`을 누구에게나 허용하거나 knative-serving 네임스페이스를 허용하세요. 최근 릴리스의 프로필은 스스로 그렇게 합니다.',
    },
    commands: ['kubectl -n NAMESPACE get authorizationpolicy ns-owner-access-istio -o yaml'],
    readOn: ['kserve/kserve#1558', 'kserve/kserve#1153', 'kubeflow/manifests#924'],
    signals: [
      certain('want "queue"'),
      likely('unexpected body', 'rbac: access denied'),
      likely('activator', 'probe', 'rbac'),
    ],
  },
  {
    code: 'KFD2403',
    title: {
      en: 'no route knows this host (404 with an empty body)',
      ko: '이 호스트를 아는 경로가 없습니다(본문이 빈 404)',
    },
    cause: {
      en: 'The gateway itself answered: no VirtualService has this Host. Serverless models are `NAME.NAMESPACE.DOMAIN`, raw deployments `NAME-NAMESPACE.DOMAIN`; the domain may be cluster-local, or the InferenceService is not ready. A 404 of the model is JSON and comes with `server: uvicorn`.',
      ko: '게이트웨이가 직접 답했습니다. 이 Host를 가진 VirtualService가 없습니다. 서버리스 모델은 `NAME.NAMESPACE.DOMAIN`, raw 배포는 `NAME-NAMESPACE.DOMAIN`입니다. 도메인이 클러스터 내부용이거나 InferenceService가 준비되지 않았을 수도 있습니다. 모델이 답한 404는 JSON이고 `server: uvicorn`이 붙습니다.',
    },
    fix: {
      en: 'Send exactly the host of `status.url`.',
      ko: '`status.url`의 호스트를 그대로 보내세요.',
    },
    commands: [
      "kubectl -n NAMESPACE get inferenceservice NAME -o jsonpath='{.status.url}'",
      'curl -i -H "Host: NAME.NAMESPACE.example.com" http://GATEWAY/v1/models/NAME',
    ],
    readOn: [
      'kserve/kserve#1880',
      'kserve/kserve#2596',
      'kserve/kserve#2757',
      'kserve/kserve#1665',
      'kserve/kserve#2212',
      'kserve/website#355',
    ],
    signals: [
      certain('404', 'server: istio-envoy', 'content-length: 0'),
      // Envoy's own 404 has no body and no time of an upstream; an application's has both.
      {
        all: ['404', 'server: istio-envoy'],
        none: ['x-envoy-upstream-service-time', /content-type: ?(application|text)\//],
        means: 'likely',
      },
      likely('jsondecodeerror: expecting value: line 1 column 1 (char 0)', /kserve|inference/),
      likely('404 not found', /\/v[12]\/models\//, 'envoy'),
    ],
    facts: { host: /host: ?([a-z0-9.-]{1,120}(?::\d+)?)/ },
  },
  {
    code: 'KFD2404',
    title: {
      en: 'the model is only routed on the local gateway',
      ko: '모델이 로컬 게이트웨이에만 연결되어 있습니다',
    },
    cause: {
      en: 'It answers inside the cluster and is 404 or 403 at the ingress: KServe was told another ingress gateway, or the service is cluster-local (a label, or the domain svc.cluster.local).',
      ko: '클러스터 안에서는 답하지만 인그레스에서는 404나 403입니다. KServe에 다른 인그레스 게이트웨이가 설정되어 있거나, 서비스가 cluster-local입니다(라벨 또는 svc.cluster.local 도메인).',
    },
    fix: {
      en: 'Set ingressGateway in inferenceservice-config to kubeflow/kubeflow-gateway, and give Knative an external domain.',
      ko: 'inferenceservice-config의 ingressGateway를 kubeflow/kubeflow-gateway로 두고 Knative에 외부 도메인을 설정하세요.',
    },
    commands: [
      'kubectl -n kubeflow get configmap inferenceservice-config -o yaml | grep -A8 ingress',
      'kubectl -n knative-serving get configmap config-domain -o yaml',
    ],
    readOn: ['kserve/kserve#2157'],
    signals: [
      certain('cluster-local-gateway', '404'),
      certain('networking.knative.dev/visibility', 'cluster-local'),
      likely('knative-local-gateway', '404'),
      likely('inferenceservice-config', 'ingressgateway'),
    ],
  },
  {
    code: 'KFD2405',
    title: {
      en: 'the dashboard is 404 since models have paths',
      ko: '모델에 경로를 준 뒤로 대시보드가 404입니다',
    },
    cause: {
      en: "Envoy takes the most specific host and then only its routes. A VirtualService that claims the dashboard's real host name (pathTemplate with an ingressDomain, or your own) hides everything that says `*`.",
      ko: 'Envoy는 가장 구체적인 호스트를 고른 뒤 그 경로만 봅니다. 대시보드의 실제 호스트 이름을 차지한 VirtualService(ingressDomain이 있는 pathTemplate, 또는 직접 만든 것)가 `*`인 것을 모두 가립니다.',
    },
    fix: {
      en: 'Write the same `hosts` everywhere, or give the models a host name of their own.',
      ko: '모든 곳에 같은 `hosts`를 쓰거나 모델에 별도의 호스트 이름을 주세요.',
    },
    commands: [
      "kubectl get virtualservices -A -o custom-columns='NS:.metadata.namespace,NAME:.metadata.name,HOSTS:.spec.hosts,GW:.spec.gateways'",
    ],
    readOn: ['kserve/kserve#4648', 'kserve/kserve#4750', 'istio/istio#57404', 'kubeflow/manifests#3247'],
    signals: [
      certain('pathtemplate', '404'),
      certain('404 nr', 'route_not_found', /dashboard|centraldashboard/),
      likely('pathtemplate', /dashboard|virtualservice/),
      likely('nr route_not_found'),
    ],
  },
  {
    code: 'KFD2406',
    title: {
      en: "a path for a model collides with Knative's own routes",
      ko: '모델의 경로가 Knative의 경로와 충돌합니다',
    },
    cause: {
      en: '`NAME-predictor-ingress` matches by the prefix of the host name and is on the same gateway: which route wins depends on the host, and the order is not yours.',
      ko: '`NAME-predictor-ingress`는 호스트 이름의 접두사로 매칭하며 같은 게이트웨이에 있습니다. 어느 경로가 이기는지는 호스트에 달려 있고 순서는 여러분이 정하지 못합니다.',
    },
    fix: {
      en: 'Use another host or gateway for the paths, or the pathTemplate of KServe.',
      ko: '경로에는 다른 호스트나 게이트웨이를 쓰거나 KServe의 pathTemplate을 쓰세요.',
    },
    readOn: ['kserve/kserve#2257', 'kserve/kserve#2357', 'kubeflow/manifests#3148'],
    signals: [certain('predictor-ingress', /conflict|collid|prefix|path/), likely('-predictor-ingress')],
  },
  {
    code: 'KFD2407',
    title: {
      en: 'a transformer or explainer gets the login page',
      ko: '트랜스포머나 익스플레이너가 로그인 페이지를 받습니다',
    },
    cause: {
      en: 'It calls the predictor by way of a gateway that asks for a sign-in. `:predict` works from outside, `:explain` fails inside.',
      ko: '로그인을 요구하는 게이트웨이를 거쳐 predictor를 부릅니다. 밖에서 `:predict`는 되지만 안에서 `:explain`이 실패합니다.',
    },
    fix: {
      en: 'Let knative-local-gateway select the pods of cluster-local-gateway, which nobody has to sign in at.',
      ko: 'knative-local-gateway가 로그인이 필요 없는 cluster-local-gateway 파드를 선택하게 하세요.',
    },
    commands: ["kubectl -n knative-serving get gateway knative-local-gateway -o jsonpath='{.spec.selector}'"],
    readOn: ['kserve/kserve#504', 'kserve/kserve#1358'],
    signals: [
      certain(/transformer|explainer/, '/dex/auth?client_id='),
      certain(/transformer|explainer/, '/dex/auth'),
      certain(':explain', '/dex/'),
      likely(/transformer|explainer/, /302|login page/),
    ],
  },
  {
    code: 'KFD2408',
    title: {
      en: 'the workload behind the route does not answer (503)',
      ko: '경로 뒤의 워크로드가 응답하지 않습니다(503)',
    },
    cause: {
      en: 'This is not about signing in: the door let the request through. `no healthy upstream` = no pod is ready; `upstream connect error … connection failure` = the pod refuses, or one side speaks mTLS and the other does not.',
      ko: '로그인 문제가 아닙니다. 문은 요청을 통과시켰습니다. `no healthy upstream`은 준비된 파드가 없다는 뜻이고, `upstream connect error … connection failure`는 파드가 거부했거나 한쪽만 mTLS를 쓴다는 뜻입니다.',
    },
    fix: {
      en: 'Look at the pods and their sidecars, then at PeerAuthentication and DestinationRules.',
      ko: '파드와 사이드카를 본 다음 PeerAuthentication과 DestinationRule을 확인하세요.',
    },
    commands: ['kubectl -n NAMESPACE get pods', 'kubectl -n NAMESPACE describe inferenceservice NAME'],
    readOn: ['kserve/kserve#913', 'kubeflow/kubeflow#5401', 'kubeflow/kubeflow#6162'],
    signals: [
      certain('no healthy upstream'),
      certain('upstream connect error or disconnect/reset before headers'),
      likely(/503 (uf|uh|uf,urx|urx)\b/),
    ],
    facts: { reason: /(?:transport failure reason|reset reason): ?([a-z :_-]{3,100})/ },
  },
  {
    code: 'KFD2409',
    title: {
      en: 'a policy asks about headers on a port that is not HTTP',
      ko: 'HTTP가 아닌 포트에서 정책이 헤더를 묻습니다',
    },
    cause: {
      en: 'Istio takes a port for TCP unless its name or appProtocol says otherwise. Rules about headers or paths cannot be asked there, and an ALLOW policy with them lets nobody in.',
      ko: 'Istio는 이름이나 appProtocol이 달리 말하지 않으면 포트를 TCP로 봅니다. 그곳에서는 헤더나 경로 규칙을 물을 수 없고, 그런 ALLOW 정책은 아무도 들여보내지 않습니다.',
    },
    fix: {
      en: 'Name the port `http…` (or `http2`, `grpc`) in the Service.',
      ko: 'Service에서 포트 이름을 `http…`(또는 `http2`, `grpc`)로 지으세요.',
    },
    commands: ["kubectl -n NAMESPACE get service NAME -o jsonpath='{.spec.ports}'"],
    readOn: ['kserve/kserve#1076'],
    signals: [certain('not supported by rbac network filter'), likely('rbac network filter', 'header')],
  },
  {
    code: 'KFD2410',
    title: {
      en: 'you want one model without the sign-in',
      ko: '모델 하나만 로그인 없이 쓰고 싶습니다',
    },
    cause: {
      en: 'The CUSTOM policy is for the whole gateway. Exempting a path in it (`notPaths`) stops the redirect; exempting it in require-jwt as well opens the model to anybody who has the URL.',
      ko: 'CUSTOM 정책은 게이트웨이 전체에 걸립니다. 그 정책에서 경로를 제외하면(`notPaths`) 리다이렉트가 멈추고, require-jwt에서도 제외하면 URL을 아는 누구에게나 모델이 열립니다.',
    },
    fix: {
      en: 'Exempt the path in CUSTOM only, keep require-jwt, add the m2m issuer, and call with a service-account token. Or give models a gateway of their own.',
      ko: 'CUSTOM에서만 경로를 제외하고 require-jwt는 유지한 채, m2m 발급자를 추가하고 서비스 어카운트 토큰으로 호출하세요. 또는 모델에 전용 게이트웨이를 주세요.',
    },
    commands: [
      'kubectl -n istio-system patch authorizationpolicy istio-ingressgateway-oauth2-proxy --type=json -p \'[{"op":"add","path":"/spec/rules/0/to/0/operation/notPaths/-","value":"/serving/*"}]\'',
      'kubectl create token default-editor -n NAMESPACE --audience=AUDIENCE --duration=1h',
    ],
    readOn: [
      'kserve/kserve#3766',
      'kserve/kserve#4752',
      'kubeflow/kubeflow#6511',
      'kubeflow/manifests#2575',
      'kubeflow/manifests#2576',
      'kubeflow/manifests#2811',
      'kubeflow/manifests#3056',
    ],
    signals: [
      certain('notpaths', /serving|kfserving|\/v1|model/),
      likely(/(without|bypass|disable|skip) (the )?(dex|login|auth\w*)/, /kserve|model|inference|predict/),
      possible('ext_authz_disabled'),
    ],
  },
  {
    code: 'KFD2411',
    title: {
      en: 'any pod of any namespace can call the models',
      ko: '어느 네임스페이스의 파드든 모델을 부를 수 있습니다',
    },
    cause: {
      en: 'cluster-local-gateway lets everybody in as released (`rules: [{}]`), and behind the activator the caller can no longer be told.',
      ko: 'cluster-local-gateway는 기본적으로 모두를 들여보내고(`rules: [{}]`), activator 뒤에서는 호출자를 구별할 수 없습니다.',
    },
    fix: {
      en: 'Use the overlay cluster-local-gateway/overlays/m2m-auth: a token is wanted then. It takes any service account; narrow it down with your own policy.',
      ko: 'cluster-local-gateway/overlays/m2m-auth 오버레이를 쓰면 토큰을 요구합니다. 어느 서비스 어카운트든 받으므로 직접 정책을 더해 좁히세요.',
    },
    readOn: [
      'kserve/kserve#2197',
      'kubeflow/manifests#2811',
      'kubeflow/manifests#3180',
      'knative-extensions/net-istio#554',
    ],
    signals: [
      certain('cluster-local-gateway', /(any|every|all) (pod|namespace|one)|unauthenticated|isolation/),
      likely('cluster-local-gateway', 'm2m'),
      likely(/(any|other|every) namespace/, /call|reach|access/, /model|inferenceservice/),
    ],
  },
  {
    code: 'KFD2412',
    title: { en: 'the server has no model of that name', ko: '서버에 그 이름의 모델이 없습니다' },
    cause: {
      en: 'The request reached a model server, and the name in the path is not the one it serves. The door and the host are right.',
      ko: '요청이 모델 서버까지 도달했지만 경로의 이름이 그 서버의 모델 이름이 아닙니다. 문과 호스트는 맞습니다.',
    },
    fix: {
      en: 'Ask the server what it serves: the name is that of the InferenceService, unless the model was given another.',
      ko: '서버에 어떤 모델이 있는지 물어보세요. 따로 지정하지 않았다면 InferenceService의 이름입니다.',
    },
    commands: ['curl http://HOST/v1/models', 'curl http://HOST/v2/models'],
    readOn: ['https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol'],
    signals: [
      certain(/model with name \S{1,100} does not exist/),
      likely(/model with name \S{1,100} is not ready/),
    ],
    facts: { model: /model with name (\S{1,100}) (?:does not exist|is not ready)/ },
  },
  {
    code: 'KFD2413',
    title: {
      en: 'the model got a form instead of JSON (`curl -d`)',
      ko: '모델이 JSON이 아니라 폼을 받았습니다(`curl -d`)',
    },
    cause: {
      en: '`curl -d` says `Content-Type: application/x-www-form-urlencoded`. Recent KServe servers then hand the raw bytes to the model, or want the length of a binary header.',
      ko: '`curl -d`는 `Content-Type: application/x-www-form-urlencoded`를 보냅니다. 최근 KServe 서버는 이때 바이트를 그대로 모델에 넘기거나 바이너리 헤더의 길이를 요구합니다.',
    },
    fix: { en: 'Say that it is JSON.', ko: 'JSON이라고 알려 주세요.' },
    commands: [
      'curl -H "Content-Type: application/json" -d @iris-input.json http://HOST/v1/models/MODEL:predict',
    ],
    readOn: ['https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol'],
    signals: [
      certain('byte indices must be integers or slices'),
      certain("inference-header-content-length' header is missing"),
    ],
  },
  {
    code: 'KFD2414',
    title: {
      en: 'a V1 body was sent to V2, or the other way round',
      ko: 'V1 본문을 V2로, 또는 V2 본문을 V1으로 보냈습니다',
    },
    cause: {
      en: '`/v1/…:predict` wants `instances`, `/v2/…/infer` wants `inputs` with name, shape, datatype and data.',
      ko: '`/v1/…:predict`는 `instances`를, `/v2/…/infer`는 name, shape, datatype, data가 있는 `inputs`를 원합니다.',
    },
    fix: { en: 'Send the body that belongs to the path.', ko: '경로에 맞는 본문을 보내세요.' },
    commands: [
      `curl -H "Content-Type: application/json" -d '{"instances":[[6.8,2.8,4.8,1.4]]}' http://HOST/v1/models/MODEL:predict`,
      `curl -H "Content-Type: application/json" -d '{"inputs":[{"name":"input-0","shape":[1,4],"datatype":"FP32","data":[[6.8,2.8,4.8,1.4]]}]}' http://HOST/v2/models/MODEL/infer`,
    ],
    readOn: ['https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol'],
    signals: [
      certain('field required', 'inferencerequest'),
      certain("keyerror : 'instances'"),
      certain('expected "instances" to be a list'),
    ],
  },
]
