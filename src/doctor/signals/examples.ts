/**
 * What people really pasted, or what the components print: the code that has to come first, the
 * rows of the references it stands for (`door`: Kubeflow's problems, `client`: what clients suffer),
 * and the text.
 */
export interface Example {
  readonly code: string
  readonly door?: readonly number[]
  readonly client?: readonly number[]
  readonly text: string
}

/** `{"alg":"RS256"}` · issuer https://kubernetes.default.svc, audience istio-ingressgateway…, exp 1741231224 · no signature. */
export const anyToken = [
  'eyJhbGciOiJSUzI1NiJ9',
  'eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMuZGVmYXVsdC5zdmMiLCJhdWQiOlsiaXN0aW8taW5ncmVzc2dhdGV3YXkuaXN0aW8tc3lzdGVtLnN2Yy5jbHVzdGVyLmxvY2FsIl0sImV4cCI6MTc0MTIzMTIyNCwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OnRlYW06ZGVmYXVsdC1lZGl0b3IifQ',
  'c2VjcmV0LXNpZ25hdHVyZQ',
].join('.')

export const examples: readonly Example[] = [
  {
    code: 'KFD2130',
    text: 'Login Failed: The upstream identity provider returned an error: interaction_required',
  },
  {
    code: 'KFD2001',
    door: [24],
    client: [32],
    text: 'curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: https://curl.se/docs/sslcerts.html',
  },
  {
    code: 'KFD2001',
    client: [32],
    text: "MaxRetryError: HTTPSConnectionPool(host='kubeflow.example.com', port=443): Max retries exceeded with url: /pipeline/apis/v2beta1/healthz (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1006)')))",
  },
  {
    code: 'KFD2002',
    client: [33],
    text: '> POST /dex/auth/ldap HTTP/1.1\n< HTTP/1.1 301 Moved Permanently\n< location: https://kubeflow.example.com/\n< server: istio-envoy',
  },
  {
    code: 'KFD2003',
    door: [38],
    text: 'Login redirects to http://kubeflow.example.com/oauth2/callback although we use https at the load balancer. Mixed Content: The page at https://kubeflow.example.com was loaded over HTTPS',
  },
  {
    code: 'KFD2101',
    door: [15],
    client: [22],
    text: '<a href="/dex/auth?client_id=kubeflow-oidc-authservice&amp;redirect_uri=%2Flogin%2Foidc&amp;response_type=code&amp;scope=profile+email+groups+openid&amp;state=MTY3NDQ1NzU1MHxF">Found</a>.',
  },
  {
    code: 'KFD2101',
    client: [22],
    text: "httpx.HTTPStatusError: , '302 Found' for url 'http://127.0.0.1:8080/v1/models/sklearn-iris:predict'",
  },
  {
    code: 'KFD2102',
    client: [8],
    text: "RuntimeError: HTTP status code '403' for GET against: http://localhost:8080",
  },
  {
    code: 'KFD2102',
    client: [8],
    text: '<form method="GET" action="/oauth2/start"><input type="hidden" name="rd" value="/pipeline/"><button type="submit">Sign in with Dex</button></form>',
  },
  {
    code: 'KFD2103',
    client: [9],
    text: 'kfp_server_api.exceptions.ApiException: (400)\nReason: Bad Request\nHTTP response body: <html><p>Unsupported request method.</p></html>',
  },
  {
    code: 'KFD2104',
    client: [10],
    text: "  File \"run.py\", line 12, in <module>\n    print(client.create_experiment('iris').id)\nAttributeError: 'NoneType' object has no attribute 'id'",
  },
  { code: 'KFD2104', client: [10], text: 'Run details: http://localhost:8080/pipeline/#/runs/details/None' },
  {
    code: 'KFD2105',
    door: [20],
    client: [12],
    text: 'The docs say POST to /dex/auth/local?req=xyz but curl shows Location: /dex/auth/local/login?back=&state=abc, there is no req',
  },
  { code: 'KFD2106', client: [13], text: '{"error":"unsupported_grant_type"}' },
  {
    code: 'KFD2106',
    client: [13],
    text: 'Is there any supported way to authenticate programmatically to kubeflow from CI?',
  },
  {
    code: 'KFD2127',
    text: 'RuntimeError: Login credentials were probably invalid - No redirect after POST to: http://localhost:8080/dex/auth/local/login?back=&state=wl7s347fz6k2wvzdxq3srplt3',
  },
  { code: 'KFD2128', text: '<h2 class="theme-heading">Bad Request</h2><p>User session error.</p>' },
  {
    code: 'KFD2107',
    client: [14],
    text: 'Notebook loses connection after 24 hours although idTokens: "168h" is set in dex, I have to log in again',
  },
  {
    code: 'KFD2108',
    door: [29],
    client: [15],
    text: 'CSRF check failed. This may happen if you opened the login form in more than 1 tabs. Please try to login again.',
  },
  {
    code: 'KFD2108',
    client: [15],
    text: 'level=error msg="Missing cookie: \'oidc_state_csrf\'" ip=10.0.0.1',
  },
  {
    code: 'KFD2109',
    door: [26],
    client: [16],
    text: '403 Forbidden\nUnable to find a valid CSRF token. Please try again.',
  },
  {
    code: 'KFD2110',
    door: [28],
    client: [17],
    text: "This page isn't working. kubeflow.example.com redirected you too many times. ERR_TOO_MANY_REDIRECTS",
  },
  {
    code: 'KFD2111',
    door: [27],
    client: [18],
    text: 'HTTP/1.1 431 Request Header Fields Too Large\nserver: istio-envoy',
  },
  {
    code: 'KFD2112',
    door: [25],
    client: [19],
    text: '{"log":"Could not find CSRF cookie XSRF-TOKEN in the request.","status":403,"success":false,"user":null}',
  },
  { code: 'KFD2113', client: [20], text: 'Not Found\nInvalid client_id ("kubeflow-oidc-authservice").' },
  { code: 'KFD2129', text: 'Bad Request\nUnregistered redirect_uri ("/login/oidc").' },
  {
    code: 'KFD2114',
    door: [30],
    client: [21],
    text: 'time="2023-05-01T10:00:00Z" level=error msg="OIDC provider setup failed, retrying in 10 seconds: Get \\"http://dex.auth.svc.cluster.local:5556/dex/.well-known/openid-configuration\\": dial tcp: lookup dex.auth.svc.cluster.local: i/o timeout"',
  },
  {
    code: 'KFD2114',
    client: [21],
    text: 'HTTP/1.1 503 Service Unavailable\n\nOIDC Setup is not complete yet.',
  },
  {
    code: 'KFD2115',
    door: [31],
    text: 'Error opening bolt store: open /var/lib/authservice/data.db: permission denied',
  },
  {
    code: 'KFD2116',
    door: [32],
    text: 'oidc: issuer did not match the issuer returned by provider, expected "http://dex.auth.svc.cluster.local:5556/dex" got "http://dex-auth.kubeflow.svc:5556/dex"',
  },
  {
    code: 'KFD2117',
    door: [33],
    text: 'The authn-filter EnvoyFilter applies to all other gateways on our ingressgateway pods, every host redirects to dex',
  },
  {
    code: 'KFD2118',
    door: [34],
    text: 'filterChain:\n  filter:\n    name: "envoy.http_connection_manager"\nthe EnvoyFilter has no effect after the istio upgrade',
  },
  {
    code: 'KFD2119',
    door: [37],
    text: 'failed to initialize storage: error parse config file: no password hash provided for user "new@example.com"',
  },
  { code: 'KFD2120', door: [9], text: 'We use our own gateway and get 403 instead of the login page' },
  {
    code: 'KFD2121',
    door: [40],
    text: 'Processed authorization policy: failed to parse CUSTOM action, will generate a deny all config: available providers are [] but found "oauth2-proxy"',
  },
  {
    code: 'KFD2122',
    client: [37],
    text: 'With two replicas of dex, login fails at random with "Requested resource does not exist."',
  },
  {
    code: 'KFD2123',
    client: [35],
    text: 'RBAC: access denied comes and goes every few minutes with the same cookie',
  },
  {
    code: 'KFD2124',
    client: [38],
    text: 'The central dashboard shows anonymous@kubeflow.org and dex never appears',
  },
  {
    code: 'KFD2125',
    client: [36],
    text: '{"log":"No user detected.","status":401,"success":false,"user":null}',
  },
  {
    code: 'KFD2126',
    door: [36],
    text: '<h1>Bad Request</h1> Error parsing headers: &#x27;limit request headers fields size&#x27;',
  },
  {
    code: 'KFD2201',
    door: [1],
    client: [5],
    text: 'HTTP/1.1 401 Unauthorized\nwww-authenticate: Bearer realm="https://kubeflow.example.com/", error="invalid_token"\ncontent-length: 28\n\nJwt issuer is not configured',
  },
  {
    code: 'KFD2202',
    door: [2],
    text: `curl -H "Authorization: Bearer ${anyToken}" https://kubeflow.example.com/pipeline\nJwt issuer is not configured`,
  },
  {
    code: 'KFD2203',
    door: [3],
    text: 'On EKS: Jwt issuer is not configured, the token has "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF"',
  },
  {
    code: 'KFD2204',
    door: [4],
    client: [6],
    text: "HTTP/1.1 401 Unauthorized\n\nJwks doesn't have key to match kid or alg from Jwt",
  },
  {
    code: 'KFD2205',
    door: [39],
    text: '  jwtRules:\n  - issuer: https://oidc.eks.AWS_REGION.amazonaws.com/id/CLUSTER_ID',
  },
  { code: 'KFD2206', door: [5], text: '401 Unauthorized: Jwt verification fails' },
  { code: 'KFD2207', text: 'HTTP/1.1 401 Unauthorized\ncontent-length: 14\n\nJwt is expired' },
  {
    code: 'KFD2208',
    client: [7],
    text: '> Authorization: Bearer XXX\n< HTTP/1.1 302 Found\n< location: /dex/auth?client_id=kubeflow-oidc-authservice&redirect_uri=%2Flogin%2Foidc',
  },
  {
    code: 'KFD2209',
    client: [34],
    text: 'client = kfp.Client(host=HOST, existing_token=token)\nApiException: (401) Reason: Unauthorized after 10 minutes',
  },
  {
    code: 'KFD2210',
    door: [23],
    text: "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/secrets/kubeflow/pipelines/token'",
  },
  {
    code: 'KFD2211',
    client: [2],
    text: "Review.Status.Authenticated is false... Failed to find all of '[pipelines.kubeflow.org]' in audience: [https://kubernetes.default.svc]",
  },
  {
    code: 'KFD2212',
    text: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  },
  { code: 'KFD2212', text: '401 Unauthorized: Jwt signature is an invalid Base64url encoded' },
  {
    code: 'KFD2104',
    text: 'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
  },
  { code: 'KFD2213', text: 'HTTP/1.1 401 Unauthorized\n\nJwt not yet valid' },
  {
    code: 'KFD2301',
    door: [21],
    client: [1],
    text: '{"error":"Internal error: Unauthenticated: Request header error: there is no user identity header.: Request header error: there is no user identity header.\\ngithub.com/kubeflow/pipelines/backend/src/common/util.NewUnauthenticatedError","code":13}',
  },
  {
    code: 'KFD2302',
    door: [22],
    client: [3],
    text: "kfp_server_api.exceptions.ApiException: (403)\nReason: Forbidden\nHTTP response headers: HTTPHeaderDict({'content-length': '19', 'content-type': 'text/plain', 'server': 'envoy'})\nHTTP response body: RBAC: access denied",
  },
  {
    code: 'KFD2303',
    client: [4],
    text: 'ERROR:root:Failed to get healthz info attempt 1 of 5.\nTraceback (most recent call last):\nkfp_server_api.exceptions.ApiException: (403)\nHTTP response body: RBAC: access denied',
  },
  {
    code: 'KFD2304',
    client: [11],
    text: 'kfp_server_api.exceptions.ApiException: (404)\nReason: Not Found\nGET http://localhost:8080/apis/v1beta1/healthz',
  },
  {
    code: 'KFD2305',
    client: [30],
    text: "PermissionDenied: User 'user@example.com' is not authorized with reason:  (request: &ResourceAttributes{Namespace:undefined,Verb:list,Group:pipelines.kubeflow.org,Version:v1beta1,Resource:runs,Subresource:,Name:,}): Unauthorized access",
  },
  {
    code: 'KFD2306',
    client: [31],
    text: 'Invalid input error: Invalid resource references for experiment. Namespace is empty.',
  },
  {
    code: 'KFD2307',
    client: [39],
    text: ">>> client.get_kfp_healthz()\n{'commit_sha': 'abc', 'multi_user': False, 'tag_name': '2.0.3'}",
  },
  { code: 'KFD2308', text: "unexpected number of 'kubeflow-userid' headers. Expect 1 got 2" },
  {
    code: 'KFD2401',
    door: [13],
    client: [24],
    text: '$ curl http://sklearn-iris.kubeflow-user.svc.cluster.local/v1/models/sklearn-iris:predict -d @./iris-input.json\nRBAC: access denied',
  },
  {
    code: 'KFD2402',
    door: [12],
    text: 'Failed to probe: unexpected body: want "queue", got "RBAC: access denied"',
  },
  {
    code: 'KFD2403',
    client: [26],
    text: 'HTTP/1.1 404 Not Found\ndate: Mon, 01 May 2023 10:00:00 GMT\nserver: istio-envoy\ncontent-length: 0',
  },
  {
    code: 'KFD2404',
    door: [14],
    client: [27],
    text: 'the route exists only on knative-serving/cluster-local-gateway; from outside curl returns 404 Not Found',
  },
  {
    code: 'KFD2405',
    door: [18],
    text: '"GET / HTTP/1.1" 404 NR route_not_found - "-" 0 0 0 - kubeflow.example.com since pathTemplate is set, dashboard is gone',
  },
  {
    code: 'KFD2406',
    door: [19],
    text: 'my VirtualService path conflicts with sklearn-iris-predictor-ingress authority prefix',
  },
  {
    code: 'KFD2407',
    client: [28],
    text: 'tornado.httpclient: transformer got 302 /dex/auth?client_id=kubeflow-oidc-authservice from the predictor',
  },
  {
    code: 'KFD2408',
    client: [29],
    text: 'HTTP/1.1 503 Service Unavailable\n\nupstream connect error or disconnect/reset before headers. reset reason: connection failure',
  },
  {
    code: 'KFD2409',
    client: [25],
    text: 'istiod: skipped rule: header kubeflow-userid rule, not supported by RBAC network filter',
  },
  {
    code: 'KFD2410',
    door: [16],
    client: [23],
    text: 'How do I call a kserve model without dex authentication for one path only?',
  },
  {
    code: 'KFD2411',
    door: [17],
    text: 'cluster-local-gateway is unauthenticated: any namespace can call my InferenceService',
  },
  { code: 'KFD2412', text: '{"error":"Model with name nope does not exist."}' },
  { code: 'KFD2413', text: '{"error":"TypeError : byte indices must be integers or slices, not str"}' },
  {
    code: 'KFD2414',
    text: '{"detail":[{"type":"missing","loc":["body","InferenceRequest","inputs"],"msg":"Field required"}]}',
  },
  { code: 'KFD2501', door: [6], text: 'GET /api/workgroup/exists 403 (Forbidden)\nRBAC: access denied' },
  {
    code: 'KFD2502',
    door: [7],
    text: '"GET /kfam/v1/bindings HTTP/1.1" 403 - rbac_access_denied_matched_policy[none] - "-" 0 19',
  },
  {
    code: 'KFD2503',
    door: [8],
    text: 'After a fresh installation of 1.9 the dashboard only says RBAC: access denied',
  },
  {
    code: 'KFD2504',
    door: [10],
    text: 'https://kubeflow.example.com/notebook/team-a/test/ RBAC: access denied',
  },
  {
    code: 'KFD2505',
    door: [11],
    text: 'A contributor I added gets 403 RBAC: access denied when opening my notebook server',
  },
  {
    code: 'KFD2506',
    door: [35],
    text: 'ingress-nginx times out connecting to istio-ingressgateway since 26.03; networkpolicy default-allow-same-namespace-istio-system',
  },
  { code: 'KFD2507', text: 'RBAC: access denied' },
  {
    code: 'KFD2508',
    text: 'HTTP/1.1 403 Forbidden\ndate: Tue, 02 May 2023 08:00:00 GMT\nserver: istio-envoy\ncontent-length: 0',
  },
]

/** Nothing of this is a problem of the door. */
export const neutral: readonly string[] = [
  '',
  ' \n\t ',
  'hello world',
  'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nZeroDivisionError: division by zero',
  'npm ERR! code ENOENT',
  'error: resource mapping not found for name: "x" namespace: "" from "x.yaml": no matches for kind "Foo"',
  'Back-off restarting failed container',
  'ModuleNotFoundError: No module named kfp',
  'ImagePullBackOff: rpc error: code = NotFound desc = failed to pull image',
  '{"predictions":[1,1]}',
  '{"name":"sklearn-iris","ready":true}',
  'HTTP/1.1 200 OK\nserver: istio-envoy\ncontent-type: application/json\n\n{"multi_user":true}',
  '404 page not found',
  '403 Forbidden',
  'git push rejected: non-fast-forward',
  'CUDA out of memory. Tried to allocate 2.00 GiB',
  'The quick brown fox jumps over the lazy dog.',
  '안녕하세요, 쿠브플로우를 설치하고 있습니다.',
]
