import { certain, likely, type Problem, possible } from '../problem.ts'

/** Sessions, cookies and what protects forms. */
export const sessions: readonly Problem[] = [
  {
    code: 'KFD2107',
    title: { en: 'the session ends after 24 hours', ko: '세션이 24시간 뒤에 끝납니다' },
    cause: {
      en: 'The auth service counts for itself: SESSION_MAX_AGE (oidc-authservice) or cookie_expire (oauth2-proxy), 24 h by default, whatever `expiry.idTokens` of Dex says.',
      ko: '인증 서비스는 스스로 시간을 셉니다. Dex의 `expiry.idTokens`와 상관없이 SESSION_MAX_AGE(oidc-authservice) 또는 cookie_expire(oauth2-proxy)를 따르며, 기본값은 24시간입니다.',
    },
    fix: {
      en: 'Change both together. With oauth2-proxy a cookie must not outlive the ID token: the gateway would answer `Jwt is expired` to it.',
      ko: '둘을 함께 바꾸세요. oauth2-proxy에서는 쿠키가 ID 토큰보다 오래 살면 안 됩니다. 게이트웨이가 `Jwt is expired`로 답하기 때문입니다.',
    },
    commands: ['kubectl -n istio-system set env statefulset/authservice SESSION_MAX_AGE=604800'],
    readOn: ['kubeflow/manifests#1884'],
    signals: [
      certain('session_max_age'),
      likely('cookie_expire', '24'),
      likely('idtokens', /24 ?h/),
      likely(/after (24 ?h(ours)?|one day|a day)/, /session|cookie|log|notebook/),
    ],
  },
  {
    code: 'KFD2108',
    title: {
      en: 'the state cookie of the sign-in was lost (`CSRF check failed`)',
      ko: '로그인 상태 쿠키를 잃어버렸습니다(`CSRF check failed`)',
    },
    cause: {
      en: 'oidc-authservice sets `oidc_state_csrf` when it redirects and wants it back at the callback. It is gone when the callback is on another host, port or scheme, or when a second redirect replaced it: two tabs, or a page that loads many things at once.',
      ko: 'oidc-authservice는 리다이렉트할 때 `oidc_state_csrf`를 설정하고 콜백에서 돌려받기를 기대합니다. 콜백의 호스트나 포트, 스킴이 다르거나, 탭 두 개나 한꺼번에 많은 것을 불러오는 페이지 때문에 두 번째 리다이렉트가 덮어쓰면 사라집니다.',
    },
    fix: {
      en: 'Use one address from beginning to end, one sign-in at a time; clear the cookies of the host and start over.',
      ko: '처음부터 끝까지 같은 주소를 쓰고, 로그인은 한 번에 하나만 하세요. 그 호스트의 쿠키를 지우고 다시 시작하세요.',
    },
    readOn: ['arrikto/oidc-authservice#113', 'kubeflow/kubeflow#7521'],
    signals: [
      certain('csrf check failed'),
      certain("missing cookie: 'oidc_state_csrf'"),
      likely('oidc_state_csrf', /fail|missing|mismatch/),
      likely('opened the login form in more than 1 tabs'),
    ],
  },
  {
    code: 'KFD2109',
    title: {
      en: 'oauth2-proxy finds no valid CSRF cookie',
      ko: 'oauth2-proxy가 유효한 CSRF 쿠키를 찾지 못합니다',
    },
    cause: {
      en: 'The cookie it set at the start did not come back to the callback: it is `Secure` and the page is http, its domain or `redirect_url` is another one, or two cookies have the same name.',
      ko: '시작할 때 설정한 쿠키가 콜백으로 돌아오지 않았습니다. 페이지가 http인데 쿠키가 `Secure`이거나, 쿠키의 도메인 또는 `redirect_url`이 다르거나, 같은 이름의 쿠키가 두 개인 경우입니다.',
    },
    fix: {
      en: 'Delete the cookies of the host. On http set FORCE_HTTPS=false (cookie_secure), leave redirect_url at `/oauth2/callback`, and turn cookie_csrf_per_request on where tabs sign in side by side.',
      ko: '그 호스트의 쿠키를 지우세요. http라면 FORCE_HTTPS=false(cookie_secure)로 두고, redirect_url은 `/oauth2/callback`으로 두고, 여러 탭이 나란히 로그인한다면 cookie_csrf_per_request를 켜세요.',
    },
    readOn: [
      'oauth2-proxy/oauth2-proxy#2606',
      'oauth2-proxy/oauth2-proxy#2989',
      'oauth2-proxy/oauth2-proxy#2210',
      'kubeflow/manifests#2664',
    ],
    signals: [
      certain('unable to find a valid csrf token'),
      likely('csrf cookie', 'oauth2'),
      likely('login failed', 'csrf', 'oauth2'),
    ],
  },
  {
    code: 'KFD2110',
    title: {
      en: 'the browser is redirected in a circle',
      ko: '브라우저가 끝없이 리다이렉트됩니다',
    },
    cause: {
      en: 'Each round signs in and sets a cookie that the next request does not have, or that the auth service does not accept: an old session, a lost session store, a clock that is off, or a callback that Dex and the auth service know by different paths after an upgrade.',
      ko: '돌 때마다 로그인해 쿠키를 설정하지만, 다음 요청에 그 쿠키가 없거나 인증 서비스가 받아들이지 않습니다. 오래된 세션, 사라진 세션 저장소, 틀어진 시계, 또는 업그레이드 뒤 Dex와 인증 서비스의 콜백 경로가 달라진 경우입니다.',
    },
    fix: {
      en: "Delete the cookies of the host, then look at the auth service's log; compare its redirect URL with `redirectURIs` of Dex.",
      ko: '그 호스트의 쿠키를 지운 뒤 인증 서비스의 로그를 보세요. 리다이렉트 URL을 Dex의 `redirectURIs`와 비교하세요.',
    },
    commands: [
      'kubectl -n istio-system logs -l app=authservice --tail=50',
      'kubectl -n auth get configmap dex -o yaml | grep -A3 redirectURIs',
    ],
    readOn: ['kubeflow/manifests#2868', 'oauth2-proxy/oauth2-proxy#2606'],
    signals: [
      certain('err_too_many_redirects'),
      certain('toomanyredirects'),
      likely('too many redirects'),
      likely(/maximum \(\d+\) redirects followed/),
      likely('redirected you too many times'),
      possible('redirect loop'),
    ],
  },
  {
    code: 'KFD2111',
    title: { en: 'too many cookies pile up (431)', ko: '쿠키가 너무 많이 쌓였습니다(431)' },
    cause: {
      en: 'When a session ends, every background request of the open page begins a sign-in of its own, and each leaves a CSRF cookie, until the Cookie header is larger than the gateway takes.',
      ko: '세션이 끝나면 열려 있는 페이지의 백그라운드 요청마다 로그인이 시작되고 각각 CSRF 쿠키를 남깁니다. 그러다 Cookie 헤더가 게이트웨이의 한도를 넘습니다.',
    },
    fix: {
      en: 'Delete the cookies of the host. For good: `api_routes` so that API calls get 401, `accept` in includeRequestHeadersInCheck, and a limit of CSRF cookies.',
      ko: '그 호스트의 쿠키를 지우세요. 근본적으로는 API 호출이 401을 받도록 `api_routes`를 두고, includeRequestHeadersInCheck에 `accept`를 넣고, CSRF 쿠키 수를 제한하세요.',
    },
    readOn: ['deployKF/deployKF#96', 'deployKF/deployKF#99', 'oauth2-proxy/oauth2-proxy#2481'],
    signals: [
      certain('request header fields too large'),
      certain('error 431'),
      likely('http/1.1 431'),
      likely('431', 'cookie'),
    ],
  },
  {
    code: 'KFD2112',
    title: {
      en: 'a web app misses its CSRF cookie (`XSRF-TOKEN`)',
      ko: '웹 앱이 CSRF 쿠키를 찾지 못합니다(`XSRF-TOKEN`)',
    },
    cause: {
      en: 'The notebooks, volumes and tensorboards apps compare a cookie with a header. The cookie is `Secure`, so over plain http the browser never sends it; a script that did not load the app first has none at all.',
      ko: '노트북, 볼륨, 텐서보드 앱은 쿠키와 헤더를 비교합니다. 쿠키가 `Secure`라서 http에서는 브라우저가 보내지 않고, 앱을 먼저 불러오지 않은 스크립트에는 아예 없습니다.',
    },
    fix: {
      en: 'Use HTTPS, or set APP_SECURE_COOKIES=false where http is meant. A script: GET the app once, then send the cookie XSRF-TOKEN and the same value as `X-XSRF-TOKEN`.',
      ko: 'HTTPS를 쓰거나, http를 의도했다면 APP_SECURE_COOKIES=false로 두세요. 스크립트라면 앱을 한 번 GET한 뒤 XSRF-TOKEN 쿠키와 같은 값의 `X-XSRF-TOKEN` 헤더를 보내세요.',
    },
    commands: ['kubectl -n kubeflow set env deployment/jupyter-web-app-deployment APP_SECURE_COOKIES=false'],
    readOn: [
      'kubeflow/kubeflow#5803',
      'kubeflow/kubeflow#6784',
      'kubeflow/kubeflow#5763',
      'kubeflow/manifests#2569',
      'kubeflow/notebooks#309',
    ],
    signals: [
      certain('could not find csrf cookie xsrf-token'),
      likely('xsrf-token'),
      likely('could not find csrf'),
    ],
  },
  {
    code: 'KFD2122',
    title: { en: 'replicas of Dex do not share their state', ko: 'Dex 복제본들이 상태를 공유하지 않습니다' },
    cause: {
      en: 'A sign-in takes several requests. With `storage: memory` each replica knows only its own, so whatever lands on another one is unknown there: it works now and then.',
      ko: '로그인은 여러 요청으로 이루어집니다. `storage: memory`이면 복제본마다 자기 것만 알기 때문에, 다른 복제본에 도착한 요청은 알 수 없는 것이 됩니다. 그래서 될 때도 있고 안 될 때도 있습니다.',
    },
    fix: {
      en: 'Use the Kubernetes storage of Dex, or one replica.',
      ko: 'Dex의 Kubernetes 스토리지를 쓰거나 복제본을 하나로 줄이세요.',
    },
    commands: ['kubectl -n auth get configmap dex -o yaml | grep -A3 storage:'],
    readOn: ['kubeflow/manifests#3376'],
    signals: [
      certain('requested resource does not exist', /replica|random/),
      likely('requested resource does not exist'),
      likely('dex', 'replica', 'memory'),
    ],
  },
  {
    code: 'KFD2123',
    title: {
      en: 'the same cookie works and fails by turns',
      ko: '같은 쿠키가 되었다 안 되었다 합니다',
    },
    cause: {
      en: 'Several replicas of the auth service or the gateway answer, and they do not share sessions or do not have the same policies yet: each keeps its own store.',
      ko: '인증 서비스나 게이트웨이의 여러 복제본이 답하는데, 세션을 공유하지 않거나 아직 정책이 다릅니다. 복제본마다 저장소가 따로 있습니다.',
    },
    fix: {
      en: 'One replica of oidc-authservice, or Redis as its session store; for oauth2-proxy the same cookie secret on all replicas.',
      ko: 'oidc-authservice는 복제본을 하나로 하거나 세션 저장소로 Redis를 쓰세요. oauth2-proxy는 모든 복제본에 같은 쿠키 비밀을 두세요.',
    },
    commands: ['kubectl -n istio-system scale statefulset/authservice --replicas=1'],
    readOn: ['kubeflow/kubeflow#5077'],
    signals: [
      certain(
        /(every few minutes|intermittent\w*|sometimes|comes and goes|now and then|at random)/,
        'rbac: access denied',
      ),
      likely(/(intermittent\w*|sometimes)/, '403', /200|works/),
    ],
  },
  {
    code: 'KFD2124',
    title: {
      en: 'the door is open: nobody asks who you are',
      ko: '문이 열려 있습니다: 누구인지 아무도 묻지 않습니다',
    },
    cause: {
      en: 'The dashboard shows `anonymous@kubeflow.org`: the request reached it without an identity, so no auth service was asked. Another port, another Gateway, a port-forward past the gateway, or a filter that was never applied.',
      ko: '대시보드가 `anonymous@kubeflow.org`를 보여 줍니다. 신원 없이 요청이 도달했으므로 인증 서비스가 호출되지 않았다는 뜻입니다. 다른 포트, 다른 Gateway, 게이트웨이를 우회한 port-forward, 또는 적용되지 않은 필터가 원인입니다.',
    },
    fix: {
      en: 'Treat it as an open door until you know which one it is. Find every Service and Gateway that leads to the dashboard, and check that the EnvoyFilter or the CUSTOM policy selects the pods that answer.',
      ko: '원인을 알 때까지는 열린 문으로 취급하세요. 대시보드로 이어지는 모든 Service와 Gateway를 찾고, EnvoyFilter나 CUSTOM 정책이 실제로 응답하는 파드를 선택하는지 확인하세요.',
    },
    commands: [
      'kubectl get gateways.networking.istio.io -A',
      'kubectl -n istio-system get envoyfilters,authorizationpolicies',
    ],
    readOn: ['kubeflow/kubeflow#3805'],
    signals: [certain('anonymous@kubeflow.org'), likely('dex', /bypass|not asked|without login/)],
  },
  {
    code: 'KFD2125',
    title: {
      en: 'a web app sees no user (`No user detected`)',
      ko: '웹 앱에 사용자가 보이지 않습니다(`No user detected`)',
    },
    cause: {
      en: 'The request got past the door without `kubeflow-userid`. Since 1.9 that header is written from a claim by the RequestAuthentication of the issuer; a new identity provider without one lets people in and tells nobody who they are.',
      ko: '요청이 `kubeflow-userid` 없이 문을 지났습니다. 1.9부터 이 헤더는 발급자의 RequestAuthentication이 클레임에서 만들어 줍니다. 새 ID 공급자에 그것이 없으면 사람은 들어오지만 누구인지 아무도 모릅니다.',
    },
    fix: {
      en: 'Add a jwtRule for the issuer with outputClaimToHeaders: kubeflow-userid from `email`, kubeflow-groups from `groups`.',
      ko: '그 발급자의 jwtRule을 추가하고 outputClaimToHeaders로 `email`에서 kubeflow-userid를, `groups`에서 kubeflow-groups를 만드세요.',
    },
    commands: ['kubectl -n istio-system get requestauthentication -o yaml'],
    readOn: ['kubeflow/manifests#2931'],
    signals: [certain('no user detected')],
  },
  {
    code: 'KFD2126',
    title: {
      en: 'the token or cookie is too large for a backend',
      ko: '토큰이나 쿠키가 백엔드에 너무 큽니다',
    },
    cause: {
      en: 'A token with many groups (Entra ID above all) makes headers larger than gunicorn or a gRPC server takes. The door lets the request through, the app behind it refuses.',
      ko: '그룹이 많은 토큰(특히 Entra ID)은 gunicorn이나 gRPC 서버의 한도보다 큰 헤더를 만듭니다. 문은 통과시키지만 뒤의 앱이 거부합니다.',
    },
    fix: {
      en: 'Drop the `groups` scope where nobody needs it, raise the limit of gunicorn, and take the Cookie header off the route to metadata-grpc.',
      ko: '필요 없다면 `groups` 스코프를 빼고, gunicorn의 한도를 올리고, metadata-grpc로 가는 경로에서 Cookie 헤더를 제거하세요.',
    },
    commands: [
      'kubectl -n kubeflow set env deployment/jupyter-web-app-deployment GUNICORN_CMD_ARGS="--limit-request-field_size 0"',
    ],
    readOn: ['https://github.com/kubeflow/manifests#known-issues'],
    signals: [
      certain('limit request headers fields size'),
      certain('exceed', 'limit_request_field_size'),
      likely('received initial metadata size exceeds limit'),
      likely('received metadata size exceeds'),
    ],
  },
]
