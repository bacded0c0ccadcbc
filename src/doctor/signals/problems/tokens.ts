import { certain, likely, type Problem, possible } from '../problem.ts'

/** Bearer tokens: of service accounts and of Dex. */
export const tokens: readonly Problem[] = [
  {
    code: 'KFD2201',
    title: {
      en: 'no rule of the gateway knows the issuer of the token',
      ko: '게이트웨이의 어떤 규칙도 토큰의 발급자를 모릅니다',
    },
    cause: {
      en: 'A Bearer token reached a RequestAuthentication whose jwtRules do not list its `iss`. As released, Kubeflow trusts Dex only (`m2m-dex-only`): a Kubernetes service-account token is a stranger. Any Bearer token is looked at, also one you did not need to send.',
      ko: 'Bearer 토큰의 `iss`가 RequestAuthentication의 jwtRules에 없습니다. 기본 설치된 Kubeflow는 Dex만 신뢰하므로(`m2m-dex-only`) Kubernetes 서비스 어카운트 토큰은 낯선 토큰입니다. 보낼 필요가 없던 토큰이라도 Bearer이면 모두 검사합니다.',
    },
    fix: {
      en: 'Use the m2m overlay with cluster-jwks-proxy, or add a jwtRule for exactly that `iss`. Or leave the Bearer header out.',
      ko: 'cluster-jwks-proxy와 함께 m2m 오버레이를 쓰거나, 정확히 그 `iss`의 jwtRule을 추가하세요. 또는 Bearer 헤더를 보내지 마세요.',
    },
    commands: [
      'kustomize build common/oauth2-proxy/components/cluster-jwks-proxy | kubectl apply -f -',
      "kubectl -n istio-system get requestauthentication -o jsonpath='{.items[*].spec.jwtRules[*].issuer}'",
    ],
    readOn: ['kubeflow/manifests#2840', 'kubeflow/pipelines#11025', 'kubeflow/manifests#3079'],
    signals: [certain('jwt issuer is not configured')],
    facts: { issuer: /"iss" ?: ?"([^"]{1,180})"/ },
  },
  {
    code: 'KFD2202',
    title: {
      en: 'the issuer is spelled differently in the token and in the rule',
      ko: '토큰과 규칙에 적힌 발급자의 철자가 다릅니다',
    },
    cause: {
      en: 'Clusters call themselves `https://kubernetes.default.svc` or `https://kubernetes.default.svc.cluster.local`. Issuers are compared letter by letter, so a rule for one does not know the other.',
      ko: '클러스터는 자신을 `https://kubernetes.default.svc` 또는 `https://kubernetes.default.svc.cluster.local`이라고 부릅니다. 발급자는 글자 그대로 비교하므로 한쪽 규칙은 다른 쪽을 모릅니다.',
    },
    fix: {
      en: 'Add a second jwtRule with the spelling of your cluster.',
      ko: '여러분 클러스터의 표기로 jwtRule을 하나 더 추가하세요.',
    },
    commands: ['kubectl get --raw /.well-known/openid-configuration'],
    readOn: ['kubeflow/manifests#3079'],
    signals: [
      certain('jwt issuer is not configured', /https:\/\/kubernetes\.default\.svc(?!\.cluster)/),
      likely(/https:\/\/kubernetes\.default\.svc(?!\.cluster)/, 'kubernetes.default.svc.cluster.local'),
    ],
    facts: { issuer: /(https:\/\/kubernetes\.default\.svc(?:\.cluster\.local)?)/ },
  },
  {
    code: 'KFD2203',
    title: {
      en: 'a managed cluster has an issuer of its own',
      ko: '관리형 클러스터는 자체 발급자를 씁니다',
    },
    cause: {
      en: 'EKS, AKS, GKE and Rancher sign service-account tokens under their own issuer URL. The overlay for Kind does not list it.',
      ko: 'EKS, AKS, GKE, Rancher는 자체 발급자 URL로 서비스 어카운트 토큰에 서명합니다. Kind용 오버레이에는 그 발급자가 없습니다.',
    },
    fix: {
      en: 'Ask the cluster for its issuer and its keys, and write both into the jwtRule.',
      ko: '클러스터에 발급자와 키 주소를 묻고, 둘 다 jwtRule에 적으세요.',
    },
    commands: ['kubectl get --raw /.well-known/openid-configuration'],
    readOn: ['kubeflow/manifests#2850'],
    signals: [
      certain(
        'jwt issuer is not configured',
        /oidc\.eks\.|azmk8s\.io|oic\.prod-aks|container\.googleapis\.com|oidc\.prod-aks/,
      ),
      likely(
        /oidc\.eks\.|oic\.prod-aks|azmk8s\.io|container\.googleapis\.com\/v1\/projects/,
        /jwt|jwks|issuer|token/,
      ),
      likely('m2m', /\b(eks|aks|gke|rancher)\b/),
    ],
    facts: { issuer: /(https:\/\/(?:oidc\.eks|[\w.-]{1,80}prod-aks|container\.googleapis)[^" ,]{1,150})/ },
  },
  {
    code: 'KFD2204',
    title: {
      en: 'the key that signed the token is not known',
      ko: '토큰에 서명한 키를 알지 못합니다',
    },
    cause: {
      en: 'Either the keys changed since the token or session was made (Dex turns its keys every six hours, an API server now and then; release 1.9.0 copies the cluster’s keys only once), or istiod never got them and serves a placeholder.',
      ko: '토큰이나 세션을 만든 뒤 키가 바뀌었거나(Dex는 6시간마다, API 서버는 가끔 바꾸며 1.9.0은 클러스터의 키를 한 번만 복사합니다), istiod가 키를 받지 못해 자리 표시용 키를 내주고 있습니다.',
    },
    fix: {
      en: 'Sign in again or ask for a new token. If that does not help, see whether istiod reaches the JWKS URL, and replace the CronJob of 1.9.0 by cluster-jwks-proxy.',
      ko: '다시 로그인하거나 새 토큰을 받으세요. 그래도 안 되면 istiod가 JWKS URL에 닿는지 확인하고, 1.9.0의 CronJob을 cluster-jwks-proxy로 바꾸세요.',
    },
    commands: [
      'kubectl -n istio-system logs deployment/istiod | grep -i jwks',
      'kubectl -n istio-system rollout restart deployment/istiod',
    ],
    readOn: ['kubeflow/manifests#2850', 'kubeflow/manifests#3491', 'istio/istio#53260'],
    signals: [
      certain("jwks doesn't have key to match kid or alg from jwt"),
      certain('istiodfailedtofetchjwksuri'),
      likely('jwks', 'kid', /match|not found/),
      likely('failed to fetch', 'jwks'),
    ],
  },
  {
    code: 'KFD2205',
    title: {
      en: 'the issuer in the overlay is still a placeholder',
      ko: '오버레이의 발급자가 아직 자리 표시자입니다',
    },
    cause: {
      en: 'The EKS overlay ships `https://oidc.eks.AWS_REGION.amazonaws.com/id/CLUSTER_ID`, to be filled in. As it stands, istiod finds no keys there and every service-account token is refused.',
      ko: 'EKS 오버레이에는 채워 넣어야 할 `https://oidc.eks.AWS_REGION.amazonaws.com/id/CLUSTER_ID`가 들어 있습니다. 그대로 두면 istiod가 키를 찾지 못해 모든 서비스 어카운트 토큰이 거부됩니다.',
    },
    fix: { en: "Write your cluster's own issuer.", ko: '여러분 클러스터의 발급자를 적으세요.' },
    commands: ['aws eks describe-cluster --name CLUSTER --query cluster.identity.oidc.issuer'],
    readOn: ['kubeflow/manifests#2850'],
    signals: [certain('/id/cluster_id'), certain('oidc.eks.aws_region')],
  },
  {
    code: 'KFD2206',
    title: { en: 'the signature of the token does not hold', ko: '토큰의 서명이 맞지 않습니다' },
    cause: {
      en: 'The gateway has a key with that id, and it is not the one that signed: another Dex, or another cluster under the same issuer name (vcluster does that).',
      ko: '게이트웨이에 그 id의 키가 있지만 서명한 키가 아닙니다. 다른 Dex이거나, 같은 발급자 이름을 쓰는 다른 클러스터(vcluster가 그렇습니다)입니다.',
    },
    fix: {
      en: "Let the rule's issuer and jwksUri point to the one that signs.",
      ko: '규칙의 issuer와 jwksUri가 실제로 서명하는 쪽을 가리키게 하세요.',
    },
    readOn: ['kubeflow/manifests#3109'],
    signals: [certain('jwt verification fails'), likely('invalid signature', 'jwt')],
  },
  {
    code: 'KFD2207',
    title: { en: 'the token is expired', ko: '토큰이 만료되었습니다' },
    cause: {
      en: 'The token is past its `exp`. With a cookie of oauth2-proxy the same happens when the cookie lives longer than the ID token inside of it: the cookie is good, what it stands for is not.',
      ko: '토큰이 `exp`를 지났습니다. oauth2-proxy 쿠키도 안에 든 ID 토큰보다 오래 살면 같은 일이 생깁니다. 쿠키는 유효하지만 그것이 나타내는 토큰은 아닙니다.',
    },
    fix: {
      en: 'Sign in again, or ask for a new token; keep cookie_expire at or below the life of ID tokens.',
      ko: '다시 로그인하거나 새 토큰을 받으세요. cookie_expire는 ID 토큰의 수명 이하로 두세요.',
    },
    commands: ['kubectl create token default-editor -n NAMESPACE --audience=AUDIENCE --duration=1h'],
    readOn: ['https://istio.io/latest/docs/reference/config/security/request_authentication/'],
    signals: [
      certain('jwt is expired'),
      certain('token has expired'),
      likely('token is expired'),
      likely('signature has expired'),
    ],
  },
  {
    code: 'KFD2208',
    title: {
      en: 'the door does not look at Bearer tokens',
      ko: '문이 Bearer 토큰을 보지 않습니다',
    },
    cause: {
      en: 'A request with a service-account token gets the login page: releases up to 1.6 know no tokens, 1.7 and 1.8 want the audience `istio-ingressgateway.istio-system.svc.cluster.local`, 1.9.0 needs `extra_jwt_issuers`. A token that is not understood is treated like none.',
      ko: '서비스 어카운트 토큰을 보냈는데 로그인 페이지가 옵니다. 1.6까지는 토큰을 모르고, 1.7과 1.8은 audience가 `istio-ingressgateway.istio-system.svc.cluster.local`이어야 하며, 1.9.0은 `extra_jwt_issuers`가 필요합니다. 이해하지 못한 토큰은 없는 것처럼 다룹니다.',
    },
    fix: {
      en: 'Ask for a token with the right audience, or set ENABLE_M2M_TOKENS; 1.9.1 and later let the gateway check Bearer tokens itself.',
      ko: '올바른 audience의 토큰을 받거나 ENABLE_M2M_TOKENS를 켜세요. 1.9.1부터는 게이트웨이가 Bearer 토큰을 직접 검사합니다.',
    },
    commands: [
      'kubectl create token default-editor -n NAMESPACE --audience=istio-ingressgateway.istio-system.svc.cluster.local',
    ],
    readOn: ['kubeflow/manifests#2517', 'kubeflow/manifests#2544', 'kubeflow/manifests#2864'],
    signals: [
      certain('authorization: bearer', '/dex/auth?client_id='),
      certain('authorization: bearer', '/oauth2/start'),
      likely('enable_m2m_tokens'),
      likely('extra_jwt_issuers'),
      likely(/service ?account token/, /ignored|login page|302/),
    ],
  },
  {
    code: 'KFD2209',
    title: {
      en: 'a long process works for minutes and then gets 401',
      ko: '오래 도는 프로세스가 몇 분 뒤부터 401을 받습니다',
    },
    cause: {
      en: 'The client was made with a fixed token (`existing_token=`), and the token is over. Tokens from a projected volume are renewed in the file, not in the process.',
      ko: '클라이언트를 고정 토큰(`existing_token=`)으로 만들었고 그 토큰이 끝났습니다. 프로젝션 볼륨의 토큰은 파일에서 갱신되지, 프로세스 안에서 갱신되지 않습니다.',
    },
    fix: {
      en: 'Hand over `credentials=`, which is asked for every request.',
      ko: '요청마다 호출되는 `credentials=`를 넘기세요.',
    },
    commands: ['kfp.Client(host=HOST, credentials=kfp.auth.ServiceAccountTokenVolumeCredentials(path=None))'],
    readOn: ['kubeflow/pipelines#4624'],
    signals: [
      certain('existing_token', '401'),
      likely(/after (5|10|a few|some) min/, '401'),
      likely(/401[^\n]{0,80}after (5|10|a few|some)[ -]/),
    ],
  },
  {
    code: 'KFD2210',
    title: {
      en: 'the pod has no token for Pipelines',
      ko: '파드에 Pipelines용 토큰이 없습니다',
    },
    cause: {
      en: 'The SDK looks for a projected token in `/var/run/secrets/kubeflow/pipelines/token`. The PodDefault `access-ml-pipeline` mounts it, and it is missing in the namespace or was not chosen when the notebook was made.',
      ko: 'SDK는 `/var/run/secrets/kubeflow/pipelines/token`에서 토큰을 찾습니다. PodDefault `access-ml-pipeline`이 이를 마운트하는데, 네임스페이스에 없거나 노트북을 만들 때 선택하지 않았습니다.',
    },
    fix: {
      en: 'Create the PodDefault (audience pipelines.kubeflow.org) and start the notebook anew with "Allow access to Kubeflow Pipelines".',
      ko: 'PodDefault(audience pipelines.kubeflow.org)를 만들고, "Allow access to Kubeflow Pipelines"를 선택해 노트북을 새로 시작하세요.',
    },
    commands: ['kubectl -n NAMESPACE get poddefault access-ml-pipeline'],
    readOn: ['pluralsh/plural-artifacts#144', 'canonical/bundle-kubeflow#423'],
    signals: [
      certain('secrets/kubeflow/pipelines/token'),
      likely('failed to set up default credentials'),
      likely('kf_pipelines_sa_token_path'),
      possible('access-ml-pipeline'),
    ],
  },
  {
    code: 'KFD2211',
    title: {
      en: 'the token was made for somebody else (audience)',
      ko: '다른 대상을 위해 만든 토큰입니다(audience)',
    },
    cause: {
      en: 'Pipelines takes only tokens whose audience is `pipelines.kubeflow.org`, the auth service of 1.7 and 1.8 only `istio-ingressgateway.istio-system.svc.cluster.local`. A mounted token with another audience is as good as none.',
      ko: 'Pipelines는 audience가 `pipelines.kubeflow.org`인 토큰만 받고, 1.7과 1.8의 인증 서비스는 `istio-ingressgateway.istio-system.svc.cluster.local`만 받습니다. audience가 다른 토큰은 없는 것과 같습니다.',
    },
    fix: {
      en: 'Ask for a token with the right audience and send it to `ml-pipeline.kubeflow:8888`, not to the UI.',
      ko: '올바른 audience로 토큰을 받아 UI가 아니라 `ml-pipeline.kubeflow:8888`로 보내세요.',
    },
    commands: ['kubectl create token default-editor -n NAMESPACE --audience=pipelines.kubeflow.org'],
    readOn: ['kubeflow/pipelines#5138', 'kubeflow/website#3407'],
    signals: [
      certain("failed to find all of '[pipelines.kubeflow.org]' in audience"),
      certain('audiences in jwt are not allowed'),
      certain('failed to authenticate token review'),
      certain('no user identity header', /"aud" ?: ?"(?!pipelines\.kubeflow\.org)/),
      likely('failed to review the token provided'),
    ],
    facts: { audience: /in audience: \[?"?([\w./:-]{1,120})/ },
  },
  {
    code: 'KFD2212',
    title: {
      en: 'what stands in the Authorization header is no token',
      ko: 'Authorization 헤더에 든 것이 토큰이 아닙니다',
    },
    cause: {
      en: 'The header does not begin with `Bearer `, the token was cut off, or the header holds the text of an error message or a cookie.',
      ko: '헤더가 `Bearer `로 시작하지 않거나, 토큰이 잘렸거나, 오류 메시지나 쿠키의 내용이 들어 있습니다.',
    },
    fix: {
      en: 'Send `Authorization: Bearer TOKEN`, the token in three parts separated by dots and on one line.',
      ko: '`Authorization: Bearer 토큰` 형식으로, 점으로 나뉜 세 부분의 토큰을 한 줄로 보내세요.',
    },
    readOn: ['https://istio.io/latest/docs/reference/config/security/request_authentication/'],
    signals: [
      certain('jwt is not in the form of header.payload.signature'),
      certain("header 'authorization' is incorrectly formatted"),
      certain(/jwt (header|payload|signature) is an invalid/),
      certain(/jwt (header|payload) \[\w{1,20}\] field/),
      likely('jwt is missing'),
    ],
  },
  {
    code: 'KFD2213',
    title: { en: 'the token is not valid yet', ko: '토큰이 아직 유효하지 않습니다' },
    cause: {
      en: 'Its `nbf` lies in the future of the gateway: the clock of whoever made it, or that of the gateway, is off.',
      ko: '토큰의 `nbf`가 게이트웨이의 시각보다 뒤입니다. 토큰을 만든 쪽이나 게이트웨이의 시계가 틀어져 있습니다.',
    },
    fix: {
      en: 'Compare both clocks and let NTP set them.',
      ko: '양쪽 시계를 비교하고 NTP로 맞추세요.',
    },
    commands: ['date -u', 'kubectl -n istio-system exec deployment/istio-ingressgateway -- date -u'],
    readOn: ['https://istio.io/latest/docs/reference/config/security/request_authentication/'],
    signals: [
      certain('jwt not yet valid'),
      likely('token used before issued'),
      likely('token is not yet valid'),
    ],
  },
]
