import {
  authnFilter,
  custom,
  dex,
  gateway,
  meshConfig,
  oauth2Proxy,
  oauth2ProxyPod,
  provider,
} from '../example-parts.ts'
import { type Rows, reports, silent } from './row.fixture.ts'

const client = 'pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok'
const hash = '$2y$12$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72'
const oldHash = '$2y$12$ruoM7FqXrpVgaol44eRZW.4HWS8SAvg6KYVVSCIwKQPBmTpCm.EeO'
const secret = (data: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: auth}\n${data}`
const pod = (more: string, image = 'x') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: auth}\nspec: {containers: [{name: c, image: ${image}, ${more}}]}`

const pipelines = (environment: string, name = 'ml-pipeline-api-server') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ml-pipeline, namespace: kubeflow}\nspec: {containers: [{name: ${name}, image: api-server, ${environment}}]}`
const single = pipelines("env: [{name: MULTIUSER, value: 'false'}]")
const unasked = custom('').replace('app: istio-ingressgateway', 'app: other')
const filter = authnFilter('envoy.filters.network.http_connection_manager', 'envoy.filters.http.router')

const issuer = 'http://dex.auth.svc.cluster.local:5556/dex'
const proxy = (args: string) => oauth2ProxyPod.replace('v7.15.2}', `v7.15.2, args: [${args}]}`)
const agreed = `oidc_issuer_url = "${issuer}"\nredirect_url = "/oauth2/callback"`
const both = (settings: string) => [oauth2ProxyPod, dex(issuer), oauth2Proxy(settings)]
const listing = (uris: string) => dex(issuer).replace('redirectURIs: ["/oauth2/callback"]', uris)
const expiry = (text: string) => dex(issuer, `    ${text}`)
const tls = gateway(
  "- {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}",
)
const tlsSecret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: istio-system}'

export const serviceRows: Rows = {
  KFD0225: [
    reports(
      'as a Secret keeps it',
      secret(`data: {cookie-secret: N2QxNmZlZTkyZjhkMTFiODk0MGIwODFiM2Y4YjhhY2I=}`),
    ),
    reports('in plain letters', secret(`stringData: {x: ${client}}`)),
    reports(
      'in a file inside a Secret',
      secret(`stringData:\n  config.yaml: |\n    staticPasswords:\n    - hash: ${hash}`),
    ),
    reports('in the environment of a pod', pod(`env: [{name: OIDC_CLIENT_SECRET, value: ${client}}]`)),
    reports(
      'the hash of releases before 1.3',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dex, namespace: auth}\ndata:\n  config.yaml: |\n    staticPasswords: [{email: admin@kubeflow.org, hash: ${oldHash}}]`,
    ),
    silent('one’s own', secret('stringData: {cookie-secret: from-openssl-rand-of-your-own-00}')),
    silent(
      'a hash of one’s own',
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dex, namespace: auth}\ndata:\n  config.yaml: |\n    staticPasswords: [{hash: '$2y$12$abcdefghijklmnopqrstuu9zKzKzKzKzKzKzKzKzKzKzKzKzKzKzK'}]`,
    ),
    silent(
      'where a variable names the Secret',
      pod('env: [{name: X, valueFrom: {secretKeyRef: {name: s, key: k}}}]'),
    ),
  ],
  KFD0226: [
    reports('written out', single),
    reports('from a ConfigMap', [
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kfp, namespace: kubeflow}\ndata: {MULTIUSER: "false"}',
      pipelines('envFrom: [{configMapRef: {name: kfp}}]'),
    ]),
    reports('behind the EnvoyFilter of older releases', [unasked, filter, single]),
    silent('several users', pipelines("env: [{name: MULTIUSER, value: 'true'}]")),
    silent('nobody asks who calls', [unasked, single]),
    silent('another program', pipelines("env: [{name: MULTIUSER, value: 'false'}]", 'worker')),
    silent('not said', pipelines('env: []')),
  ],
  KFD0237: [
    reports('HTTP', meshConfig(`extensionProviders:\n${provider('oauth2-proxy', ', failOpen: true')}`)),
    reports(
      'gRPC',
      meshConfig(
        'extensionProviders:\n- name: oauth2-proxy\n  envoyExtAuthzGrpc: {service: oauth2-proxy.oauth2-proxy.svc.cluster.local, port: 80, failOpen: true}',
      ),
    ),
    reports(
      'an EnvoyFilter',
      filter
        .replace('          http_service:', '          failure_mode_allow: true\n          http_service:')
        .replace(/^ {10}(\s*)failure/m, '          failure'),
    ),
    silent(
      'said to be closed',
      meshConfig(`extensionProviders:\n${provider('oauth2-proxy', ', failOpen: false')}`),
    ),
    silent('not said', meshConfig(`extensionProviders:\n${provider('oauth2-proxy')}`)),
    silent('an EnvoyFilter that stays closed', filter),
  ],
  KFD0243: [
    reports('a slash', both(`oidc_issuer_url = "${issuer}/"`)),
    silent('the same', both(agreed)),
    reports('by a flag of the program', [
      proxy(`--oidc-issuer-url=${issuer}/`),
      dex(issuer),
      oauth2Proxy(agreed),
    ]),
    silent('a flag wins over the file', [
      proxy(`--oidc-issuer-url=${issuer}`),
      dex(issuer),
      oauth2Proxy('oidc_issuer_url = "http://other"'),
    ]),
    silent(
      'the issuer is not compared',
      both(`oidc_issuer_url = "${issuer}/"\ninsecure_oidc_skip_issuer_verification = true`),
    ),
    silent(
      'no address of its own: it is made from the request',
      both(`oidc_issuer_url = "${issuer}"\nredirect_url = ""`),
    ),
    silent('a path, and Dex lists it with the host', [
      oauth2ProxyPod,
      listing("redirectURIs: ['https://kubeflow.example.com/oauth2/callback']"),
      oauth2Proxy(agreed),
    ]),
    reports('another address', [
      oauth2ProxyPod,
      listing("redirectURIs: ['https://kubeflow.example.com/login/oidc']"),
      oauth2Proxy(agreed),
    ]),
    silent('what is commented out does not count', [
      oauth2ProxyPod,
      dex(issuer, '    # redirectURIs: [/nowhere]\n    # issuer: http://other'),
      oauth2Proxy(agreed),
    ]),
    silent('Dex takes its issuer from the environment', [
      oauth2ProxyPod,
      dex('{{ .Env.ISSUER }}'),
      oauth2Proxy(agreed),
    ]),
    silent(
      'a comment behind the value',
      both(`oidc_issuer_url = "${issuer}" # as Dex has it\nredirect_url = "/oauth2/callback"`),
    ),
  ],
  KFD0244: [
    reports('a week against Dex’s day', both('cookie_expire = "168h"')),
    reports('by a flag', [proxy('--cookie-expire, 48h'), dex(issuer), oauth2Proxy('')]),
    reports('Dex says less', [
      oauth2ProxyPod,
      expiry('expiry: {idTokens: 1h}'),
      oauth2Proxy('cookie_expire = "24h"'),
    ]),
    reports('what Dex would say is commented out', [
      oauth2ProxyPod,
      expiry('# expiry: {idTokens: 200h}'),
      oauth2Proxy('cookie_expire = "168h"'),
    ]),
    silent('as long', both('cookie_expire = "24h"')),
    silent('refreshed in time', both('cookie_expire = "168h"\ncookie_refresh = "15m"')),
    silent('a session of the browser', both('cookie_expire = "0s"')),
    silent('Dex says as much', [
      oauth2ProxyPod,
      expiry('expiry:\n      idTokens: "168h"'),
      oauth2Proxy('cookie_expire = "168h"'),
    ]),
  ],
  KFD0246: [
    reports('TLS, and a cookie for plain requests', [tls, tlsSecret, ...both('cookie_secure = false')]),
    reports('plain text, and a cookie for TLS only', both('cookie_secure = true')),
    silent('TLS and a cookie for it', [tls, tlsSecret, ...both('cookie_secure = true')]),
    silent('plain text and a cookie for it', both('cookie_secure = "false" # no TLS here')),
    silent('by a flag', [proxy('--cookie-secure=false'), dex(issuer), oauth2Proxy(agreed)]),
    silent('Go’s other words for false', [proxy('--cookie-secure=False'), dex(issuer), oauth2Proxy(agreed)]),
    reports('not said means for TLS', both(agreed)),
  ],
}
