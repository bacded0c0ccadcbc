import { certain, likely, type Problem, possible } from '../problem.ts'

/** The door asks for a sign-in and a program does not know what to do with that. */
export const signIn: readonly Problem[] = [
  {
    code: 'KFD2101',
    title: { en: 'the door asks you to sign in (302 to Dex)', ko: '문이 로그인을 요구합니다(Dex로 302)' },
    cause: {
      en: 'The request came without a session, so the auth service redirects it to Dex, API calls included. A model behind the same gateway pods gets the same treatment: the check hangs on the gateway, not on the dashboard. If this is an in-cluster call, knative-local-gateway probably selects the ingress gateway pods (`istio: ingressgateway`).',
      ko: '요청에 세션이 없어 인증 서비스가 Dex로 보냅니다. API 호출도 예외가 아닙니다. 같은 게이트웨이 파드 뒤에 있는 모델도 마찬가지입니다. 검사는 대시보드가 아니라 게이트웨이에 걸려 있기 때문입니다. 클러스터 안에서 부른 것이라면 knative-local-gateway가 인그레스 게이트웨이 파드(`istio: ingressgateway`)를 선택하고 있을 가능성이 큽니다.',
    },
    fix: {
      en: 'Send the cookie of a session, or a service-account token where the door takes one. For calls from inside, let knative-local-gateway select cluster-local-gateway.',
      ko: '세션 쿠키를 보내거나, 문이 받아 준다면 서비스 어카운트 토큰을 보내세요. 클러스터 안의 호출이라면 knative-local-gateway가 cluster-local-gateway를 선택하게 하세요.',
    },
    commands: [
      'curl -H "Cookie: authservice_session=$SESSION" http://HOST/v1/models/MODEL',
      "kubectl -n knative-serving get gateway knative-local-gateway -o jsonpath='{.spec.selector}'",
    ],
    readOn: [
      'kserve/kserve#668',
      'kserve/kserve#1644',
      'kserve/kserve#2169',
      'kubeflow/manifests#2575',
      'kubeflow/manifests#1966',
    ],
    signals: [
      certain('/dex/auth?client_id='),
      likely(/href="?[^ >]{0,120}\/dex\/auth/),
      likely(/location: ?[^ ]{0,120}\/dex\/auth/),
      likely("'302 found' for url"),
      likely('redirect', 'location: /dex/'),
      possible('302 found', '/dex/'),
    ],
    facts: { client: /client_id=([\w.-]{1,80})/ },
  },
  {
    code: 'KFD2102',
    title: {
      en: "a script stops at oauth2-proxy's sign-in page (403)",
      ko: '스크립트가 oauth2-proxy의 로그인 페이지(403)에서 멈춥니다',
    },
    cause: {
      en: 'Since Kubeflow 1.9.1 a request without a session is answered 403 with a page that has a button, not with a redirect. Scripts written for older releases expect a redirect and take the 403 for a refusal.',
      ko: 'Kubeflow 1.9.1부터 세션 없는 요청에는 리다이렉트가 아니라 버튼이 있는 403 페이지로 답합니다. 이전 릴리스에 맞춘 스크립트는 리다이렉트를 기대하므로 403을 거부로 받아들입니다.',
    },
    fix: {
      en: 'On 403, go to `/oauth2/start?rd=PATH` and follow from there; keep all cookies, `oauth2_proxy_kubeflow_0`, `_1` and so on included.',
      ko: '403을 받으면 `/oauth2/start?rd=경로`로 가서 거기서부터 따라가세요. `oauth2_proxy_kubeflow_0`, `_1`처럼 나뉜 쿠키까지 모두 보관해야 합니다.',
    },
    commands: ['curl -L -c jar -b jar "http://HOST/oauth2/start?rd=/"'],
    readOn: ['kserve/kserve#4011'],
    signals: [
      certain("http status code '403' for get against"),
      certain('action="/oauth2/start"'),
      likely('sign in with dex'),
      likely('sign in with openid connect'),
      likely('<title>sign in</title>'),
      likely('/oauth2/start?rd='),
    ],
    facts: { url: /for get against: (\S{1,150})/ },
  },
  {
    code: 'KFD2103',
    title: {
      en: 'a POST was followed into Dex (`Unsupported request method.`)',
      ko: 'POST가 Dex까지 따라갔습니다(`Unsupported request method.`)',
    },
    cause: {
      en: 'The session is missing or over, the door answered 302, and the SDK sent its POST on to Dex, which only takes GET there. The pipeline and the cookie went along with it.',
      ko: '세션이 없거나 끝나서 문이 302로 답했고, SDK가 POST를 Dex에 그대로 보냈습니다. Dex는 그곳에서 GET만 받습니다. 이때 파이프라인과 쿠키도 함께 전송되었습니다.',
    },
    fix: {
      en: 'Sign in again and hand the new cookie to the client.',
      ko: '다시 로그인해서 새 쿠키를 클라이언트에 넘기세요.',
    },
    readOn: ['kubeflow/manifests#2844'],
    signals: [certain('unsupported request method')],
  },
  {
    code: 'KFD2104',
    title: {
      en: 'the SDK took the login page for an answer',
      ko: 'SDK가 로그인 페이지를 응답으로 받아들였습니다',
    },
    cause: {
      en: "The door redirected to Dex, the SDK followed and got HTML with status 200, and made an empty object of it: lists are empty, `run_id` is None, `'NoneType' object has no attribute 'id'`. Often the cookie was given as its bare value, without `authservice_session=` in front.",
      ko: "문이 Dex로 리다이렉트했고, SDK는 그것을 따라가 200 상태의 HTML을 받아 빈 객체로 만들었습니다. 그래서 목록이 비고 `run_id`가 None이 되거나 `'NoneType' object has no attribute 'id'`가 납니다. 쿠키를 `authservice_session=` 없이 값만 넘긴 경우가 많습니다.",
    },
    fix: {
      en: 'Check that the cookie is `NAME=VALUE` and that its session still lives; then ask for something that needs you, such as the list of experiments.',
      ko: '쿠키가 `이름=값` 형식인지, 세션이 아직 살아 있는지 확인하고, 실험 목록처럼 사용자가 필요한 것을 요청해 보세요.',
    },
    commands: [
      "kfp.Client(host='http://HOST/pipeline', cookies='authservice_session=VALUE', namespace='NAMESPACE')",
    ],
    readOn: ['kubeflow/pipelines#5640', 'getindata/kedro-kubeflow#211', 'elyra-ai/elyra#1636'],
    signals: [
      certain("'nonetype' object has no attribute 'id'"),
      certain('runs/details/none'),
      certain('run_id=none'),
      likely("'nonetype' object is not iterable", 'kfp'),
      likely('content-type: text/html', 'expected json'),
      likely('jsondecodeerror', '<!doctype html'),
      possible('jsondecodeerror: expecting value: line 1 column 1 (char 0)'),
    ],
  },
  {
    code: 'KFD2105',
    title: {
      en: 'the sign-in script was written for another release of Dex',
      ko: '로그인 스크립트가 다른 버전의 Dex에 맞춰져 있습니다',
    },
    cause: {
      en: 'Up to Dex 2.28 the form was at `/dex/auth/local?req=…`; since 2.29 it is at `/dex/auth/local/login?back=&state=…`, and since 2.36 a wrong password is 401 and the approval step is left out. Steps copied from older documentation do not fit, and `&amp;` copied out of HTML is not `&`.',
      ko: 'Dex 2.28까지 폼은 `/dex/auth/local?req=…`에 있었고, 2.29부터는 `/dex/auth/local/login?back=&state=…`에 있습니다. 2.36부터는 틀린 비밀번호가 401이고 승인 단계가 생략됩니다. 오래된 문서의 절차는 맞지 않으며, HTML에서 복사한 `&amp;`는 `&`가 아닙니다.',
    },
    fix: {
      en: 'Follow the Location headers and submit the form to its own `action`, decoded; do not put URLs together by hand.',
      ko: 'URL을 손으로 조립하지 말고, Location 헤더를 따라간 뒤 폼의 `action`을 디코딩해 그곳에 제출하세요.',
    },
    readOn: ['kserve/kserve#3129', 'kserve/kserve#2335', 'kubeflow/manifests#2542'],
    signals: [
      certain('/dex/auth/local?req='),
      likely('/dex/auth/local/login?back='),
      likely('&amp;state=', '/dex/'),
      possible('no req=', 'dex'),
    ],
  },
  {
    code: 'KFD2106',
    title: { en: 'there is no sign-in for programs', ko: '프로그램을 위한 로그인 방법이 없습니다' },
    cause: {
      en: 'As released, Kubeflow only knows the login form: Dex has no password grant configured (`unsupported_grant_type`), and a Bearer token does not become a session. So programs imitate the form, or machines use service-account tokens where the release takes them.',
      ko: '기본 설치된 Kubeflow는 로그인 폼만 압니다. Dex에 비밀번호 그랜트가 설정되어 있지 않고(`unsupported_grant_type`), Bearer 토큰이 세션이 되지도 않습니다. 그래서 프로그램은 폼을 흉내 내거나, 릴리스가 받아 준다면 서비스 어카운트 토큰을 씁니다.',
    },
    fix: {
      en: 'For machines, turn service-account tokens on (m2m overlay). For people, set `oauth2.passwordConnector: local` in the config of Dex: then one POST to `/dex/token` is a sign-in.',
      ko: '기계라면 서비스 어카운트 토큰을 켜세요(m2m 오버레이). 사람이라면 Dex 설정에 `oauth2.passwordConnector: local`을 넣으세요. 그러면 `/dex/token`에 POST 한 번이 곧 로그인입니다.',
    },
    commands: ['kubectl create token default-editor -n NAMESPACE --audience=AUDIENCE --duration=1h'],
    readOn: [
      'kubeflow/kfctl#140',
      'kubeflow/website#2916',
      'awslabs/kubeflow-manifests#493',
      'awslabs/kubeflow-manifests#765',
    ],
    signals: [
      certain('unsupported_grant_type'),
      likely('programmatic', /log ?in|authenticat|sign ?in/),
      likely(/(log ?in|authenticat\w*|sign ?in) (without|with no) (a )?browser/),
    ],
  },
  {
    code: 'KFD2127',
    title: {
      en: 'Dex refused the name or the password',
      ko: 'Dex가 사용자 이름이나 비밀번호를 거부했습니다',
    },
    cause: {
      en: 'The form came back instead of a redirect. The built-in users sign in with their e-mail address, LDAP users with whatever `usernamePrompt` asks for. Dex up to 2.35 answers a wrong password with 200, later ones with 401.',
      ko: '리다이렉트 대신 폼이 다시 왔습니다. 내장 사용자는 이메일 주소로, LDAP 사용자는 `usernamePrompt`가 묻는 값으로 로그인합니다. Dex 2.35까지는 틀린 비밀번호에 200으로, 이후에는 401로 답합니다.',
    },
    fix: {
      en: 'Try the same in a browser. If the user is new or the password changed, restart Dex: it reads them when it starts.',
      ko: '같은 값을 브라우저에서 시도해 보세요. 새 사용자이거나 비밀번호를 바꿨다면 Dex를 재시작하세요. Dex는 시작할 때만 읽습니다.',
    },
    commands: ['kubectl -n auth rollout restart deployment dex'],
    readOn: ['https://dexidp.io/docs/connectors/local/'],
    signals: [
      certain('login credentials were probably invalid'),
      certain(/invalid (email address|username|ldap username)[a-z ]{0,20} and password/),
      likely('access_denied', 'invalid username or password'),
    ],
  },
  {
    code: 'KFD2128',
    title: { en: 'a finished sign-in was used a second time', ko: '이미 끝난 로그인을 다시 사용했습니다' },
    cause: {
      en: 'Every sign-in has a request of its own (`req`, `state`) that Dex forgets when it is done or after a day. Replaying its approval or its callback can only fail; a script that keeps the URL works exactly once.',
      ko: '로그인마다 고유한 요청(`req`, `state`)이 있고, Dex는 완료되거나 하루가 지나면 이를 지웁니다. 승인이나 콜백을 다시 보내면 실패할 수밖에 없으며, URL을 저장해 두는 스크립트는 딱 한 번만 동작합니다.',
    },
    fix: {
      en: 'Begin every sign-in at the page you want, and keep the session cookie instead of the URL.',
      ko: '로그인은 매번 원하는 페이지에서 새로 시작하고, URL 대신 세션 쿠키를 보관하세요.',
    },
    readOn: ['https://dexidp.io/docs/'],
    signals: [
      certain('user session error'),
      certain('user session has expired'),
      likely('/dex/approval', '504'),
      likely('invalid or expired code parameter'),
      likely('login session expired'),
    ],
  },
]
