import { certain, likely, type Problem, possible } from '../problem.ts'

/** Dex, the auth services, and how the mesh finds them. */
export const providers: readonly Problem[] = [
  {
    code: 'KFD2113',
    title: {
      en: 'Dex does not know the client (`Invalid client_id`)',
      ko: 'Dex가 클라이언트를 모릅니다(`Invalid client_id`)',
    },
    cause: {
      en: 'The id the auth service sends is not among `staticClients`: an environment variable was not filled in, a Secret differs on the two sides, or leftovers of an old installation still run. Its secret can differ in the same way.',
      ko: '인증 서비스가 보내는 id가 `staticClients`에 없습니다. 환경 변수가 채워지지 않았거나, 양쪽의 Secret이 다르거나, 예전 설치의 잔재가 아직 돌고 있는 경우입니다. 비밀 값도 같은 식으로 다를 수 있습니다.',
    },
    fix: {
      en: 'Compare id and secret on both sides, then restart Dex and the auth service.',
      ko: '양쪽의 id와 비밀 값을 비교한 뒤 Dex와 인증 서비스를 재시작하세요.',
    },
    commands: [
      'kubectl -n auth get configmap dex -o yaml | grep -A4 staticClients',
      'kubectl -n auth get secret dex-oidc-client -o yaml',
    ],
    readOn: ['kubeflow/manifests#1803', 'kubeflow/manifests#2027'],
    signals: [certain('invalid client_id'), likely('invalid_client', 'invalid client credentials')],
    facts: { client: /invalid client_id \("([\w.-]{1,80})"\)/ },
  },
  {
    code: 'KFD2129',
    title: {
      en: 'Dex does not know the callback (`Unregistered redirect_uri`)',
      ko: 'Dex가 콜백을 모릅니다(`Unregistered redirect_uri`)',
    },
    cause: {
      en: 'The callback changed its path with the releases: `/login/oidc` up to 1.6, `/authservice/oidc/callback` in 1.7 and 1.8, `/oauth2/callback` since 1.9. After an upgrade one side still has the old one.',
      ko: '콜백 경로는 릴리스마다 바뀌었습니다. 1.6까지 `/login/oidc`, 1.7과 1.8은 `/authservice/oidc/callback`, 1.9부터 `/oauth2/callback`입니다. 업그레이드 뒤 한쪽이 예전 것을 쓰고 있습니다.',
    },
    fix: {
      en: "Write the path the auth service uses into `redirectURIs` of Dex's client and restart Dex.",
      ko: '인증 서비스가 쓰는 경로를 Dex 클라이언트의 `redirectURIs`에 적고 Dex를 재시작하세요.',
    },
    readOn: ['https://dexidp.io/docs/'],
    signals: [certain('unregistered redirect_uri')],
    facts: { callback: /unregistered redirect_uri \("([^"]{1,150})"\)/ },
  },
  {
    code: 'KFD2130',
    title: {
      en: 'the sign-in ends in `interaction_required` or `login_required`',
      ko: '로그인이 `interaction_required` 또는 `login_required`로 끝납니다',
    },
    cause: {
      en: 'Kubeflow configures oauth2-proxy with `prompt = "none"`, which tells the issuer to ask the person nothing. Dex takes that as a refusal where it would have to show its approval screen (`skipApprovalScreen: false`), or, with sessions of its own, the login form. Everybody is refused, with the right password too.',
      ko: 'Kubeflow는 oauth2-proxy를 `prompt = "none"`으로 설정합니다. 사용자에게 아무것도 묻지 말라는 뜻입니다. Dex가 승인 화면(`skipApprovalScreen: false`)이나, 자체 세션을 쓸 때 로그인 화면을 보여 주어야 하면 거부로 끝냅니다. 비밀번호가 맞아도 모두 거부됩니다.',
    },
    fix: {
      en: 'Set `oauth2.skipApprovalScreen: true` in Dex’s configuration, or take `prompt` out of oauth2-proxy’s (`prompt = ""`), and restart it.',
      ko: 'Dex 설정에 `oauth2.skipApprovalScreen: true`를 넣거나 oauth2-proxy의 `prompt`를 비우고(`prompt = ""`) 재시작하세요.',
    },
    commands: [
      'kubectl -n auth get configmap dex -o yaml | grep -i approval',
      'kubectl -n oauth2-proxy rollout restart deployment/oauth2-proxy',
    ],
    readOn: ['dexidp/dex#3086', 'https://openid.net/specs/openid-connect-core-1_0.html#AuthError'],
    signals: [
      certain('returned an error: interaction_required'),
      certain('returned an error: login_required'),
      likely('error=interaction_required'),
      likely('error=login_required'),
      possible('interaction_required'),
    ],
  },
  {
    code: 'KFD2114',
    title: { en: 'the auth service cannot reach Dex', ko: '인증 서비스가 Dex에 닿지 못합니다' },
    cause: {
      en: 'It asks Dex for its configuration when it starts, and until that works every request to the door fails: 403 or 503, the dashboard too. DNS, a crashed Dex, a sidecar or mTLS in between, or a network policy.',
      ko: '인증 서비스는 시작할 때 Dex에 설정을 묻고, 성공할 때까지 문으로 오는 모든 요청이 403이나 503으로 실패합니다. 대시보드도 마찬가지입니다. DNS, 죽은 Dex, 중간의 사이드카나 mTLS, 네트워크 정책이 원인입니다.',
    },
    fix: {
      en: 'Mend Dex first, then restart the auth service.',
      ko: 'Dex를 먼저 고치고 인증 서비스를 재시작하세요.',
    },
    commands: [
      'kubectl -n auth get pods',
      'kubectl -n auth logs deployment/dex --tail=50',
      'kubectl -n istio-system rollout restart statefulset/authservice',
    ],
    readOn: [
      'kubeflow/manifests#2064',
      'kubeflow/manifests#2220',
      'kubeflow/manifests#2224',
      'kubeflow/manifests#2275',
      'kubeflow/kubeflow#5839',
      'canonical/bundle-kubeflow#370',
    ],
    signals: [
      certain('oidc provider setup failed'),
      certain('oidc setup is not complete yet'),
      likely('authservice', /connection refused|no such host|i\/o timeout/, 'dex'),
      likely('.well-known/openid-configuration', /connection refused|no such host|i\/o timeout|eof/),
    ],
  },
  {
    code: 'KFD2115',
    title: {
      en: 'oidc-authservice has no place for its sessions',
      ko: 'oidc-authservice가 세션을 둘 곳이 없습니다',
    },
    cause: {
      en: 'Its BoltDB file lies on a volume that cannot be written (fsGroup ignored by the storage) or was never bound (no default StorageClass).',
      ko: 'BoltDB 파일이 놓인 볼륨에 쓸 수 없거나(스토리지가 fsGroup을 무시), 볼륨이 바인딩되지 않았습니다(기본 StorageClass 없음).',
    },
    fix: {
      en: 'Give the cluster a default StorageClass, or an init container that hands the folder to the user of the pod.',
      ko: '클러스터에 기본 StorageClass를 두거나, 폴더의 소유권을 파드 사용자에게 넘기는 init 컨테이너를 추가하세요.',
    },
    commands: ['kubectl get storageclass', 'kubectl -n istio-system describe pvc authservice-pvc'],
    readOn: ['kubeflow/manifests#2648', 'arrikto/oidc-authservice#60', 'arrikto/oidc-authservice#124'],
    signals: [
      certain('data.db', 'permission denied'),
      likely('authservice-pvc', 'pending'),
      likely('data.db'),
    ],
  },
  {
    code: 'KFD2116',
    title: { en: 'the issuer is not the one that was expected', ko: '발급자가 기대한 것과 다릅니다' },
    cause: {
      en: "OIDC_PROVIDER (or `oidc_issuer_url`) and `issuer` in Dex's config must be the same string, scheme, port, path and last slash included. Who is asked under one name and calls itself another is not believed.",
      ko: 'OIDC_PROVIDER(또는 `oidc_issuer_url`)와 Dex 설정의 `issuer`는 스킴, 포트, 경로, 마지막 슬래시까지 같은 문자열이어야 합니다. 한 이름으로 물었는데 다른 이름으로 답하면 믿지 않습니다.',
    },
    fix: { en: 'Write the same URL on both sides.', ko: '양쪽에 같은 URL을 적으세요.' },
    readOn: ['canonical/bundle-kubeflow#833'],
    signals: [
      certain('issuer did not match'),
      likely('issuer', 'did not match the issuer returned by provider'),
    ],
    facts: { expected: /expected "?([^" ]{1,150})/, got: /got "?([^" ]{1,150})/ },
  },
  {
    code: 'KFD2117',
    title: {
      en: 'the sign-in filter catches every gateway on the same pods',
      ko: '로그인 필터가 같은 파드의 모든 게이트웨이에 걸립니다',
    },
    cause: {
      en: 'The EnvoyFilter `authn-filter` selects pods (`istio: ingressgateway`), not a Gateway: every host and port those pods serve asks for a sign-in, other teams’ gateways included.',
      ko: 'EnvoyFilter `authn-filter`는 Gateway가 아니라 파드(`istio: ingressgateway`)를 선택합니다. 그래서 그 파드가 서비스하는 모든 호스트와 포트, 다른 팀의 게이트웨이까지 로그인을 요구합니다.',
    },
    fix: {
      en: 'Give the others gateway pods of their own, or replace the filter by an extensionProvider and a CUSTOM policy that names hosts or paths.',
      ko: '다른 쪽에 전용 게이트웨이 파드를 주거나, 필터를 extensionProvider와 호스트·경로를 지정한 CUSTOM 정책으로 바꾸세요.',
    },
    commands: ['kubectl -n istio-system get envoyfilter authn-filter -o yaml'],
    readOn: ['kubeflow/manifests#3104'],
    signals: [certain('authn-filter', /other|every|all|another/), likely('authn-filter')],
  },
  {
    code: 'KFD2118',
    title: {
      en: 'an EnvoyFilter silently does nothing: the door may be open',
      ko: 'EnvoyFilter가 조용히 무시됩니다: 문이 열려 있을 수 있습니다',
    },
    cause: {
      en: 'Newer releases of Istio know the filter it is inserted before only as `envoy.filters.network.http_connection_manager`; one that says `envoy.http_connection_manager` matches nothing. Then nobody is asked to sign in, and `/login/oidc` is 404.',
      ko: '새 Istio는 삽입 기준 필터를 `envoy.filters.network.http_connection_manager`라는 이름으로만 압니다. `envoy.http_connection_manager`라고 쓴 것은 아무것도 매칭하지 않습니다. 그러면 아무에게도 로그인을 요구하지 않고 `/login/oidc`는 404가 됩니다.',
    },
    fix: {
      en: 'Write the new name, or move to a CUSTOM policy. After an upgrade from 1.8 to 1.9 delete the left-over filter and auth service.',
      ko: '새 이름으로 고치거나 CUSTOM 정책으로 옮기세요. 1.8에서 1.9로 올렸다면 남은 필터와 인증 서비스를 지우세요.',
    },
    commands: ['kubectl -n istio-system get envoyfilter -o yaml | grep http_connection_manager'],
    readOn: ['kubeflow/manifests#2656', 'kubeflow/manifests#1115'],
    signals: [
      certain(/(^|[^.\w])envoy\.http_connection_manager/),
      likely('/login/oidc', '404'),
      likely('envoyfilter', /not applied|no effect|ignored/),
    ],
  },
  {
    code: 'KFD2119',
    title: {
      en: 'a new user of Dex is not known, or Dex does not start',
      ko: 'Dex의 새 사용자를 모르거나 Dex가 시작되지 않습니다',
    },
    cause: {
      en: 'Dex reads its users when it starts. A `hash` that is no bcrypt, or `hashFromEnv` naming a variable that is not there, stops it.',
      ko: 'Dex는 시작할 때 사용자를 읽습니다. bcrypt가 아닌 `hash`나 없는 변수를 가리키는 `hashFromEnv`는 시작을 막습니다.',
    },
    fix: {
      en: 'Make the hash, put it into the Secret or the ConfigMap, restart Dex.',
      ko: '해시를 만들어 Secret이나 ConfigMap에 넣고 Dex를 재시작하세요.',
    },
    commands: ['kfdoor hash-password', 'kubectl -n auth rollout restart deployment dex'],
    readOn: [
      'kubeflow/kubeflow#5918',
      'kubeflow/kubeflow#5005',
      'kubeflow/kubeflow#6291',
      'kubeflow/manifests#2775',
    ],
    signals: [
      certain('no password hash provided'),
      certain('hashfromenv'),
      likely('malformed bcrypt hash'),
      likely('staticpasswords', /not|reject|invalid/),
    ],
  },
  {
    code: 'KFD2120',
    title: {
      en: 'everybody gets 403 where the login page should be',
      ko: '로그인 페이지가 나와야 할 곳에서 모두 403을 받습니다',
    },
    cause: {
      en: 'The CUSTOM policy does not reach the pods that answer: its selector does not fit the labels of your own gateway, or the provider is missing in the mesh config. What is left is require-jwt, and it denies who has no token.',
      ko: 'CUSTOM 정책이 응답하는 파드에 닿지 않습니다. 셀렉터가 여러분의 게이트웨이 라벨과 맞지 않거나 mesh 설정에 provider가 없습니다. 남는 것은 require-jwt이고, 이것이 토큰 없는 요청을 거부합니다.',
    },
    fix: {
      en: 'Compare the selector with the labels of the gateway pods, and `extensionProviders` with the name in the policy.',
      ko: '셀렉터를 게이트웨이 파드의 라벨과, `extensionProviders`를 정책의 provider 이름과 비교하세요.',
    },
    commands: [
      'kubectl -n istio-system get pods --show-labels',
      'kubectl -n istio-system get configmap istio -o yaml | grep -A3 extensionProviders',
    ],
    readOn: ['kubeflow/kubeflow#6037', 'kromanow94/kubeflow-manifests#12'],
    signals: [
      certain('403', 'instead of', /log ?in|sign ?in/),
      likely('extensionproviders', /missing|not found|selector/),
    ],
  },
  {
    code: 'KFD2121',
    title: {
      en: 'a policy names a provider the mesh does not have',
      ko: '정책이 mesh에 없는 provider를 가리킵니다',
    },
    cause: {
      en: 'An AuthorizationPolicy with `action: CUSTOM` names an extension provider that is not in meshConfig, often because an upgrade of Istio replaced the ConfigMap. Istio then denies every request the policy selects.',
      ko: '`action: CUSTOM`인 AuthorizationPolicy가 meshConfig에 없는 extension provider를 가리킵니다. Istio 업그레이드가 ConfigMap을 덮어쓴 경우가 많습니다. 이때 Istio는 정책이 선택한 모든 요청을 거부합니다.',
    },
    fix: {
      en: 'Put the provider back into `extensionProviders` of the ConfigMap `istio`, with the name the policy uses.',
      ko: 'ConfigMap `istio`의 `extensionProviders`에 정책이 쓰는 이름으로 provider를 되돌려 놓으세요.',
    },
    commands: ['kubectl -n istio-system edit configmap istio'],
    readOn: ['https://istio.io/latest/docs/tasks/security/authorization/authz-custom/'],
    signals: [
      certain('available providers are'),
      certain('will generate deny', 'custom'),
      certain('rbac: access denied', 'unknown provider'),
      likely('extension provider', /not (be )?found|unknown|does not exist/),
    ],
    facts: { provider: /but found "?([\w./-]{1,100})/ },
  },
]
