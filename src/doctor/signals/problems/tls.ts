import { certain, likely, type Problem, possible } from '../problem.ts'

/** Certificates and schemes. */
export const tls: readonly Problem[] = [
  {
    code: 'KFD2001',
    title: {
      en: 'the client does not trust the certificate of the door',
      ko: '클라이언트가 문의 인증서를 신뢰하지 않습니다',
    },
    cause: {
      en: 'The gateway shows a certificate of a private CA, and that CA is not among those the client knows. The kfp SDK and requests use the certifi bundle, not the trust store of the system, so a CA installed in the system is not enough for them.',
      ko: '게이트웨이가 사설 CA의 인증서를 제시하는데, 그 CA가 클라이언트의 신뢰 목록에 없습니다. kfp SDK와 requests는 운영체제의 신뢰 저장소가 아니라 certifi 묶음을 쓰므로, 시스템에 CA를 설치하는 것만으로는 부족합니다.',
    },
    fix: {
      en: 'Get the root certificate of the CA and hand it to the client. Switching verification off (`-k`, `verify=False`) lets anybody on the way read the session.',
      ko: 'CA의 루트 인증서를 받아 클라이언트에 알려 주세요. 검증을 끄면(`-k`, `verify=False`) 중간에 있는 누구나 세션을 읽을 수 있습니다.',
    },
    commands: [
      'curl --cacert ca.crt https://HOST/',
      "kfp.Client(host='https://HOST/pipeline', cookies=COOKIES, ssl_ca_cert='ca.crt')",
      'export REQUESTS_CA_BUNDLE=ca.crt SSL_CERT_FILE=ca.crt',
    ],
    readOn: [
      'kubeflow/pipelines#6378',
      'kubeflow/pipelines#4569',
      'kubeflow/pipelines#9735',
      'kubeflow/kfctl#140',
    ],
    signals: [
      certain('unable to get local issuer certificate'),
      certain('certificate_verify_failed'),
      certain(/self[- ]signed certificate in certificate chain/),
      certain('x509: certificate signed by unknown authority'),
      likely('ssl certificate problem'),
      likely('sec_error_unknown_issuer'),
      likely('net::err_cert_authority_invalid'),
    ],
    facts: { host: /https:\/\/([a-z0-9.-]{1,100}(?::\d+)?)/ },
  },
  {
    code: 'KFD2002',
    title: {
      en: 'the redirect from HTTP to HTTPS turns a POST into a GET',
      ko: 'HTTP에서 HTTPS로의 리다이렉트가 POST를 GET으로 바꿉니다',
    },
    cause: {
      en: 'The Gateway has `httpsRedirect: true` on port 80, so the first call is answered 301. Most clients follow a 301 of a POST with a GET and without the body: the login form is never submitted, or the API call becomes another one.',
      ko: 'Gateway의 80번 포트에 `httpsRedirect: true`가 있어 첫 호출이 301로 응답됩니다. 대부분의 클라이언트는 POST의 301을 본문 없는 GET으로 따라가므로, 로그인 폼이 제출되지 않거나 API 호출이 다른 것이 됩니다.',
    },
    fix: {
      en: 'Use the `https://` URL from the first call on, in the host of the SDK too.',
      ko: '처음부터 `https://` 주소를 쓰세요. SDK의 host에도 마찬가지입니다.',
    },
    commands: ["kfp.Client(host='https://HOST/pipeline', …)"],
    readOn: ['kubeflow/kfctl#140'],
    signals: [
      certain('httpsredirect', '301'),
      likely('301 moved permanently', /location: ?https:\/\//),
      likely(/post [^\n]{0,80} 301/, 'https'),
      possible('httpsredirect: true', 'post'),
    ],
  },
  {
    code: 'KFD2003',
    title: {
      en: 'HTTPS ends at an outer proxy, and redirects go to http',
      ko: 'HTTPS가 앞단 프록시에서 끝나고 리다이렉트가 http로 갑니다',
    },
    cause: {
      en: 'A load balancer in front speaks HTTPS and calls the gateway over HTTP without telling it. What builds absolute URLs (a callback, a redirect) then writes `http://`, and the browser is sent away from HTTPS or blocks the answer.',
      ko: '앞단 로드 밸런서가 HTTPS를 처리하고 게이트웨이를 알리지 않은 채 HTTP로 호출합니다. 절대 URL(콜백, 리다이렉트)을 만드는 쪽은 `http://`라고 쓰게 되고, 브라우저는 HTTPS 밖으로 나가거나 응답을 막습니다.',
    },
    fix: {
      en: 'Keep the redirect URLs relative, set FORCE_HTTPS=true for oauth2-proxy, and let the outer proxy send X-Forwarded-Proto: https.',
      ko: '리다이렉트 URL을 상대 경로로 두고, oauth2-proxy에 FORCE_HTTPS=true를 설정하고, 앞단 프록시가 X-Forwarded-Proto: https를 보내게 하세요.',
    },
    commands: ['kubectl -n oauth2-proxy edit configmap oauth2-proxy-parameters   # FORCE_HTTPS=true'],
    readOn: ['deployKF/deployKF#253', 'kubeflow/kubeflow#2623'],
    signals: [
      certain('mixed content', 'https'),
      likely('force_https'),
      likely('x-forwarded-proto', 'http://'),
      likely(/redirect\w* to http:\/\//),
      likely(/location: ?http:\/\/[^ ]{1,120}(\/oauth2\/callback|\/dex\/)/, 'https://'),
    ],
  },
]
